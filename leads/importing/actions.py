"""Files between upload and result."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.timezone import now

from agents.models import Agent
from crm.accounts.models import Company, User
from crm.audit.recording import record
from crm.core.errors import Conflict
from crm.core.tenancy import current_company_id
from crm.jobs.actions import start_job
from crm.jobs.models import ACTIVE, Job, JobState
from crm.jobs.running import run_job
from leads import events
from leads.assignment.errors import AgentInactive
from leads.import_choices import ImportKey, ImportMode
from leads.importing.engine import foresee
from leads.importing.errors import AlreadyImported, UnreadableFile
from leads.importing.mapping import problems, signature, suggest, with_external_id
from leads.importing.plan import Outcome, Plan
from leads.importing.storing import all_rows, keep_upload, wipe_rows
from leads.models import ImportFile, ImportMapping

KEPT_DAYS = 1  # how long an upload that nobody ran is kept
IMPORT, CHECK = "leads.import", "leads.import_check"


def keep_file(upload: UploadedFile[Any] | None, *, by: User) -> ImportFile:
    """Store an upload after reading it once. Raises `MissingField`, `UnreadableFile` or `TooLarge`."""
    return keep_upload(upload, by=by)


def fits_request(file: ImportFile) -> bool:
    """Whether its rows are few enough to be done while the asker waits; more are a job's business."""
    return file.total <= settings.IMPORT_MAX_ROWS_IN_REQUEST


def keep_mapped(upload: UploadedFile[Any] | None, *, by: User, match_by: str = ImportKey.PERSON) -> ImportFile:
    """Store an upload whose own headers say what each column is, as the API takes them.

    Raises as `keep_file` does, and `UnreadableFile` where a needed column is missing; then nothing is kept.
    """
    file = keep_upload(upload, by=by)
    mapping = suggest(file.headers)
    if match_by == ImportKey.EXTERNAL_ID:
        mapping = with_external_id(mapping)
    if wrong := problems(mapping, match_by):
        forget_file(file)
        raise UnreadableFile(f"{' '.join(wrong)} The file's columns are: {', '.join(file.headers[:20])}.")
    file.mapping = mapping
    file.save(update_fields=["mapping"])
    return file


def start_import(
    file: ImportFile,
    mapping: Mapping[str, str],
    *,
    by: User,
    agent: Agent | None = None,
    mode: str = ImportMode.NEW,
    match_by: str = ImportKey.PERSON,
    at_once: bool = False,
) -> Job:
    """Bring the file in: a job that a worker takes up, or (`at_once`) one that has run when this returns.

    Raises `AlreadyImported`, and `AgentInactive` where the agent takes no leads.
    """
    if agent is not None and not agent.is_active:
        raise AgentInactive(agent)
    with transaction.atomic():
        file = ImportFile.objects.select_for_update().get(pk=file.pk)
        if file.job is not None:
            raise AlreadyImported
        file.mapping, file.mode, file.match_by, file.agent = dict(mapping), mode, match_by, agent
        file.job = start_job(
            IMPORT,
            {"file_id": str(file.pk)},
            by=by,
            title=f"Import {file.name}"[:200],
            total=file.total,
            queued=not at_once,
        )
        file.save(update_fields=["mapping", "mode", "match_by", "agent", "job"])
    return run_now(file.job) if at_once else file.job


@transaction.atomic
def start_check(
    file: ImportFile,
    *,
    by: User,
    agent: Agent | None = None,
    mode: str = ImportMode.NEW,
    match_by: str = ImportKey.PERSON,
) -> Job:
    """Look at the whole of a large file without bringing it in."""
    file.mode, file.match_by = mode, match_by
    file.save(update_fields=["mode", "match_by"])
    params = {"file_id": str(file.pk), "agent_id": str(agent.pk) if agent else None}
    return start_job(CHECK, params, by=by, title=f"Check {file.name}"[:200], total=file.total)


def run_now(job: Job) -> Job:
    """To its end. Raises `Conflict` with its sentence where it failed."""
    run_job(job.pk)
    job.refresh_from_db()
    if job.state != JobState.SUCCEEDED:
        raise Conflict(job.message or "The import could not be finished")
    return job


def foresee_file(
    file: ImportFile,
    mapping: Mapping[str, str],
    *,
    by: User,
    agent: Agent | None = None,
    mode: str = ImportMode.NEW,
    match_by: str = ImportKey.PERSON,
    seconds: float | None = None,
) -> Outcome:
    """What an import would do at this moment, of as many rows as can be looked at in so many seconds."""
    company = Company.objects.get(pk=current_company_id())
    plan = Plan(file.headers, mapping, company, by, agent, mode, match_by)
    return foresee(all_rows(file), plan, seconds=seconds)


def remembered(headers: Sequence[str]) -> ImportMapping | None:
    """What the company chose last for a file with these columns."""
    return ImportMapping.objects.filter(key=key_of(headers)).first()


def remember(headers: Sequence[str], mapping: Mapping[str, str], mode: str, match_by: str) -> None:
    """For the next file with the same columns, in whatever order they stand there."""
    chosen = {"mapping": dict(mapping), "mode": mode, "match_by": match_by, "used_at": now()}
    ImportMapping.objects.update_or_create(key=key_of(headers), defaults=chosen)


def key_of(headers: Sequence[str]) -> str:
    return hashlib.sha256(signature(headers).encode()).hexdigest()


@transaction.atomic
def discard_file(file: ImportFile, *, by: User) -> None:
    """Throw away an upload that has not run; one that has stays as a record."""
    file = ImportFile.objects.select_for_update().get(pk=file.pk)
    if file.job is None:
        record(events.IMPORT_DISCARDED, file, by=by)
        forget_file(file)


def forget_file(file: ImportFile) -> None:
    """An upload that was only looked at leaves no trace."""
    wipe_rows(file)
    file.delete()


def purge_files() -> int:
    """Throw away uploads of the active company that nobody ran within a day, and what ended imports left; how many."""
    count = 0
    for file in _old_files().select_related("job")[:1000]:
        wipe_rows(file)
        if file.job is None:
            file.delete()
        count += 1
    return count


def companies_with_old_files() -> list[UUID]:
    return list(_old_files().order_by().values_list("company_id", flat=True).distinct())


def _old_files() -> QuerySet[ImportFile]:
    over = Q(job=None) | ~Q(job__state__in=ACTIVE)
    return ImportFile.objects.filter(over, created_at__lt=now() - timedelta(days=KEPT_DAYS)).exclude(rows="")
