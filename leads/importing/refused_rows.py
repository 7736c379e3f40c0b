"""The rows that an import refused, as a file to be mended and sent again."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import PurePath

from crm.jobs.kinds import ResultFile
from crm.jobs.models import Job, JobError
from leads.importing.mapping import ERROR_HEADER, ROW_HEADER
from leads.models import ImportFile

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
PHONE = re.compile(r"\+[0-9 ]{6,20}")  # a spreadsheet reads it as a number, and runs nothing
PIECE = 1000


def refused_rows(job: Job) -> ResultFile:
    """The file's own columns, then the row's number and the reason; streamed."""
    file = ImportFile.objects.filter(pk=job.params["file_id"]).first() or ImportFile(name="leads.csv")
    headers = file.headers or [f"Column {n + 1}" for n in range(widest(job))]  # of a check whose file is gone
    name = re.sub(r"[^A-Za-z0-9_.-]+", "-", PurePath(file.name).stem).strip("-.") or "leads"
    return ResultFile(f"{name}-refused.csv", "text/csv; charset=utf-8", csv_of(job, headers))


def widest(job: Job) -> int:
    return max((len(error.data.get("cells", [])) for error in islice(_after(job, None), PIECE)), default=0)


def csv_of(job: Job, headers: Sequence[str]) -> Iterator[bytes]:
    """With a mark, by which Excel knows that it is UTF-8."""
    yield b"\xef\xbb\xbf" + line([*headers, ROW_HEADER, ERROR_HEADER])
    last = None
    while errors := list(_after(job, last)):
        last = errors[-1].pk
        yield b"".join(
            line([*padded(error.data.get("cells", []), len(headers)), str(error.row), error.message])
            for error in errors
        )


def _after(job: Job, last: object) -> Iterator[JobError]:
    rows = JobError.objects.filter(job=job).order_by("pk")
    return iter((rows if last is None else rows.filter(pk__gt=last))[:PIECE])


def padded(cells: Sequence[str], width: int) -> list[str]:
    return [*cells, *[""] * (width - len(cells))][:width]


def line(cells: Sequence[str]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerow([defused(cell) for cell in cells])
    return out.getvalue().encode()


def defused(cell: str) -> str:
    """So that a spreadsheet does not run it as a formula."""
    return f"'{cell}" if cell.startswith(FORMULA_STARTS) and not PHONE.fullmatch(cell) else cell
