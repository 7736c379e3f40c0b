"""Starting, cancelling and undoing jobs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils.timezone import now

from crm.accounts.models import User
from crm.audit.recording import record
from crm.core.tasks import later
from crm.jobs import events
from crm.jobs.errors import CannotUndo, JobIsOver
from crm.jobs.kinds import kind_of
from crm.jobs.models import ACTIVE, Job, JobState

UNDO_DAYS = 30


@transaction.atomic
def start_job(
    kind: str,
    params: Mapping[str, Any],
    *,
    by: User,
    title: str,
    total: int | None = None,
    undoes: Job | None = None,
    queued: bool = True,
) -> Job:
    """Queue the work; a worker takes it up after the commit. `params` is JSON (ids as text).

    Not `queued`, the caller runs it itself (`running.run_job`), and a worker only what it left.
    """
    kind_of(kind)
    job = Job.objects.create(kind=kind, params=dict(params), user=by, title=title, total=total, undoes=undoes)
    record(events.JOB_STARTED, job, by=by, data={"kind": kind, "total": total})
    if queued:
        later("jobs.run", job.pk)
    return job


@transaction.atomic
def cancel_job(job: Job, *, by: User) -> Job:
    """Stop it before its next batch; what is done stays done. Raises `JobIsOver`."""
    job = Job.objects.select_for_update().get(pk=job.pk)
    if job.state not in ACTIVE:
        raise JobIsOver
    job.cancel_asked, job.updated_at = True, now()
    if job.state == JobState.QUEUED:
        job.state, job.finished_at = JobState.CANCELLED, now()
    job.save(update_fields=["cancel_asked", "state", "finished_at", "updated_at"])
    record(events.JOB_CANCELLED, job, by=by, data={"processed": job.processed})
    return job


@transaction.atomic
def undo_job(job: Job, *, by: User, queued: bool = True) -> Job:
    """Start the job that takes this one back (`start_job`); raises `CannotUndo` with the reason."""
    job = Job.objects.select_for_update().get(pk=job.pk)
    kind = kind_of(job.kind)
    if not kind.undo_kind:
        raise CannotUndo("This kind of work cannot be undone")
    if job.state not in (JobState.SUCCEEDED, JobState.CANCELLED, JobState.FAILED):
        raise CannotUndo("It has been undone already" if job.state == JobState.UNDONE else "It is still running")
    if job.created_at < now() - timedelta(days=UNDO_DAYS):
        raise CannotUndo(f"It is older than {UNDO_DAYS} days")
    if job.undone_by.filter(state__in=ACTIVE).exists():
        raise CannotUndo("It is being undone at this moment")
    return start_job(
        kind.undo_kind,
        {"job_id": str(job.pk)},
        by=by,
        title=f"Undo: {job.title}"[:200],
        total=job.succeeded,
        undoes=job,
        queued=queued,
    )
