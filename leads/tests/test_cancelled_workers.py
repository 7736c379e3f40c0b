"""Import, bulk work and undo cancelled while a worker process is at them: what is done stays, is counted and can be
taken back; the rest is as it was."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from agents.models import Agent
from crm.accounts.models import Company, User
from crm.audit.models import AuditEntry
from crm.core.tenancy import company_active
from crm.jobs.actions import cancel_job, undo_job
from crm.jobs.errors import CannotUndo
from crm.jobs.models import Job, JobError, JobState
from crm.jobs.running import left_behind, run_job
from leads.bulk_jobs import ASSIGN, DELETE, UPDATE, BulkWork, start
from leads.importing.actions import keep_file, start_import
from leads.importing.mapping import suggest
from leads.models import Assignment, Contact, ImportFile, Lead, StageChange
from leads.tests.assigning import make_leads
from leads.tests.workers import BATCH, met_in_the_middle, need_one_database

pytestmark = pytest.mark.django_db(transaction=True)
LEADS = 150
Act = Callable[[Job], Any]


@pytest.fixture
def here(company: Company, monkeypatch: pytest.MonkeyPatch) -> Iterator[Company]:
    need_one_database(monkeypatch)
    with company_active(company.pk):
        yield company


def cancelled_in_the_middle(company: Company, job: Job, cancel: Act) -> Job:
    """The job as the worker left it, which has ended of itself."""
    process = met_in_the_middle(company, job)
    try:
        cancel(job)
        assert process.wait(timeout=30) == 0
    finally:
        process.kill()
    job.refresh_from_db()
    assert (job.state, job.cancel_asked) == (JobState.CANCELLED, True)
    assert job.finished_at and job.lease is None and job.leased_until is None
    assert 3 * BATCH <= job.processed < LEADS and job.processed % BATCH == 0
    assert (job.processed, job.failed) == (job.succeeded + job.failed, JobError.objects.filter(job=job).count())
    told = AuditEntry.objects.get(object_id=job.pk, action="job.cancelled")
    assert told.data["processed"] == job.processed, "the batch that ran was waited for"
    assert left_behind() == [], "nobody takes it up again"
    run_job(job.pk)
    assert Job.objects.get(pk=job.pk).processed == job.processed
    return job


def by_action(user: User) -> Act:
    return lambda job: cancel_job(job, by=user)


def by_page(user: User) -> Act:
    def cancel(job: Job) -> None:
        client = Client()
        client.force_login(user)
        assert client.post(reverse("jobs:cancel", args=[job.pk])).status_code == 302

    return cancel


def taken_back(job: Job, by: User) -> Job:
    undoing = undo_job(job, by=by)
    run_job(undoing.pk)
    undoing.refresh_from_db(), job.refresh_from_db()
    assert (undoing.state, undoing.failed, job.state) == (JobState.SUCCEEDED, 0, JobState.UNDONE), undoing.message
    with pytest.raises(CannotUndo, match="already"):
        undo_job(job, by=by)
    return undoing


def entries(action: str) -> int:
    return AuditEntry.objects.filter(action=action).count()


def test_of_a_cancelled_import_stays_what_was_brought_in_and_that_can_be_taken_back(
    here: Company, manager: User
) -> None:
    lines = [f"P{n},{'12' if n % 15 == 14 else f'+1415555{2000 + n}'}" for n in range(LEADS)]
    file = keep_file(SimpleUploadedFile("l.csv", "\n".join(["first_name,phone", *lines]).encode()), by=manager)
    job = start_import(file, suggest(file.headers), by=manager)
    cancelled_in_the_middle(here, job, by_page(manager))
    assert job.failed and job.result["created"] == job.result["new_contacts"] == job.succeeded
    assert Lead.objects.filter(import_file=file).count() == Contact.objects.count() == job.succeeded
    assert entries("lead.created") == job.succeeded and entries("leads.imported") == 0
    client = Client()
    client.force_login(manager)
    page = client.get(reverse("leads:import_file", args=[file.pk])).content.decode()
    shown = [f">{count}</dd>" for count in (job.succeeded, job.failed, job.processed, LEADS)]
    assert "Cancelled" in page and all(count in page for count in shown) and f">{job.succeeded}</a>" in page
    assert "Every row was taken" not in page

    undoing = taken_back(job, manager)
    assert undoing.succeeded == 2 * job.succeeded  # leads and contacts
    assert not Lead.objects.alive().exists() and not Contact.objects.alive().exists()
    assert ImportFile.objects.get().job == job


@pytest.mark.parametrize("kind", [UPDATE, ASSIGN, DELETE])
def test_of_cancelled_bulk_work_stays_what_was_done_and_that_can_be_taken_back(
    here: Company, manager: User, agent: Agent, kind: str
) -> None:
    Agent.objects.update(max_capacity=LEADS)
    make_leads(LEADS)
    what: dict[str, Any] = {
        UPDATE: {"changes": {"stage": "mql"}},
        ASSIGN: {"strategy": "manual", "pool": [agent.pk]},
        DELETE: {},
    }[kind]
    done = {
        UPDATE: lambda: Lead.objects.filter(stage="mql").count(),
        ASSIGN: lambda: Lead.objects.filter(agent=agent).count(),
        DELETE: lambda: Lead.objects.exclude(deleted_at=None).count(),
    }[kind]
    told = {UPDATE: "lead.stage_changed", ASSIGN: "lead.assigned", DELETE: "lead.deleted"}[kind]
    job = start(BulkWork(kind, filters={"stage": "lead"}, **what), by=manager, total=LEADS)
    cancelled_in_the_middle(here, job, by_action(manager))
    assert done() == job.succeeded == entries(told)
    if kind == ASSIGN:
        assert job.result["distribution"] == {str(agent.pk): job.succeeded}
    assert taken_back(job, manager).succeeded == job.succeeded
    assert done() == 0 and Lead.objects.open().filter(stage="lead", agent=None).count() == LEADS


@pytest.mark.parametrize("kind", [UPDATE, ASSIGN, DELETE, "import"])
def test_a_cancelled_undo_leaves_the_rest_as_the_job_left_it_and_a_second_one_ends_it(
    here: Company, manager: User, agent: Agent, other_agent: Agent, kind: str
) -> None:
    Agent.objects.update(max_capacity=LEADS)
    if kind == "import":
        lines = ["first_name,phone", *(f"P{n},+1415555{2000 + n}" for n in range(LEADS))]
        file = keep_file(SimpleUploadedFile("l.csv", "\n".join(lines).encode()), by=manager)
        job = start_import(file, suggest(file.headers), by=manager)
    else:
        make_leads(LEADS, agent=agent)
        what: dict[str, Any] = {
            UPDATE: {"changes": {"stage": "mql", "source": "fair"}},
            ASSIGN: {"strategy": "manual", "pool": [other_agent.pk]},
            DELETE: {},
        }[kind]
        job = start(BulkWork(kind, filters={"status": "new"}, **what), by=manager, total=LEADS)
    run_job(job.pk)
    left = {
        UPDATE: lambda: Lead.objects.filter(stage="mql", source="fair").count(),
        ASSIGN: lambda: Lead.objects.filter(agent=other_agent).count(),
        DELETE: lambda: Lead.objects.exclude(deleted_at=None).count(),
        "import": lambda: Lead.objects.alive().count(),
    }[kind]
    assert left() == LEADS
    undoing = undo_job(job, by=manager)
    cancelled_in_the_middle(here, undoing, by_action(manager))
    job.refresh_from_db()
    assert (left(), job.state) == (LEADS - undoing.succeeded, JobState.SUCCEEDED)

    taken_back(job, manager)
    assert left() == 0
    if kind == "import":
        assert not Contact.objects.alive().exists() and entries("lead.deleted") == LEADS
    else:
        assert Lead.objects.open().filter(agent=agent, stage="lead", source="").count() == LEADS
    if kind == UPDATE:
        assert StageChange.objects.filter(reason="Undo").count() == LEADS, "none is put back twice"
    if kind == ASSIGN:
        assert Assignment.objects.filter(to_agent=agent, reason={"undone": str(job.pk)}).count() == LEADS
