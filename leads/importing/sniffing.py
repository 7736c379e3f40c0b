"""What a file is, whatever its name says: its kind, its encoding, its delimiter."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from itertools import islice
from typing import BinaryIO

from charset_normalizer import from_bytes

from leads.importing.errors import UnreadableFile

DELIMITERS = (",", ";", "\t", "|")
BYTE_ORDER_MARKS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
NO_TABLE = "This is not a table. Send a CSV or an Excel file (.xlsx)."
OLE = b"\xd0\xcf\x11\xe0"  # old Excel files, and new ones behind a password
STRANGERS = (b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"\x1f\x8b", b"7z\xbc\xaf", b"Rar!", b"SQLite format 3")
# How a text begins that is no table, and what to do about it.
TEXTS = (
    (r"begin:vcard", "These are address cards (vCard). Export the contacts as CSV and try again."),
    (
        r"<(\?xml|!doctype|!--|html|head|meta|style|body|table|div|center|font)|mime-version:\s*1",
        "This is a web page or XML. Open it in a spreadsheet and save it as .xlsx or CSV.",
    ),
    (r"\{\s*\"|\[\s*[\[{]", "This is JSON, not a table. Send a CSV or an Excel file (.xlsx)."),
    (r"\{\\rtf", NO_TABLE),
)
LOOKED_AT = 30  # records


def refuse_strangers(sample: bytes, stream: BinaryIO) -> None:
    """Raises `UnreadableFile` for what is known to be something else."""
    if sample.startswith(OLE):
        stream.seek(0)
        if "EncryptedPackage".encode("utf-16-le") in stream.read(5_000_000):
            raise UnreadableFile("The Excel file is protected by a password. Save it without one and try again.")
        raise UnreadableFile("This is an old Excel file (.xls). Save it as .xlsx or CSV and try again.")
    if sample.startswith(STRANGERS):
        raise UnreadableFile(NO_TABLE)


def refuse_other_texts(text: str) -> None:
    """Raises `UnreadableFile` for a text that is no table, and for more than a few control characters."""
    begun = text[:200].lstrip()
    if sentence := next((said for start, said in TEXTS if re.match(start, begun, re.IGNORECASE)), ""):
        raise UnreadableFile(sentence)
    if _is_noise(text[:20_000].encode("utf-8", "replace")):
        raise UnreadableFile(NO_TABLE)


def _is_noise(sample: bytes) -> bool:
    return sum(byte < 32 and byte not in b"\r\n\t\x0b\x0c\x00" for byte in sample) > len(sample) // 50


def find_encoding(stream: BinaryIO, sample: bytes) -> str:
    """By its mark, else UTF-8 where the whole file is, else what Excel writes in the west, else the best guess."""
    for mark, encoding in BYTE_ORDER_MARKS:
        if sample.startswith(mark):
            if not _is_in(stream, encoding):
                raise UnreadableFile(f"The file says it is {encoding.upper()}, but it is not.")
            return encoding
    if unmarked := _unmarked_utf_16(sample):
        return unmarked
    western = "mac_roman" if b"\r" in sample and b"\n" not in sample else "cp1252"  # an old Mac's lines end so
    for encoding in ("utf-8", western):
        if _is_in(stream, encoding):
            return encoding
    best = from_bytes(sample).best()
    if best is None or not _is_in(stream, best.encoding):
        unknown = "The file's encoding is unknown. Save it as UTF-8 and try again."
        raise UnreadableFile(NO_TABLE if _is_noise(sample) else unknown)
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


def find_delimiter(text: str) -> str:
    """The one that splits most of the first lines, quotes heeded, into one number of columns, and the most."""
    if text[:4].lower() == "sep=" and text[4:5] not in ("", "\r", "\n", "\x00", '"'):
        return text[4]
    sample = text[:100_000]

    def score(delimiter: str) -> tuple[int, int]:
        records = islice(csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter), LOOKED_AT)
        widths = Counter(len(record) for record in records if len(record) > 1)  # a title above the table has one cell
        width, count = max(widths.items(), key=lambda item: (item[1], item[0]), default=(0, 0))
        return (count, width)

    best = max(DELIMITERS, key=score)
    return best if score(best) > (0, 0) else ","
