"""XLSX read as a stream: one row at a time, shared strings on disk, so that memory stays flat to 200,000 rows.

`openpyxl` holds every shared string in memory, and needs five times as long.
"""

from __future__ import annotations

import mmap
import posixpath
import re
import tempfile
import zipfile
from array import array
from collections import deque
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, BinaryIO
from xml.parsers import expat

from leads.importing.errors import TooLarge, UnreadableFile
from leads.importing.mapping import names_people

MAX_CELL = 10_000
TITLES = 20  # rows above the header that are looked through
MAX_UNPACKED = 500_000_000  # bytes that an XLSX may unpack to: more is a zip bomb
MAX_RATIO = 200  # times as much as packed, of a part above MAX_PLAIN: nothing that a spreadsheet writes
MAX_PLAIN = 20_000_000
MAX_WIDTH = 400  # columns read: enough to tell a table that is too wide from one that is not
MAX_ROW = 1_048_576  # of a sheet
PIECE = 262_144
DATE_FORMATS = {*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)}  # built in (ECMA-376, 18.8.30)
DATE_LETTERS = re.compile(r"[dmyhs]", re.IGNORECASE)
NO_LETTERS = re.compile(r'"[^"]*"|\[[^\]]*\]|\\.|_.|\*.')
NOT_RECKONED = (
    "Row {} holds a formula without its result. Open the file in a spreadsheet, save it there, and try again."
)
DAMAGED = "The Excel file is damaged or is not a workbook."


def spreadsheet_records(stream: BinaryIO) -> Iterator[tuple[int, list[str]]]:
    """(row number, cells as text) of the sheet that holds the people; raises `UnreadableFile` or `TooLarge`."""
    try:
        with zipfile.ZipFile(stream) as archive:
            refuse_bombs(archive)
            refuse_other_kinds(archive)
            yield from Workbook(archive).rows()
    except (zipfile.BadZipFile, KeyError, IndexError, ValueError, expat.ExpatError, EOFError, OSError) as error:
        raise UnreadableFile(DAMAGED) from error
    except (NotImplementedError, RuntimeError) as error:  # a method of compression, or a password, that is not ours
        raise UnreadableFile("The Excel file is encrypted or packed in an unknown way. Save it anew.") from error


def refuse_bombs(archive: zipfile.ZipFile) -> None:
    """By the sizes that the archive states; a part that is longer than stated is cut off there as damaged."""
    parts = archive.infolist()
    if sum(part.file_size for part in parts) > MAX_UNPACKED:
        raise TooLarge(f"The file unpacks to more than {MAX_UNPACKED // 1_000_000} MB.")
    for part in parts:
        if part.file_size > MAX_PLAIN and part.file_size > MAX_RATIO * max(part.compress_size, 1):
            raise TooLarge("The file unpacks to two hundred times its size. It is no spreadsheet.")


def refuse_other_kinds(archive: zipfile.ZipFile) -> None:
    """Archives that are tables of another programme, or no tables."""
    names = set(archive.namelist())
    if "xl/workbook.xml" in names:
        return
    if names & {"mimetype", "xl/workbook.bin", "Index/Document.iwa"}:  # OpenDocument, binary Excel, Numbers
        raise UnreadableFile("This spreadsheet is of another kind. Save it as .xlsx or CSV and try again.")
    raise UnreadableFile("This archive is no Excel file. Unpack it, and send the CSV or .xlsx that is in it.")


