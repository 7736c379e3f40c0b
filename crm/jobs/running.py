"""Doing a job batch by batch, so that a worker killed at any point loses and repeats nothing.

A worker leases the job; each batch locks its row, checks the lease, does the work and moves the cursor in one
transaction. A lease that ran out tells that the worker died, and the next one goes on from the cursor. A batch that
takes longer than its lease is safe: its lock on the row says that somebody is at it, and dies with the worker.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from threading import Event, Thread
from typing import Any
from uuid import UUID

from django.db import DatabaseError, connection, transaction
from django.db.models import Q
from django.utils.timezone import now

from crm.accounts.models import User
from crm.audit.recording import in_batch, record
from crm.core.bulk_rows import insert_rows
from crm.core.collector import uncollected
from crm.core.errors import Refused
from crm.core.ids import uuid7
from crm.core.tenancy import company_active, current_company_id
from crm.jobs import events
from crm.jobs.kinds import Batch, RowProblem, kind_of
from crm.jobs.models import ACTIVE, SHOWN_ERRORS, Job, JobError, JobState

LEASE_SECONDS = 60
MAX_TRIES = 3
BROKEN = "Something went wrong on our side; what was done so far is kept. It can be started again."
log = logging.getLogger(__name__)


def run_job(pk: UUID) -> None:
    """Take the job up where it stands and do it to its end, unless another worker is at it."""
    lease = claim(pk)
    if lease is None:
        return
    while run_next(pk, lease):
        pass


def claim(pk: UUID) -> UUID | None:
    """A lease on the job, or none where it is over or another worker is at it; waits for nobody."""
    at = now()
    free = Q(leased_until=None) | Q(leased_until__lt=at)
    with transaction.atomic():
        job = (
            Job.objects.select_for_update(skip_locked=connection.features.has_select_for_update_skip_locked)
            .filter(free, pk=pk, state__in=ACTIVE)
            .first()
        )
        if job is None:
            return None
        job.state, job.lease, job.leased_until = JobState.RUNNING, uuid7(), at + timedelta(seconds=LEASE_SECONDS)
        job.started_at, job.updated_at = job.started_at or at, at
        job.save(update_fields=["state", "lease", "leased_until", "started_at", "updated_at"])
        return job.lease


def run_next(pk: UUID, lease: UUID) -> bool:
    """Do one batch; whether there is another one to do under this lease."""
    try:
        _work_between(pk, lease)
        with transaction.atomic():
            job = Job.objects.select_for_update().filter(pk=pk, lease=lease, state=JobState.RUNNING).first()
            if job is None:
                return False
            return _work(job)
    except Refused as refusal:
        return _give_up(pk, lease, refusal.message)
    except DatabaseError:
        log.exception("A batch of job %s failed", pk)
        return _try_again(pk, lease)
    except Exception:
        log.exception("Job %s failed", pk)
        return _give_up(pk, lease, BROKEN)


@transaction.atomic
def do_now(kind: str, params: Mapping[str, Any], work: Callable[[], Batch], *, by: User, title: str) -> Job:
    """Small work done within the request, left as a job that is over: it is listed and can be taken back like any."""
    kind_of(kind)
    at = now()
    job = Job(kind=kind, params=dict(params), user=by, title=title[:200], created_at=at, started_at=at)
    with in_batch(job.pk):
        batch = work()
    job.cursor, job.processed, job.succeeded, job.failed = None, batch.processed, batch.succeeded, len(batch.problems)
    job.result, job.total, job.state = dict(batch.result), batch.processed, JobState.SUCCEEDED
    job.first_errors = [*map(_as_json, batch.problems[:SHOWN_ERRORS])]
    job.finished_at = job.updated_at = now()
    insert_rows(Job, [job])
    insert_rows(JobError, _errors(job, batch))
    record(events.JOB_FINISHED, job, by=by, data={"succeeded": job.succeeded, "failed": job.failed})
    return job


def _work_between(pk: UUID, lease: UUID) -> None:
    job = Job.objects.filter(pk=pk, lease=lease, state=JobState.RUNNING, cancel_asked=False).first()
    if job is not None and (between := kind_of(job.kind).between) is not None:
        with lease_renewed(pk, lease):
            between(job)


@contextmanager
def lease_renewed(pk: UUID, lease: UUID) -> Iterator[None]:
    """Nobody takes the job away while the block runs, however long that is; killed, it ends with the worker."""
    over, company = Event(), current_company_id()

    def renew() -> None:
        try:
            while not over.wait(LEASE_SECONDS / 4):
                with company_active(company):
                    until = now() + timedelta(seconds=LEASE_SECONDS)
                    Job.objects.filter(pk=pk, lease=lease).update(leased_until=until)
        finally:
            connection.close()

    thread = Thread(target=renew, name=f"lease of {pk}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _work(job: Job) -> bool:
    if job.cancel_asked:
        return _end(job, JobState.CANCELLED)
    kind = kind_of(job.kind)
    with in_batch(job.pk), uncollected():
        batch = kind.run_batch(job)
    _take_over(job, batch)
    if batch.cursor is not None:
        job.leased_until = now() + timedelta(seconds=LEASE_SECONDS)
        job.save(update_fields=[*PROGRESS, "leased_until"])
        return True
    if kind.finish is not None:
        with in_batch(job.pk):
            kind.finish(job)
    record(events.JOB_FINISHED, job, by=job.user, data={"succeeded": job.succeeded, "failed": job.failed})
    if job.undoes is not None:
        Job.objects.filter(pk=job.undoes.pk).update(state=JobState.UNDONE, updated_at=now())
        record(events.JOB_UNDONE, job.undoes, by=job.user, data={"job_id": job.pk})
    return _end(job, JobState.SUCCEEDED)


PROGRESS = ["cursor", "processed", "succeeded", "failed", "result", "first_errors", "tries", "total", "updated_at"]


def _take_over(job: Job, batch: Batch) -> None:
    job.cursor = batch.cursor
    job.processed += batch.processed
    job.succeeded += batch.succeeded
    job.failed += len(batch.problems)
    job.result = {**job.result, **batch.result}
    job.tries, job.updated_at = 0, now()
    job.first_errors = [*job.first_errors, *map(_as_json, batch.problems[: SHOWN_ERRORS - len(job.first_errors)])]
    insert_rows(JobError, _errors(job, batch))


def _errors(job: Job, batch: Batch) -> list[JobError]:
    return [
        JobError(job=job, row=p.row, object_id=p.object_id[:64], message=p.message, data=dict(p.data))
        for p in batch.problems
    ]


def _as_json(problem: RowProblem) -> dict[str, Any]:
    """As the API shows it: of a file the row, of objects the id, and why."""
    where = {"row": problem.row, "id": problem.object_id}
    return {**{name: value for name, value in where.items() if value}, "error": problem.message}


def _end(job: Job, state: JobState) -> bool:
    job.state, job.finished_at, job.leased_until, job.lease = state, now(), None, None
    job.updated_at = now()
    job.save(update_fields=[*PROGRESS, "state", "finished_at", "leased_until", "lease", "result_file", "result_name"])
    return False


@transaction.atomic
def _give_up(pk: UUID, lease: UUID, message: str) -> bool:
    job = Job.objects.select_for_update().filter(pk=pk, lease=lease).first()
    if job is not None:
        job.state, job.message, job.finished_at, job.leased_until = JobState.FAILED, message, now(), None
        job.updated_at = now()
        job.save(update_fields=["state", "message", "finished_at", "leased_until", "updated_at"])
        record(events.JOB_FAILED, job, by=job.user, data={"processed": job.processed})
    return False


def _try_again(pk: UUID, lease: UUID) -> bool:
    """A deadlock or a lost connection: the batch has done nothing and is begun anew, three times in a row at most."""
    if not connection.in_atomic_block:
        connection.close_if_unusable_or_obsolete()
    job = Job.objects.get(pk=pk)
    if job.tries + 1 >= MAX_TRIES:
        return _give_up(pk, lease, BROKEN)
    Job.objects.filter(pk=pk, lease=lease).update(tries=job.tries + 1)
    return True


def left_behind() -> list[tuple[UUID, UUID]]:
    """(company, job) of active jobs that no worker is at: never taken up, or left by one that died."""
    at = now()
    waiting = Q(leased_until=None, created_at__lt=at - timedelta(seconds=20)) | Q(leased_until__lt=at)
    return list(Job.objects.filter(waiting, state__in=ACTIVE).order_by("id").values_list("company_id", "pk")[:1000])
