"""An import as a job: a thousand rows a batch, each all or nothing together with the job's place in the file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from agents.models import Agent
from crm.accounts.models import Company
from crm.audit.recording import in_batch, record
from crm.core.tenancy import current_company_id
from crm.jobs.kinds import Batch, RowProblem
from crm.jobs.models import Job
from leads import events
from leads.importing.engine import BATCH, Foresight, Outcome, Plan, import_batch
from leads.importing.preparing import RowError
from leads.importing.reading import Row
from leads.importing.storing import read_rows, wipe_rows
from leads.models import ImportFile

TOLD = 200  # warnings and duplicates that the job's result names


def run_import(job: Job) -> Batch:
    """The next rows from the job's cursor, a byte offset."""
    file = file_of(job)
    rows, following = read_rows(file, job.cursor or 0, BATCH)
    with in_batch(job.pk):
        outcome = import_batch(rows, plan_of(job, file, file.mapping, file.agent), file)
    return as_batch(job, rows, following, outcome)


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
    return Batch(following, outcome.taken, problems, grown(job.result, outcome))


def grown(result: dict[str, Any], outcome: Outcome) -> dict[str, Any]:
    """The job's result with a batch added: counts, and the first warnings and duplicates by row."""

    def added(name: str, count: int) -> int:
        return int(result.get(name, 0)) + count

    def told(name: str, more: Sequence[RowError], word: str) -> list[dict[str, Any]]:
        before = result.get(name, [])
        return [*before, *(one.as_json(word) for one in more[: TOLD - len(before)])]

    return {
        "created": added("created", len(outcome.created)),
        "updated": added("updated", outcome.updated),
        "new_contacts": added("new_contacts", outcome.new_contacts),
        "warning_count": added("warning_count", len(outcome.warnings)),
        "duplicate_count": added("duplicate_count", len(outcome.duplicates)),
        "warnings": told("warnings", outcome.warnings, "warning"),
        "duplicates": told("duplicates", outcome.duplicates, "reason"),
    }


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
