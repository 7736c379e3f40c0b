"""An import as a job: a thousand rows a batch, each all or nothing together with the job's place in the file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from agents.models import Agent
from crm.accounts.models import Company
from crm.audit.recording import in_batch, record
from crm.core.tenancy import current_company_id
from crm.jobs.kinds import Batch, RowProblem
from crm.jobs.models import Job
from leads import events
from leads.importing.engine import BATCH, Foresight, import_batch
from leads.importing.errors import UnreadableFile
from leads.importing.plan import Outcome, Plan, Read, read
from leads.importing.preparing import RowError
from leads.importing.reading import Row
from leads.importing.storing import read_rows, wipe_rows
from leads.models import ImportFile

MOST_GROUPS = 50  # of warnings, and of duplicates
NAMED_ROWS = 10  # of each group
OTHER_REASONS = "Other reasons"


@dataclass(frozen=True)
class Piece:
    """The rows of a file from a place on, where the next ones begin (none: the last are here), and what these say."""

    at: int
    rows: list[Row]
    following: int | None
    said: list[Read]


AHEAD = 8  # jobs
_ahead: dict[UUID, Piece] = {}  # job → what this worker has read of it while its last batch was written


def run_import(job: Job) -> Batch:
    """The next rows from the job's cursor, a byte offset."""
    file, at = file_of(job), job.cursor or 0
    plan, piece = plan_of(job, file, file.mapping, file.agent), _ahead.pop(job.pk, None)
    if piece is None or piece.at != at:
        piece = _piece(file, at, plan)
    following = piece.following

    def read_on() -> None:
        with suppress(UnreadableFile):  # the next batch will say so
            if following is not None:
                _keep(job.pk, _piece(file, following, plan))

    with in_batch(job.pk):
        outcome = import_batch(piece.said, plan, file, meanwhile=read_on)
    return as_batch(job, piece.rows, following, outcome)


def _piece(file: ImportFile, at: int, plan: Plan) -> Piece:
    rows, following = read_rows(file, at, BATCH)
    return Piece(at, rows, following, read(rows, plan.preparer))


def _keep(pk: UUID, piece: Piece) -> None:
    """Jobs that another worker has taken over are forgotten in time."""
    while len(_ahead) >= AHEAD:
        _ahead.pop(next(iter(_ahead)), None)
    _ahead[pk] = piece


def finish_import(job: Job) -> None:
    """The file keeps what the list of imports shows; its rows are wiped."""
    file = file_of(job)
    file.result, file.finished_at = summary_of(job), job.updated_at
    file.save(update_fields=["result", "finished_at"])
    counts = {"created": job.result["created"], "failed": job.failed, "rows": job.processed}
    record(events.LEADS_IMPORTED, file, by=job.user, data=counts)
    wipe_rows(file)


_looking: dict[UUID, tuple[int, Foresight]] = {}  # job → how far this worker's memory of the file reaches


def run_check(job: Job) -> Batch:
    """As `run_import`, and writes nothing. What the earlier rows hold is remembered, or looked at again."""
    file, offset = file_of(job), job.cursor or 0
    at, foresight = _looking.pop(job.pk, (0, None))
    if foresight is None or at != offset:
        foresight = _caught_up(job, file, offset)
    rows, following = read_rows(file, offset, BATCH)
    outcome = foresight.look(rows)
    if following is not None:
        _looking.clear()  # of jobs that another worker has taken over
        _looking[job.pk] = (following, foresight)
    return as_batch(job, rows, following, outcome)


def _caught_up(job: Job, file: ImportFile, offset: int) -> Foresight:
    agent_id = job.params.get("agent_id")
    agent = Agent.objects.filter(pk=agent_id).first() if agent_id else None
    foresight, at = Foresight(plan_of(job, file, file.mapping, agent)), 0
    while at < offset:
        rows, following = read_rows(file, at, BATCH)
        foresight.look(rows)
        at = offset if following is None else following
    return foresight


def file_of(job: Job) -> ImportFile:
    return ImportFile.objects.select_related("agent__user").get(pk=job.params["file_id"])


