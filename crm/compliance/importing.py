"""Bringing a suppression list in: at once where it is short, else as a job, a thousand rows a batch."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from itertools import islice
from typing import Any, BinaryIO
from uuid import UUID

from django.conf import settings
from django.db import transaction

from crm.accounts.models import User
from crm.compliance.actions.suppressions import Address, suppress_many
from crm.compliance.list_files import Reading, keep_rows, read_file, rows_from, wipe
from crm.core.actors import Actor
from crm.core.errors import BrokenRule
from crm.jobs.actions import start_job
from crm.jobs.kinds import Batch, Kind, RowProblem, register
from crm.jobs.models import Job
from leads.actions.contacts import company_of
from leads.importing.reading import Row

IMPORT = "compliance.suppressions"
BATCH = 1_000


@dataclass
class Imported:
    """What came of a file: new on the list, there already, and the rows that were refused."""

    added: int = 0
    known: int = 0
    problems: list[RowProblem] = field(default_factory=list)

    @property
    def done(self) -> int:
        return self.added + self.known


def import_list(stream: BinaryIO, name: str, *, source: str, by: User) -> Imported | Job:
    """Raises `UnreadableFile` or `TooLarge` with nothing written; a row that can't be read fails alone."""
    columns, rows = read_file(stream)
    company = company_of(by)
    reading = Reading(columns, company.default_country, company.timezone, source or name[:100])
    first = list(islice(rows, settings.IMPORT_MAX_ROWS_IN_REQUEST + 1))
    if not first:
        raise BrokenRule("The file has no rows")
    if len(first) <= settings.IMPORT_MAX_ROWS_IN_REQUEST:
        with transaction.atomic():
            return take_rows(first, reading, by=by)
    path, total = keep_rows(_chain(first, rows))
    params = {"path": path, "reading": asdict(reading)}
    return start_job(IMPORT, params, by=by, title=f"Suppression list {name}"[:200], total=total)


def _chain(first: list[Row], rest: Iterable[Row]) -> Iterable[Row]:
    yield from first
    yield from rest


def take_rows(rows: Iterable[Row], reading: Reading, *, by: Actor) -> Imported:
    """By set; what stands twice in the file is there once."""
    result, addresses = Imported(), list[Address]()
    for row in rows:
        read = reading.address(row)
        if isinstance(read, RowProblem):
            result.problems.append(read)
        else:
            addresses.append(read)
    added, _ = suppress_many(addresses, by=by)
    result.added, result.known = len(added), len(addresses) - len(added)
    return result


def run_import(job: Job) -> Batch:
    offset = int(job.cursor or 0)
    rows, then = rows_from(job.params["path"], offset, BATCH)
    result = take_rows(rows, Reading(**job.params["reading"]), by=job.user)
    told: dict[str, Any] = job.result or {}
    counts = {name: told.get(name, 0) + getattr(result, name) for name in ("added", "known")}
    return Batch(cursor=then, succeeded=result.done, problems=result.problems, result=counts)


def forget_files_of(jobs: Iterable[UUID]) -> None:
    """Of jobs that were cancelled or failed."""
    for job in Job.objects.filter(pk__in=list(jobs), kind=IMPORT):
        finish_import(job)


def finish_import(job: Job) -> None:
    """The file's rows are wiped once the job is committed."""
    path = job.params["path"]
    transaction.on_commit(lambda: wipe(path), robust=True)


register(Kind(IMPORT, "Suppression list", "suppressions.manage", run_import, finish=finish_import))