class Workbook:
    """An open archive's sheet of people: the first that heads a table of them, else the first that holds anything."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self.archive = archive
        sheets, self.is_1904 = self._sheets()
        self.sheets = [self._target(sheet) for sheet in sheets]
        self.dates = self._date_styles()

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        with SharedStrings(self) as strings:
            yield from self._rows_of(self._chosen(strings), strings)

    def _chosen(self, strings: SharedStrings) -> str:
        if len(self.sheets) == 1:
            return self.sheets[0]
        begun = {sheet: self._begun(sheet, strings) for sheet in self.sheets}
        of_people = (sheet for sheet, records in begun.items() if any(map(names_people, records)))
        filled = (sheet for sheet, records in begun.items() if records)
        return next(of_people, None) or next(filled, self.sheets[0])

    def _begun(self, sheet: str, strings: SharedStrings) -> list[list[str]]:
        filled = (record for _, record in self._rows_of(sheet, strings) if any(record))
        return list(islice(filled, TITLES + 1))

    def _rows_of(self, sheet: str, strings: SharedStrings) -> Iterator[tuple[int, list[str]]]:
        reader = SheetReader(strings, self.dates, self.is_1904)
        return self.parsed(sheet, reader.begin, reader.end, reader.text, reader.done)

    def parsed(
        self,
        name: str,
        begin: Callable[[str, dict[str, str]], None],
        end: Callable[[str], None] | None = None,
        text: Callable[[str], None] | None = None,
        done: deque[Any] | None = None,
    ) -> Iterator[Any]:
        """Walks a part; what the handlers put into `done` comes out."""
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.EntityDeclHandler = _no_entities
        parser.StartElementHandler = lambda tag, attributes: begin(tag.rpartition(" ")[2], attributes)
        parser.EndElementHandler = (lambda tag: end(tag.rpartition(" ")[2])) if end is not None else None
        parser.CharacterDataHandler = text
        with self.archive.open(name) as part:
            while piece := part.read(PIECE):
                parser.Parse(piece)
                while done:
                    yield done.popleft()
            parser.Parse(b"", True)

    def walk(self, name: str, begin: Callable[[str, dict[str, str]], None]) -> None:
        for _ in self.parsed(name, begin):
            pass

    def _sheets(self) -> tuple[list[str], bool]:
        """Relation ids of the sheets that are shown, and whether days count from 1904."""
        ids: list[str] = []
        hidden: list[str] = []
        flags: list[bool] = []

        def begin(tag: str, attributes: dict[str, str]) -> None:
            if tag == "sheet":
                kept = ids if attributes.get("state", "visible") == "visible" else hidden
                kept.extend(value for name, value in attributes.items() if name.endswith(" id"))
            elif tag == "workbookPr":
                flags.append(attributes.get("date1904", "0") in ("1", "true"))

        self.walk("xl/workbook.xml", begin)
        return ids or hidden, any(flags)

    def _target(self, relation: str) -> str:
        found: dict[str, str] = {}

        def begin(tag: str, attributes: dict[str, str]) -> None:
            if tag == "Relationship":
                found[attributes["Id"]] = attributes["Target"]

        self.walk("xl/_rels/workbook.xml.rels", begin)
        target = found[relation]
        return target.lstrip("/") if target.startswith("/") else posixpath.normpath(f"xl/{target}")

    def _date_styles(self) -> frozenset[str]:
        """The numbers of the cell styles that show a number as a date."""
        own: dict[int, str] = {}
        styles: list[int] = []
        within: list[str] = []

        def begin(tag: str, attributes: dict[str, str]) -> None:
            if tag in ("cellXfs", "cellStyleXfs", "dxfs"):
                within.append(tag)
            elif tag == "numFmt":
                own[int(attributes["numFmtId"])] = attributes.get("formatCode", "")
            elif tag == "xf" and within and within[-1] == "cellXfs":
                styles.append(int(attributes.get("numFmtId", "0")))

        if "xl/styles.xml" in self.archive.namelist():
            self.walk("xl/styles.xml", begin)
        dates = DATE_FORMATS | {key for key, code in own.items() if DATE_LETTERS.search(NO_LETTERS.sub("", code))}
        return frozenset(str(number) for number, style in enumerate(styles) if style in dates)


class SharedStrings:
    """The workbook's texts, written to a temporary file once and looked up in it by number."""

    def __init__(self, book: Workbook) -> None:
        self.book = book
        self.ends = array("Q", [0])

    def __enter__(self) -> SharedStrings:
        self.file = tempfile.TemporaryFile()
        if "xl/sharedStrings.xml" in self.book.archive.namelist():
            self._write()
        self.file.flush()
        self.map = mmap.mmap(self.file.fileno(), 0, access=mmap.ACCESS_READ) if self.ends[-1] else b""
        return self

    def __exit__(self, *_: object) -> None:
        if isinstance(self.map, mmap.mmap):
            self.map.close()
        self.file.close()

    def __getitem__(self, number: int) -> str:
        if number < 0:
            raise IndexError
        return self.map[self.ends[number] : self.ends[number + 1]].decode()

    def _write(self) -> None:
        done: deque[str] = deque()
        parts: list[str] = []
        state = {"text": False, "phonetic": False}

        def begin(tag: str, attributes: dict[str, str]) -> None:
            if tag == "si":
                parts.clear()
            elif tag == "rPh":  # how to pronounce it: no part of the text
                state["phonetic"] = True
            elif tag == "t":
                state["text"] = not state["phonetic"]

        def end(tag: str) -> None:
            if tag == "si":
                done.append("".join(parts))
            elif tag == "rPh":
                state["phonetic"] = False
            elif tag == "t":
                state["text"] = False

        def text(piece: str) -> None:
            if state["text"]:
                parts.append(piece)

        for value in self.book.parsed("xl/sharedStrings.xml", begin, end, text, done):
            written = value[:MAX_CELL].encode("utf-8", "replace")
            self.file.write(written)
            self.ends.append(self.ends[-1] + len(written))


