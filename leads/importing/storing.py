"""What stands between upload and result: the file's rows in a form of our own, read from where one left off.

One JSON array `[number, [cells…]]` a line; a place in it is a byte offset, so that a job goes on at any row without
reading those before it, whatever the file was.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from typing import Any

import orjson
from django.conf import settings
from django.core.files import File
from django.core.files.uploadedfile import UploadedFile

from crm.accounts.models import User
from crm.core.errors import MissingField
from crm.core.ids import uuid7
from leads.importing.errors import TooLarge, UnreadableFile
from leads.importing.reading import Row, Source, limited, open_source
from leads.models import ImportFile

MAX_ROWS = 1_000_000
SPOOLED = 2_000_000  # bytes kept in memory before a temporary file is made


def keep_upload(upload: UploadedFile[Any] | None, *, by: User) -> ImportFile:
    """Read the whole file once, so that one that is broken anywhere is refused, and store its rows.

    Raises `MissingField`, `UnreadableFile` or `TooLarge`.
    """
    if upload is None:
        raise MissingField("file", "Choose a file first.")
    if (upload.size or 0) > settings.IMPORT_MAX_BYTES:
        raise TooLarge(f"The file is larger than {settings.IMPORT_MAX_BYTES // 1_000_000} MB.")
    source = open_source(upload.file)  # type: ignore[arg-type]
    file = ImportFile(user=by, name=(upload.name or "file")[:255], headers=source.headers)
    with tempfile.SpooledTemporaryFile(max_size=SPOOLED) as lines:
        file.total = _write(source, lines)
        if not file.total:
            raise UnreadableFile("The file has a header and no rows below it.")
        lines.seek(0)
        file.rows.save(f"{uuid7()}.jsonl", File(lines), save=False)
    file.save(force_insert=True)
    return file


def _write(source: Source, lines: Any) -> int:
    """How many rows."""
    count = 0
    for row in limited(source.rows, MAX_ROWS):
        lines.write(orjson.dumps(_clean(row), option=orjson.OPT_APPEND_NEWLINE))
        count += 1
    return count


def _clean(row: Row) -> Row:
    """Half a surrogate pair, as UTF-16 may hold one, can be stored nowhere."""
    number, cells = row
    if any(not cell.isascii() for cell in cells):
        cells = [cell.encode("utf-8", "replace").decode() for cell in cells]
    return number, cells


def read_rows(file: ImportFile, offset: int, count: int) -> tuple[list[Row], int | None]:
    """At most so many rows from the offset on, and the offset behind them; none at the end.

    Raises `UnreadableFile` where the stored file is gone.
    """
    rows: list[Row] = []
    try:
        with file.rows.open("rb") as lines:
            lines.seek(offset)
            while len(rows) < count and (line := lines.readline()):
                number, cells = orjson.loads(line)
                rows.append((number, cells))
                offset += len(line)
            return rows, offset if lines.read(1) else None
    except (OSError, ValueError) as error:
        raise UnreadableFile("The file is not there any more. Upload it again.") from error


def all_rows(file: ImportFile) -> Iterator[Row]:
    """One after the other."""
    try:
        with file.rows.open("rb") as lines:
            for line in lines:
                number, cells = orjson.loads(line)
                yield number, cells
    except (OSError, ValueError) as error:
        raise UnreadableFile("The file is not there any more. Upload it again.") from error


def wipe_rows(file: ImportFile) -> None:
    """Of people's data nothing is kept longer than it is needed."""
    if file.rows:
        file.rows.delete(save=False)
        file.rows = ""  # type: ignore[assignment]
        ImportFile.objects.filter(pk=file.pk).update(rows="")
