"""A list as an XLSX workbook, written row by row to disk: numbers are numbers, times are times, nothing runs."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any
from zoneinfo import ZoneInfo

from crm.lists.columns import Column, Kind, is_formula, text_of

PIECE = 64 * 1024
LONGEST_TEXT = 32_767  # of one cell, as Excel has it
SAFE_NUMBER = 10**15  # beyond it a spreadsheet rounds


def xlsx_file(title: str, columns: Sequence[Column], rows: Iterable[Sequence[Any]], zone: str) -> Iterator[bytes]:
    """The workbook in pieces."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "list.xlsx"
        with path.open("wb") as file:
            write_xlsx(file, title, columns, rows, zone)
        with path.open("rb") as file:
            while piece := file.read(PIECE):
                yield piece


def write_xlsx(
    file: IO[bytes], title: str, columns: Sequence[Column], rows: Iterable[Sequence[Any]], zone: str
) -> None:
    """One sheet with a fixed head and a filter; times in `zone`, which their heads name. Flat memory."""
    from xlsxwriter import Workbook

    with Workbook(file, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}) as book:
        sheet = book.add_worksheet(title[:31])
        formats = {
            "head": book.add_format({"bold": True, "bottom": 1}),
            "moment": book.add_format({"num_format": "yyyy-mm-dd hh:mm"}),
            "money": book.add_format({"num_format": "#,##0.00"}),
            "shown": book.add_format({"quote_prefix": True}),  # what looks like a formula stays text when edited
        }
        sheet.freeze_panes(1, 0)
        for number, column in enumerate(columns):
            label = f"{column.label} ({zone})" if column.kind is Kind.MOMENT else column.label
            sheet.set_column(number, number, max(column.width, len(label) + 2))
            sheet.write_string(0, number, label, formats["head"])
        place, last = ZoneInfo(zone), 0
        for last, row in enumerate(rows, start=1):
            for number, (column, value) in enumerate(zip(columns, row, strict=True)):
                write_cell(sheet, last, number, column.kind, value, formats, place)
        sheet.autofilter(0, 0, last, len(columns) - 1)


def write_cell(
    sheet: Any, row: int, column: int, kind: Kind, value: Any, formats: dict[str, Any], zone: ZoneInfo
) -> None:
    if value is None:
        return
    if kind is Kind.MOMENT:
        sheet.write_datetime(row, column, value.astimezone(zone).replace(tzinfo=None), formats["moment"])
    elif kind in (Kind.NUMBER, Kind.MONEY) and abs(value) < SAFE_NUMBER:
        sheet.write_number(row, column, value, formats["money"] if kind is Kind.MONEY else None)
    elif kind is Kind.FLAG:
        sheet.write_boolean(row, column, value)
    elif text := plain_text(kind, value)[:LONGEST_TEXT]:
        sheet.write_string(row, column, text, formats["shown"] if is_formula(text) else None)


def plain_text(kind: Kind, value: Any) -> str:
    """As people wrote it; a cell of text runs nothing."""
    return str(value) if kind in (Kind.TEXT, Kind.WORD) else text_of(kind, value)