class SheetReader:
    """Handlers for a sheet's XML; finished rows stand in `done`."""

    def __init__(self, strings: SharedStrings, dates: frozenset[str], is_1904: bool) -> None:
        self.strings, self.dates = strings, dates
        self.epoch = datetime(1904, 1, 1) if is_1904 else datetime(1899, 12, 30)
        self.done: deque[tuple[int, list[str]]] = deque()
        self.number, self.cells, self.column = 0, list[str](), 0
        self.kind, self.style, self.parts = "", "", list[str]()
        self.reads = self.phonetic = self.is_formula = False

    def begin(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "c":
            self.kind, self.style = attributes.get("t", "n"), attributes.get("s", "")
            self.column = column_of(attributes["r"]) if "r" in attributes else len(self.cells)
            self.parts, self.is_formula = [], False
        elif tag == "f":
            self.is_formula = True
        elif tag in ("v", "t"):
            self.reads = not self.phonetic
        elif tag == "rPh":  # how to pronounce it: no part of the text
            self.phonetic = True
        elif tag == "row":
            self.number = int(attributes.get("r") or self.number + 1)
            if not 0 < self.number <= MAX_ROW:
                raise UnreadableFile(DAMAGED)
            self.cells = []

    def text(self, piece: str) -> None:
        if self.reads:
            self.parts.append(piece)

    def end(self, tag: str) -> None:
        if tag in ("v", "t"):
            self.reads = False
        elif tag == "rPh":
            self.phonetic = False
        elif tag == "c":
            if self.is_formula and not self.parts and self.kind == "n":  # an empty text is of kind "str"
                raise UnreadableFile(NOT_RECKONED.format(self.number))
            if self.parts and self.column < MAX_WIDTH:
                self.cells += [""] * (self.column - len(self.cells))
                self.cells.append(self.value("".join(self.parts)))
        elif tag == "row":
            self.done.append((self.number, self.cells))

    def value(self, text: str) -> str:
        """As text: whole numbers without `.0`, moments in ISO form, errors as nothing."""
        if self.kind == "s":
            return self.strings[int(text)].strip()
        if self.kind == "n":
            return self.moment(text) if self.style in self.dates else plain_number(text)
        if self.kind == "b":
            return "true" if text == "1" else "false"
        if self.kind == "e":
            return ""
        return text[:MAX_CELL].strip()

    def moment(self, text: str) -> str:
        try:
            day = float(text)
            moment = self.epoch + timedelta(seconds=round(day * 86_400))
        except (ValueError, OverflowError):
            return text
        if day < 1:
            return moment.time().isoformat()
        return moment.isoformat()


def column_of(reference: str) -> int:
    """A → 0, AB12 → 27."""
    number = 0
    for letter in reference:
        if not letter.isalpha():
            break
        number = number * 26 + ord(letter.upper()) - 64
    return number - 1


def plain_number(text: str) -> str:
    if text.isdigit():
        return text
    try:
        value = float(text)
    except ValueError:
        return text[:MAX_CELL].strip()
    if value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    written = repr(value)  # 12.345 as text would be twelve thousand and some: a naught more tells them apart
    return f"{written}0" if re.fullmatch(r"-?[1-9]\d{0,2}\.\d{3}", written) else written


def _no_entities(*_: Any) -> None:
    """An entity that grows (billion laughs) has no business in a spreadsheet."""
    raise UnreadableFile(DAMAGED)