def plan_of(job: Job, file: ImportFile, mapping: dict[str, str], agent: Agent | None) -> Plan:
    company = Company.objects.get(pk=current_company_id())
    return Plan(file.headers, mapping, company, job.user, agent, file.mode, file.match_by)


def as_batch(job: Job, rows: Sequence[Row], following: int | None, outcome: Outcome) -> Batch:
    cells = dict(rows)
    problems = [
        RowProblem(error.message, row=error.row, data={"cells": cells[error.row], **error.extra})
        for error in sorted(outcome.errors, key=lambda error: error.row)
    ]
    told = len(rows) if following is None and not job.cursor else 0  # a file of one batch is answered row by row
    return Batch(following, outcome.taken, problems, grown(job.result, outcome, told=told))


def grown(result: dict[str, Any], outcome: Outcome, *, told: int) -> dict[str, Any]:
    """The job's result with a batch added: counts, warnings and duplicates by what they say, and so many row by row."""

    def added(name: str, count: int) -> int:
        return int(result.get(name, 0)) + count

    def rows(name: str, more: Sequence[RowError], word: str) -> list[dict[str, Any]]:
        before = result.get(name, [])
        return [*before, *(one.as_json(word) for one in more[: max(told - len(before), 0)])]

    return {
        "created": added("created", len(outcome.created)),
        "updated": added("updated", outcome.updated),
        "new_contacts": added("new_contacts", outcome.new_contacts),
        "warning_count": added("warning_count", len(outcome.warnings)),
        "duplicate_count": added("duplicate_count", len(outcome.duplicates)),
        "warnings": rows("warnings", outcome.warnings, "warning"),
        "duplicates": rows("duplicates", outcome.duplicates, "reason"),
        "warning_groups": grouped(result.get("warning_groups", []), outcome.warnings),
        "duplicate_groups": grouped(result.get("duplicate_groups", []), outcome.duplicates),
    }


def grouped(before: Sequence[dict[str, Any]], more: Sequence[RowError]) -> list[dict[str, Any]]:
    """`{message, count, rows}`, the first rows of each; what is said in too many ways is counted under one name."""
    groups = {group["message"]: {**group, "rows": list(group["rows"])} for group in before}
    for one in more:
        message = one.message if one.message in groups or len(groups) < MOST_GROUPS else OTHER_REASONS
        group = groups.setdefault(message, {"message": message, "count": 0, "rows": []})
        group["count"] += 1
        if len(group["rows"]) < NAMED_ROWS:
            group["rows"].append(one.row)
    return list(groups.values())


def shown(result: Mapping[str, Any]) -> dict[str, Any]:
    """The job's result for those who look at it: similar warnings and duplicates together, the commonest first."""

    def of(name: str, word: str) -> list[dict[str, Any]]:
        groups = sorted(result.get(name, []), key=lambda group: -group["count"])
        return [{word: group["message"], "count": group["count"], "rows": group["rows"]} for group in groups]

    counts = {name: value for name, value in result.items() if not isinstance(value, list)}
    return {**counts, "warnings": of("warning_groups", "warning"), "duplicates": of("duplicate_groups", "reason")}


def summary_of(job: Job) -> dict[str, Any]:
    """The counts of S3's answer and those beside them."""
    return {
        "success_count": job.succeeded,
        "created_count": job.result.get("created", 0),
        "updated_count": job.result.get("updated", 0),
        "error_count": job.failed,
        "total_processed": job.processed,
        "new_contacts": job.result.get("new_contacts", 0),
    }


def answer_of(job: Job) -> dict[str, Any]:
    """The answer of S3 for an import that has run, each refused row with its reason."""
    errors = job.row_errors.order_by("pk").values_list("row", "message", "data")
    return {
        **summary_of(job),
        "errors": [
            {"row": row, "error": message, **{name: value for name, value in data.items() if name != "cells"}}
            for row, message, data in errors
        ],
        "warnings": job.result.get("warnings", []),
        "duplicates": job.result.get("duplicates", []),
        "job_id": str(job.pk),
    }
