import time
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection
from django.utils.timezone import now

from crm.audit.models import AuditEntry
from crm.core.errors import Conflict
from crm.core.tenancy import company_active
from crm.jobs import kinds
from crm.jobs.actions import cancel_job, start_job, undo_job
from crm.jobs.errors import CannotUndo, JobIsOver
from crm.jobs.kinds import Batch, Kind, RowProblem
from crm.jobs.models import Job, JobError, JobState
from crm.jobs.running import claim, left_behind, run_job, run_next
from crm.jobs.tasks import take_up


def count_to(job):
    """Ten at a time to `params["to"]`; every seventh is refused."""
    start = job.cursor or 0
    end = min(start + 10, job.params["to"])
    problems = [RowProblem("seven", row=n) for n in range(start, end) if n % 7 == 6]
    return Batch(end if end < job.params["to"] else None, end - start - len(problems), problems, {"at": end})


@pytest.fixture(autouse=True)
def _kinds(monkeypatch):
    monkeypatch.setattr(kinds, "_kinds", dict(kinds._kinds))
    kinds.register(Kind("test.count", "Counting", "leads.bulk", count_to, undo_kind="test.uncount"))
    kinds.register(Kind("test.uncount", "Counting back", "leads.bulk", lambda job: Batch(None, 1)))


def start(by, to=25, kind="test.count"):
    return start_job(kind, {"to": to}, by=by, title="Count", total=to)


def test_a_job_runs_to_its_end_and_tells(in_company, manager, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        job = start(manager)
    job.refresh_from_db()
    assert (job.state, job.processed, job.succeeded, job.failed) == (JobState.SUCCEEDED, 25, 22, 3)
    assert job.result == {"at": 25} and job.started_at and job.finished_at and job.leased_until is None
    assert list(JobError.objects.order_by("id").values_list("row", flat=True)) == [6, 13, 20]
    assert list(AuditEntry.objects.order_by("id").values_list("action", flat=True)) == ["job.started", "job.finished"]


def test_a_job_left_by_a_killed_worker_goes_on_from_its_last_batch(in_company, manager):
    job = start(manager)
    lease = claim(job.pk)
    assert run_next(job.pk, lease) and claim(job.pk) is None, "the lease holds"
    Job.objects.filter(pk=job.pk).update(leased_until=now() - timedelta(seconds=1))
    run_job(job.pk)
    job.refresh_from_db()
    assert (job.state, job.processed) == (JobState.SUCCEEDED, 25)
    assert not run_next(job.pk, lease), "the first worker, awake again, does nothing more"
    assert JobError.objects.count() == 3


def test_what_nobody_took_up_is_sent_again(in_company, manager, django_capture_on_commit_callbacks):
    job = start(manager)
    Job.objects.filter(pk=job.pk).update(created_at=now() - timedelta(minutes=1))
    with django_capture_on_commit_callbacks(execute=True):
        take_up.apply()
    job.refresh_from_db()
    assert job.state == JobState.SUCCEEDED


def test_cancelling_stops_before_the_next_batch(in_company, manager):
    job = start(manager)
    lease = claim(job.pk)
    run_next(job.pk, lease)
    cancel_job(job, by=manager)
    assert not run_next(job.pk, lease)
    job.refresh_from_db()
    assert (job.state, job.processed) == (JobState.CANCELLED, 10)
    with pytest.raises(JobIsOver):
        cancel_job(job, by=manager)


def test_a_refusal_fails_the_job_with_its_sentence(in_company, manager, monkeypatch):
    def refuse(job):
        raise Conflict("The file is gone")

    kinds.register(Kind("test.refused", "Refused", "leads.bulk", refuse))
    job = start(manager, kind="test.refused")
    run_job(job.pk)
    job.refresh_from_db()
    assert (job.state, job.message) == (JobState.FAILED, "The file is gone")


def test_a_fault_of_the_database_is_tried_three_times(in_company, manager, caplog):
    tries = []

    def break_down(job):
        tries.append(job.pk)
        raise DatabaseError("deadlock")

    kinds.register(Kind("test.broken", "Broken", "leads.bulk", break_down))
    job = start(manager, kind="test.broken")
    run_job(job.pk)
    job.refresh_from_db()
    assert len(tries) == 3 and job.state == JobState.FAILED and "deadlock" not in job.message


def test_undo_runs_once_and_marks_the_first(in_company, manager, django_capture_on_commit_callbacks):
    job = start(manager)
    with pytest.raises(CannotUndo, match="still running"):
        undo_job(job, by=manager)
    run_job(job.pk)
    with django_capture_on_commit_callbacks(execute=True):
        undo_job(job, by=manager)
    job.refresh_from_db()
    assert job.state == JobState.UNDONE
    with pytest.raises(CannotUndo, match="already"):
        undo_job(job, by=manager)


def test_undo_is_refused_after_thirty_days(in_company, manager):
    job = start(manager)
    run_job(job.pk)
    Job.objects.filter(pk=job.pk).update(created_at=now() - timedelta(days=31))
    with pytest.raises(CannotUndo, match="30 days"):
        undo_job(job, by=manager)


@pytest.mark.skipif(connection.vendor != "postgresql", reason="needs PostgreSQL")
@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_long_work_between_two_batches_keeps_its_lease(company, manager, monkeypatch):
    monkeypatch.setattr("crm.jobs.running.LEASE_SECONDS", 1)
    seen = []

    def dawdle(job):
        time.sleep(2.5)
        seen.extend([claim(job.pk), left_behind()])

    kinds.register(Kind("test.slow", "Slow", "leads.bulk", lambda job: Batch(None, 1), between=dawdle))
    with company_active(company.pk):
        monkeypatch.setattr("crm.jobs.actions.later", lambda *args: None)
        job = start(manager, kind="test.slow")
        run_job(job.pk)
        job.refresh_from_db()
    assert seen == [None, []] and job.state == JobState.SUCCEEDED


def test_a_job_that_is_to_stop_does_no_long_work(in_company, manager):
    done = []
    kinds.register(Kind("test.slow", "Slow", "leads.bulk", lambda job: Batch(None, 1), between=done.append))
    job = start(manager, kind="test.slow")
    lease = claim(job.pk)
    cancel_job(job, by=manager)
    assert not run_next(job.pk, lease) and not done
