"""A file as people send it, read as a table: CSV in any delimiter and encoding, or XLSX, whatever its name says."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import BinaryIO

from charset_normalizer import from_bytes

from leads.importing.errors import TooLarge, UnreadableFile
from leads.importing.spreadsheets import MAX_CELL, spreadsheet_records

DELIMITERS = (",", ";", "\t", "|")
BYTE_ORDER_MARKS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
MAX_COLUMNS = 200
SAMPLE = 200_000  # bytes looked at to find encoding and delimiter
csv.field_size_limit(1_000_000)

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
    for count, row in enumerate(rows):
        if count == most:
            raise TooLarge(f"The file has more than {most:,} rows. Split it into smaller files.")
        yield row


def open_source(stream: BinaryIO) -> Source:
    """Look at the file and begin to read it; the caller keeps it open. Raises `UnreadableFile` or `TooLarge`."""
    stream.seek(0)
    sample = stream.read(SAMPLE)
    if not sample.strip(b"\x00\r\n\t ,;") and len(sample) < SAMPLE:
        raise UnreadableFile("The file is empty.")
    if sample.startswith(b"\xd0\xcf\x11\xe0"):
        raise UnreadableFile("This is an old Excel file (.xls). Save it as .xlsx or CSV and try again.")
    if sample.startswith((b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"\x1f\x8b", b"7z\xbc\xaf")):
        raise UnreadableFile("This is not a table. Send a CSV or an Excel file (.xlsx).")
    if sample.startswith(b"PK\x03\x04"):
        records = spreadsheet_records(stream)
        headers, rows = _begun(records)
        return Source(headers, rows, "", "xlsx")
    encoding = find_encoding(stream, sample)
    text = _checked(sample.decode(encoding, "ignore"))
    delimiter = find_delimiter(text)
    headers, rows = _begun(_text_records(stream, encoding, delimiter, text[:4].lower() == "sep="))
    return Source(headers, rows, delimiter, encoding)


def _begun(records: Iterator[tuple[int, list[str]]]) -> tuple[list[str], Iterator[Row]]:
    """The header, and the rows that follow it; empty ones are left out."""
    for _, record in records:
        if any(record):
            return _headers(record), ((number, _without_empty_end(record)) for number, record in records if any(record))
    raise UnreadableFile("The file has no header row.")


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


def find_encoding(stream: BinaryIO, sample: bytes) -> str:
    """By its mark, else UTF-8 where the whole file is, else what Excel writes in the west, else the best guess."""
    for mark, encoding in BYTE_ORDER_MARKS:
        if sample.startswith(mark):
            if not _is_in(stream, encoding):
                raise UnreadableFile(f"The file says it is {encoding.upper()}, but it is not.")
            return encoding
    if unmarked := _unmarked_utf_16(sample):
        return unmarked
    for encoding in ("utf-8", "cp1252"):
        if _is_in(stream, encoding):
            return encoding
    best = from_bytes(sample).best()
    if best is None or not _is_in(stream, best.encoding):
        raise UnreadableFile("The file's encoding is unknown. Save it as UTF-8 and try again.")
    return best.encoding


def _is_in(stream: BinaryIO, encoding: str) -> bool:
    """Whether the whole file can be read so; a piece at a time."""
    decoder = codecs.getincrementaldecoder(encoding)()
    stream.seek(0)
    try:
        while piece := stream.read(1_000_000):
            decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeError:
        return False
    return True


def _unmarked_utf_16(content: bytes) -> str | None:
    sample = content[:2000]
    if len(sample) < 4 or sample.count(0) < len(sample) // 4:
        return None
    return "utf-16-le" if sample[1::2].count(0) > sample[0::2].count(0) else "utf-16-be"


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


def _text_records(stream: BinaryIO, encoding: str, delimiter: str, skip_line: bool) -> Iterator[tuple[int, list[str]]]:
    """(number, cells); the number counts records, as a spreadsheet does, not lines."""
    stream.seek(0)
    text = io.TextIOWrapper(stream, encoding, newline="")
    try:
        lines = (line.replace("\x00", "") for line in text)
        if skip_line:
            next(lines, None)
        for number, record in enumerate(csv.reader(lines, delimiter=delimiter), 1):
            yield number, [value[:MAX_CELL].strip() for value in record]
    except csv.Error as error:
        raise UnreadableFile(f"The file is not a well-formed CSV: {error}.") from None
    except UnicodeError:
        raise UnreadableFile(f"The file says it is {encoding.upper()}, but it is not.") from None
    finally:
        text.detach()
