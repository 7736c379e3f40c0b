"""An export as a job: the rows of one moment, taken batch by batch into a file that a killed worker leaves whole.

The first batch writes down which rows match, by id and in order; each further one appends its rows behind the place
that the cursor names, cutting off what an interrupted one had written.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
from django.core.files.storage import default_storage

from crm.accounts.models import User
from crm.accounts.permissions_table import allows
from crm.core.errors import NotAllowed
from crm.jobs.kinds import Batch
from crm.jobs.models import Job
from crm.lists.columns import Column, Kind
from crm.lists.engine import FORMATS, Export, Row, cells, csv_head, csv_lines
from crm.lists.listings import Reader, company_of, listing_of
from crm.lists.spreadsheet import write_xlsx

EXPORT = "lists.export"
BATCH_ROWS = 2_000
ID_BYTES = 16


def export_of(job: Job) -> Export:
    """What `Export.as_params` wrote; columns that are gone since are refused (`Unacceptable`)."""
    params = job.params
    listing = listing_of(params["list"])
    columns = listing.columns_named(params["columns"])
    return Export(listing, FORMATS[params["format"]], columns, params["filters"], params["ordering"])


@dataclass(frozen=True)
class Workplace:
    """The job's folder: the ids of the rows, and the rows so far."""

    folder: Path

    @classmethod
    def of(cls, job: Job) -> Workplace:
        folder = Path(default_storage.path(f"jobs/{job.pk}"))
        folder.mkdir(parents=True, exist_ok=True)
        return cls(folder)

    @property
    def ids(self) -> Path:
        return self.folder / "ids"

    @property
    def rows(self) -> Path:
        return self.folder / "rows"

    @property
    def begun(self) -> Path:
        return self.folder / "begun"

    @property
    def made(self) -> Path:
        return self.folder / "made"

    def holds(self, cursor: Any) -> bool:
        """Whether all that the cursor tells of is here: another machine's disk may have it."""
        return (
            cursor is not None
            and self.ids.exists()
            and self.rows.exists()
            and self.rows.stat().st_size >= cursor["size"]
        )

    def keep_ids(self, ids: Iterable[UUID]) -> int:
        with self.ids.open("wb") as file:
            for pk in ids:
                file.write(pk.bytes)
        return self.ids.stat().st_size // ID_BYTES

    def read_ids(self, start: int, count: int) -> list[UUID]:
        with self.ids.open("rb") as file:
            file.seek(start * ID_BYTES)
            found = file.read(count * ID_BYTES)
        return [UUID(bytes=found[at : at + ID_BYTES]) for at in range(0, len(found), ID_BYTES)]

    def append(self, size: int, pieces: Iterable[bytes]) -> int:
        """Behind the first `size` bytes; the new size."""
        with self.rows.open("r+b" if self.rows.exists() else "w+b") as file:
            file.truncate(size)
            file.seek(size)
            file.writelines(pieces)
            file.flush()
            os.fsync(file.fileno())
            return file.tell()

    def tidy(self) -> None:
        for path in (self.ids, self.rows, self.begun, self.made):
            path.unlink(missing_ok=True)


def run_batch(job: Job) -> Batch:
    """The next rows into the job's file; raises `NotAllowed` where the user may not see the list any more."""
    export, place = export_of(job), Workplace.of(job)
    if not allows(job.user, export.listing.permission):
        raise NotAllowed("Your role may not look at this list any more")
    cursor: Any = job.cursor
    if not place.holds(cursor):
        return begin(job, export, place)
    start, size = cursor["row"], cursor["size"]
    ids = place.read_ids(start, BATCH_ROWS)
    if not ids:
        return Batch(cursor=None)
    rows = in_order(export, ids, job.user)
    job.total = (job.total or 0) - (len(ids) - len(rows))  # deleted meanwhile
    size = place.append(size, (line.encode() for line in written(export, rows)))
    return Batch(cursor={"row": start + len(ids), "size": size}, succeeded=len(rows))


def begin(job: Job, export: Export, place: Workplace) -> Batch:
    matching = export.rows(Reader(job.user)).values_list("pk", flat=True)
    job.total = place.keep_ids(matching.iterator(chunk_size=BATCH_ROWS))
    job.processed = job.succeeded = 0
    head = csv_head(export.columns) if export.format.name == "csv" else b""
    return Batch(cursor={"row": 0, "size": place.append(0, [head])})


def in_order(export: Export, ids: Sequence[UUID], user: User) -> list[Row]:
    """The rows of the ids that their user may still see, as they are now, in the order of the ids."""
    key = Column("id", "ID", "pk")
    found = cells(export.rows_of(ids, user), [key, *export.columns])
    by_id = {row[0]: row[1:] for row in found}
    return [by_id[pk] for pk in ids if pk in by_id]


def make_file(job: Job) -> None:
    """The workbook or PDF, once all rows are there; called in no transaction, for many rows take minutes."""
    export, place, cursor = export_of(job), Workplace.of(job), job.cursor
    if export.format.name == "csv" or cursor is None or not place.holds(cursor) or place.made.exists():
        return
    if not place.read_ids(cursor["row"], 1):
        build(export, place, job.user)


def build(export: Export, place: Workplace, user: User) -> None:
    """Whole or not at all: a killed worker's half stays under another name, and is written over."""
    company = company_of(user)
    with place.begun.open("wb") as file:
        if export.format.name == "xlsx":
            write_xlsx(file, export.listing.label, export.columns, read_again(place, export), company.timezone)
        else:
            from crm.lists.pages import PageHead, pdf_file

            head = PageHead.of(export, company, Reader(user))
            file.writelines(pdf_file(head, export.columns, read_again(place, export)))
    place.begun.replace(place.made)


def finish(job: Job) -> None:
    """What was made becomes the file that is downloaded."""
    from crm.lists.exporting import file_name, record_export

    export, place, user = export_of(job), Workplace.of(job), job.user
    name = file_name(export)
    if export.format.name != "csv" and not place.made.exists():
        build(export, place, user)
    (place.rows if export.format.name == "csv" else place.made).replace(place.folder / name)
    place.tidy()
    job.result_file.name, job.result_name = f"jobs/{job.pk}/{name}", name
    record_export(export, job.succeeded, by=user, job=job)


# --- Rows between two batches ------------------------------------------------------------------------------------


def written(export: Export, rows: Iterable[Row]) -> Iterator[str]:
    """CSV at once; else a line of JSON, which keeps numbers and times what they are."""
    if export.format.name == "csv":
        return csv_lines(rows, export.columns)
    return (orjson.dumps(row, default=str).decode() + "\n" for row in rows)


def read_again(place: Workplace, export: Export) -> Iterator[list[Any]]:
    kinds = [column.kind for column in export.columns]
    with place.rows.open("rb") as file:
        for line in file:
            yield [as_before(kind, value) for kind, value in zip(kinds, orjson.loads(line), strict=True)]


def as_before(kind: Kind, value: Any) -> Any:
    if value is None:
        return None
    if kind is Kind.MOMENT:
        return dt.datetime.fromisoformat(value)
    return Decimal(value) if kind is Kind.MONEY else value
