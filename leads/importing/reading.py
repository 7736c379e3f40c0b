"""A file as people send it, read as a table: CSV in any delimiter and encoding, or XLSX, whatever its name says."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from itertools import islice
from typing import Any

from charset_normalizer import from_bytes

from leads.importing.errors import TooLarge, UnreadableFile

DELIMITERS = (",", ";", "\t", "|")
BYTE_ORDER_MARKS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
MAX_COLUMNS = 200
MAX_CELL = 10_000
MAX_UNPACKED = 200_000_000  # bytes that an XLSX may unpack to: more is a zip bomb
csv.field_size_limit(1_000_000)

Row = tuple[int, list[str]]


@dataclass(frozen=True)
class Table:
    """`rows`: (number as a spreadsheet counts it, the header being row 1; cells as text), empty ones left out."""

    headers: list[str]
    rows: list[Row]
    delimiter: str
    encoding: str

    @property
    def total(self) -> int:
        return len(self.rows)


def read_table(content: bytes, *, max_rows: int) -> Table:
    """Read the whole file.

    Raises `UnreadableFile` with a sentence for the user, or `TooLarge` for more than `max_rows` rows.
    """
    if not content.strip(b"\x00\r\n\t ,;"):
        raise UnreadableFile("The file is empty.")
    if content.startswith(b"PK\x03\x04"):
        records, delimiter, encoding = _spreadsheet_records(content, max_rows), "", "xlsx"
    elif content.startswith(b"\xd0\xcf\x11\xe0"):
        raise UnreadableFile("This is an old Excel file (.xls). Save it as .xlsx or CSV and try again.")
    elif content.startswith((b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"\x1f\x8b", b"7z\xbc\xaf")):
        raise UnreadableFile("This is not a table. Send a CSV or an Excel file (.xlsx).")
    else:
        text, encoding = decode(content)
        delimiter = find_delimiter(text)
        records = _text_records(text, delimiter)
    return _table(records, delimiter, encoding, max_rows)


def _table(records: Iterator[list[str]], delimiter: str, encoding: str, max_rows: int) -> Table:
    number, headers = 0, list[str]()
    for record in records:
        number += 1
        if any(record):
            headers = _headers(record)
            break
    if not headers:
        raise UnreadableFile("The file has no header row.")
    rows: list[Row] = []
    for record in records:
        number += 1
        if not any(record):
            continue
        if len(rows) == max_rows:
            raise TooLarge(f"The file has more than {max_rows:,} rows. Split it into smaller files.")
        rows.append((number, _without_empty_end(record)))
    return Table(headers, rows, delimiter, encoding)


def _without_empty_end(record: list[str]) -> list[str]:
    end = len(record)
    while end and not record[end - 1]:
        end -= 1
    return record[:end]


def _headers(record: Sequence[str]) -> list[str]:
    names = [name.strip() for name in record]
    while names and not names[-1]:
        names.pop()
    if len(names) > MAX_COLUMNS:
        raise UnreadableFile(f"The file has {len(names)} columns; at most {MAX_COLUMNS} are read.")
    seen: dict[str, int] = {}
    unique: list[str] = []
    for position, name in enumerate(names, 1):
        name = name or f"Column {position}"
        seen[name] = seen.get(name, 0) + 1
        unique.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return unique


def decode(content: bytes) -> tuple[str, str]:
    """The text and the name of its encoding: by its mark, as UTF-8, else by the likeliest single-byte one."""
    for mark, encoding in BYTE_ORDER_MARKS:
        if content.startswith(mark):
            return _decoded(content, encoding), encoding
    if unmarked := _unmarked_utf_16(content):
        return _decoded(content, unmarked), unmarked
    try:
        return _checked(content.decode("utf-8")), "utf-8"
    except UnicodeDecodeError:
        pass
    try:  # what Excel writes in western Europe and the Americas, before any guess
        text = content.decode("cp1252")
    except UnicodeDecodeError:
        best = from_bytes(content).best()
        if best is None:
            raise UnreadableFile("The file's encoding is unknown. Save it as UTF-8 and try again.") from None
        return _checked(str(best)), best.encoding
    return _checked(text), "cp1252"


def _unmarked_utf_16(content: bytes) -> str | None:
    sample = content[:2000]
    if len(sample) < 4 or sample.count(0) < len(sample) // 4:
        return None
    return "utf-16-le" if sample[1::2].count(0) > sample[0::2].count(0) else "utf-16-be"


def _decoded(content: bytes, encoding: str) -> str:
    try:
        return _checked(content.decode(encoding))
    except UnicodeError:
        raise UnreadableFile(f"The file says it is {encoding.upper()}, but it is not.") from None


def _checked(text: str) -> str:
    """Refuse what is no text: more than a few control characters."""
    sample = text[:20_000]
    odd = sum(1 for c in sample if ord(c) < 32 and c not in "\r\n\t\x0b\x0c\x00")
    if odd > len(sample) // 50:
        raise UnreadableFile("This is not a table. Send a CSV or an Excel file (.xlsx).")
    return text


def find_delimiter(text: str) -> str:
    """The one that splits the first lines, quotes heeded, into the same number of columns, and the most."""
    if text[:4].lower() == "sep=" and len(text) > 4:
        return text[4]
    sample = text[:100_000]

    def score(delimiter: str) -> tuple[int, int]:
        records = [r for r in islice(csv.reader(io.StringIO(sample), delimiter=delimiter), 20) if r]
        if not records or len(records[0]) < 2:
            return (0, 0)
        width = len(records[0])
        return (sum(len(r) == width for r in records), width)

    best = max(DELIMITERS, key=score)
    return best if score(best) > (0, 0) else ","


def _text_records(text: str, delimiter: str) -> Iterator[list[str]]:
    text = text.replace("\x00", "")
    if text[:4].lower() == "sep=":
        text = text.partition("\n")[2]
    try:
        for record in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            yield [_cell(value) for value in record]
    except csv.Error as error:
        raise UnreadableFile(f"The file is not a well-formed CSV: {error}.") from None


def _spreadsheet_records(content: bytes, max_rows: int) -> Iterator[list[str]]:
    from openpyxl import load_workbook  # heavy: only when an XLSX comes

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(part.file_size for part in archive.infolist()) > MAX_UNPACKED:
                raise TooLarge("The file unpacks to more than 200 MB.")
        sheet = load_workbook(io.BytesIO(content), read_only=True, data_only=True).worksheets[0]
        # Sheets may claim a million empty rows; a short look past the limit tells them from full ones.
        for record in sheet.iter_rows(values_only=True, max_col=MAX_COLUMNS + 100):
            yield [_cell(value) for value in record]
    except TooLarge:
        raise
    except Exception as error:  # openpyxl raises anything from KeyError to its own, by what is broken
        raise UnreadableFile("The Excel file is damaged or is not a workbook.") from error


def _cell(value: Any) -> str:
    """As text: whole numbers without `.0`, moments in ISO form."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, date | time):
        return value.isoformat()
    return str(value)[:MAX_CELL].strip()
