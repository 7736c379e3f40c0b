"""A worker process killed with SIGKILL in the middle of bulk work and of its undo; and edits beside an undo."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection

from agents.models import Agent
from crm.accounts.models import Company, User
from crm.audit.models import AuditEntry
from crm.core.tenancy import company_active
from crm.jobs.actions import undo_job
from crm.jobs.models import JobState
from crm.jobs.running import run_job
from leads.actions import update_lead
from leads.bulk_jobs import ASSIGN, DELETE, UPDATE, BulkWork, start
from leads.importing.actions import keep_file, start_import
from leads.importing.mapping import suggest
from leads.models import Assignment, Contact, Lead, StageChange
from leads.tests.assigning import make_leads
from leads.tests.test_concurrency import together
from leads.tests.workers import killed_in_the_middle, need_one_database, taken_up

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="needs PostgreSQL"),
    pytest.mark.django_db(transaction=True),
]
LEADS = 120


@pytest.fixture
def here(company: Company, monkeypatch: pytest.MonkeyPatch) -> Iterator[Company]:
    need_one_database(monkeypatch)
    with company_active(company.pk):
        yield company


def events(action: str) -> int:
    return AuditEntry.objects.filter(action=action).count()


def test_bulk_work_killed_in_the_middle_changes_each_lead_once(here: Company, manager: User) -> None:
    leads = make_leads(LEADS)
    ids = [str(lead.pk) for lead in leads]
    job = start(BulkWork(UPDATE, lead_ids=ids, changes={"stage": "mql"}), by=manager, total=LEADS)
    killed = killed_in_the_middle(here, job)
    assert Lead.objects.filter(stage="mql").count() == killed.succeeded, (
        "what the batch had written went with the worker"
    )
    assert taken_up(here, job).succeeded == LEADS
    assert Lead.objects.filter(stage="mql").count() == LEADS
    assert (StageChange.objects.count(), events("lead.stage_changed")) == (LEADS, LEADS)


@pytest.mark.parametrize("kind", [UPDATE, ASSIGN, DELETE])
def test_undo_killed_in_the_middle_puts_each_lead_back_once(
    here: Company, manager: User, agent: Agent, other_agent: Agent, kind: str
) -> None:
    Agent.objects.update(max_capacity=LEADS)
    leads = make_leads(LEADS, agent=agent)
    what: dict[str, Any] = {
        UPDATE: {"changes": {"stage": "mql", "source": "fair"}},
        ASSIGN: {"strategy": "manual", "pool": [other_agent.pk]},
        DELETE: {},
    }[kind]
    job = start(BulkWork(kind, lead_ids=[str(lead.pk) for lead in leads], **what), by=manager, total=LEADS)
    run_job(job.pk)
    done = {
        UPDATE: lambda: Lead.objects.filter(stage="mql", source="fair").count(),
        ASSIGN: lambda: Lead.objects.filter(agent=other_agent).count(),
        DELETE: lambda: Lead.objects.exclude(deleted_at=None).count(),
    }[kind]
    assert done() == LEADS
    undoing = undo_job(job, by=manager)
    killed = killed_in_the_middle(here, undoing)
    assert done() == LEADS - killed.succeeded
    assert taken_up(here, undoing).succeeded == LEADS
    assert done() == 0
    assert Lead.objects.open().filter(agent=agent, stage="lead", source="").count() == LEADS
    if kind == ASSIGN:
        assert Assignment.objects.filter(to_agent=agent, reason={"undone": str(job.pk)}).count() == LEADS
    if kind == UPDATE:
        assert StageChange.objects.filter(reason="Undo").count() == LEADS
    job.refresh_from_db()
    assert job.state == JobState.UNDONE


def test_undo_of_an_import_killed_in_the_middle_takes_everything_back(here: Company, manager: User) -> None:
    lines = ["first_name,phone", *(f"P{n},+1415555{2000 + n}" for n in range(LEADS))]
    file = keep_file(SimpleUploadedFile("l.csv", "\n".join(lines).encode()), by=manager)
    job = start_import(file, suggest(file.headers), by=manager)
    run_job(job.pk)
    assert Lead.objects.alive().count() == Contact.objects.alive().count() == LEADS
    undoing = undo_job(job, by=manager)
    killed_in_the_middle(here, undoing)
    assert taken_up(here, undoing).succeeded == 2 * LEADS  # leads, then contacts
    assert (Lead.objects.alive().count(), Contact.objects.alive().count()) == (0, 0)
    assert (events("lead.deleted"), events("contact.deleted")) == (LEADS, LEADS)


def test_an_edit_beside_an_undo_is_never_lost(here: Company, manager: User, agent: Agent) -> None:
    """Whichever comes first: what a person writes stands there in the end, and nothing else is left behind."""
    for number in range(6):
        leads = make_leads(3, number * 10)
        job = start(
            BulkWork(UPDATE, lead_ids=[str(lead.pk) for lead in leads], changes={"source": "fair", "priority": 4}),
            by=manager, total=3,
        )  # fmt: skip
        run_job(job.pk)
        undoing = undo_job(job, by=manager)
        works: list[Callable[[], Any]] = [
            lambda undoing=undoing: run_job(undoing.pk),
            lambda lead=leads[1]: update_lead(lead, {"source": "phone"}, by=manager),
        ]
        assert together(here, works) == {"done": 2}
        for lead in leads:
            lead.refresh_from_db()
        assert [lead.source for lead in leads] == ["", "phone", ""]
        assert [lead.priority for lead in leads] == [2, 2, 2]
        undoing.refresh_from_db()
        assert undoing.failed in (0, 1)


def test_a_hand_over_beside_an_undo_fills_nobody(
    here: Company, manager: User, agent: Agent, other_agent: Agent
) -> None:
    from leads.assignment import assign_lead

    Agent.objects.filter(pk=agent.pk).update(max_capacity=3)
    for number in range(4):
        Lead.objects.all().update(status="done")
        held, waiting = make_leads(3, number * 20, agent=agent), make_leads(3, number * 20 + 10)
        ids = [str(lead.pk) for lead in held]
        job = start(BulkWork(ASSIGN, lead_ids=ids, strategy="manual", pool=[other_agent.pk]), by=manager, total=3)
        run_job(job.pk)
        undoing = undo_job(job, by=manager)
        works: list[Callable[[], Any]] = [lambda undoing=undoing: run_job(undoing.pk)]
        works += [lambda lead=lead: assign_lead(lead, agent, by=manager) for lead in waiting]
        outcomes = together(here, works)
        assert set(outcomes) <= {"done", "CapacityExceeded"}, outcomes
        assert Lead.objects.open().filter(agent=agent).count() == 3
