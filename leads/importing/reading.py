"""A file as people send it, read as a table: CSV in any delimiter and encoding, or XLSX, whatever its name says."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, count, islice
from typing import BinaryIO

from leads.importing.errors import TooLarge, UnreadableFile
from leads.importing.mapping import recognised
from leads.importing.sniffing import find_delimiter, find_encoding, refuse_other_texts, refuse_strangers
from leads.importing.spreadsheets import MAX_CELL, TITLES, spreadsheet_records

MAX_COLUMNS = 200
SURELY = 2  # names of fields by which a row is known for a header
SAMPLE = 200_000  # bytes looked at to find encoding and delimiter
csv.field_size_limit(200_000)  # no system writes a longer cell: a quotation mark is not closed
ROWS_LONG = 400  # characters of a cell that may have swallowed rows
SWALLOWED = 10  # lines of a cell that look like rows of the file: nobody writes so many by chance
BEHIND = "\x00"  # stands in no line, for NULs are taken out

NOT_CLOSED = "A quotation mark is opened in row {} and not closed there. Close it, or take it out, and try again."
Row = tuple[int, list[str]]


@dataclass(frozen=True)
class Table:
    """`rows`: (number as a spreadsheet counts it, the header being row 1; cells as text), empty ones left out."""

    headers: list[str]
    rows: list[Row]
    delimiter: str = ","
    encoding: str = "utf-8"

    @property
    def total(self) -> int:
        return len(self.rows)


@dataclass(frozen=True)
class Source:
    """A file being read: `rows` as in `Table`, one after the other, so that memory stays flat however long it is.

    Walking `rows` may raise `UnreadableFile` where the file turns out to be broken further down.
    """

    headers: list[str]
    rows: Iterator[Row]
    delimiter: str
    encoding: str


def read_table(content: bytes, *, max_rows: int) -> Table:
    """Read the whole file into memory.

    Raises `UnreadableFile` with a sentence for the user, or `TooLarge` for more than `max_rows` rows.
    """
    source = open_source(io.BytesIO(content))
    return Table(source.headers, list(limited(source.rows, max_rows)), source.delimiter, source.encoding)


def limited(rows: Iterator[Row], most: int) -> Iterator[Row]:
    """Raises `TooLarge` instead of the row after the last that is allowed."""
    for number, row in enumerate(rows):
        if number == most:
            raise TooLarge(f"The file has more than {most:,} rows. Split it into smaller files.")
        yield row


def open_source(stream: BinaryIO) -> Source:
    """Look at the file and begin to read it; the caller keeps it open. Raises `UnreadableFile` or `TooLarge`."""
    stream.seek(0)
    sample = stream.read(SAMPLE)
    if not sample.strip(b"\x00\r\n\t ,;") and len(sample) < SAMPLE:
        raise UnreadableFile("The file is empty.")
    refuse_strangers(sample, stream)
    if sample.startswith(b"PK\x03\x04"):
        records = spreadsheet_records(stream)
        headers, rows = _begun(records)
        return Source(headers, rows, "", "xlsx")
    encoding = find_encoding(stream, sample)
    text = sample.decode(encoding, "ignore")
    refuse_other_texts(text)
    delimiter = find_delimiter(text)
    headers, rows = _begun(_text_records(stream, encoding, delimiter, text[:4].lower() == "sep="))
    return Source(headers, rows, delimiter, encoding)


def _begun(records: Iterator[tuple[int, list[str]]]) -> tuple[list[str], Iterator[Row]]:
    """The header, and the rows that follow it; empty ones are left out, and titles above the header."""
    first = list(islice(((number, record) for number, record in records if any(record)), TITLES + 1))
    if not first:
        raise UnreadableFile("The file has no header row.")
    at = _header_at([record for _, record in first])
    below = ((number, record) for number, record in records if any(record))
    return _headers(first[at][1]), (
        (number, _without_empty_end(record)) for number, record in chain(first[at + 1 :], below)
    )


def _header_at(records: Sequence[list[str]]) -> int:
    """The first record, unless it names no field, or is one cell, and a later one names some: then it is a title.

    Where it names one, leaves cells blank, and the next one names more, it groups the columns that the next one names.
    """
    named = [recognised(record) for record in records[:2]]
    groups = named[0] < SURELY <= named[-1] and not all(records[0])
    if named[0] and sum(map(bool, records[0])) > 1 and not groups:
        return 0
    return next((n for n, record in enumerate(records) if recognised(record) >= SURELY), 0)


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
    unique: dict[str, None] = {}
    for position, name in enumerate(names, 1):
        name = name or f"Column {position}"
        numbered = (f"{name} ({n})" for n in count(2))
        unique[name if name not in unique else next(other for other in numbered if other not in unique)] = None
    return list(unique)


def _text_records(stream: BinaryIO, encoding: str, delimiter: str, skip_line: bool) -> Iterator[tuple[int, list[str]]]:
    """(number, cells); the number counts records, as a spreadsheet does, not lines."""
    stream.seek(0)
    text = io.TextIOWrapper(stream, encoding, newline="")
    number = width = 0
    try:
        lines = (line.replace("\x00", "") for line in text)
        if skip_line:
            next(lines, None)
        for number, record in enumerate(csv.reader(chain(lines, [BEHIND]), delimiter=delimiter), 1):
            if record and record[-1].endswith(BEHIND):
                if record != [BEHIND]:  # what was to stand behind the last row stands in it
                    raise UnreadableFile(NOT_CLOSED.format(number))
                return
            width = width or (len(record) if len(record) > 1 else 0)
            if record and len(max(record, key=len)) > ROWS_LONG and _holds_rows(record, delimiter, width):
                raise UnreadableFile(NOT_CLOSED.format(number))
            yield number, [value[:MAX_CELL].strip() for value in record]
    except csv.Error as error:
        if "field larger" in str(error):
            raise UnreadableFile(NOT_CLOSED.format(number + 1)) from None
        raise UnreadableFile(f"The file is not a well-formed CSV: {error}.") from None
    except UnicodeError:
        raise UnreadableFile(f"The file says it is {encoding.upper()}, but it is not.") from None
    finally:
        text.detach()


def _holds_rows(record: Sequence[str], delimiter: str, width: int) -> bool:
    """Whether a cell holds many lines that part into as many cells as the header: a quotation mark further down has
    closed the one that was left open, and the rows between would be lost."""
    if width < 3:  # one delimiter in a line is no sign
        return False
    lines = max(record, key=len).splitlines()
    return sum(line.count(delimiter) == width - 1 for line in lines) >= max(SWALLOWED, len(lines) // 2)
