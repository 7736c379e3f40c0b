"""Many leads called at once: each as it would be alone, by statements that do not grow."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from agents.models import Agent
from agents.tests.factories import AgentFactory
from calls.actions import schedule_lead, schedule_many
from calls.tests.conftest import NOON, new_lead
from crm.accounts.models import Company, User
from crm.audit.models import AuditEntry
from crm.core.errors import InvalidField, Refused
from crm.core.ids import uuid7
from crm.core.tenancy import company_active
from crm.jobs.models import Job
from crm.jobs.running import run_job
from leads.models import Lead
from leads.tests.factories import ContactFactory

pytestmark = pytest.mark.django_db
URL = "/api/v1/calls/bulk-schedule"
SLEEPING = "+6421234567"  # where it is the middle of the night at NOON
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _at_noon() -> Iterator[None]:
    with time_machine.travel(NOON, tick=False):
        yield


def in_every_state(voice: Agent, agent: Agent) -> list[Lead]:
    return [
        new_lead(voice, next_attempt_at=NOON + HOUR),
        new_lead(agent, schedule_at=NOON + HOUR),
        new_lead(voice, contact=ContactFactory(phone_e164=SLEEPING)),
        new_lead(voice, status="done", closed_at=NOON),
        new_lead(None),  # type: ignore[arg-type]
        new_lead(AgentFactory(is_active=False)),
        new_lead(voice, attempts_count=3),
        new_lead(voice, contact=ContactFactory(do_not_contact=True)),
        new_lead(voice, contact=ContactFactory(phone_e164="")),
        new_lead(voice, deleted_at=NOON),
    ]


def alone(lead: Lead, by: User, at: Any) -> tuple[str, Any]:
    """What the single one says of it, which is then taken back."""
    with transaction.atomic():
        try:
            found = "", schedule_lead(lead, by=by, wanted_at=at).held_until
        except Refused as refused:
            found = refused.message, None
        transaction.set_rollback(True)
    return found


@pytest.mark.parametrize("wanted", [None, NOON - HOUR, NOON + 2 * HOUR, NOON + 12 * HOUR], ids=str)
def test_each_lead_has_the_answer_that_it_would_have_alone(
    in_company: Company, voice: Agent, agent: Agent, manager: User, run_later: Any, wanted: Any
) -> None:
    leads = in_every_state(voice, agent)
    single = {lead.pk: alone(lead, manager, wanted) for lead in leads}
    run_later.clear()
    found = schedule_many([lead.pk for lead in leads], by=manager, wanted_at=wanted)
    refused = dict(found.failed)
    for lead in leads[:-1]:
        assert (refused.get(lead.pk, ""), found.held_until.get(lead.pk)) == single[lead.pk]
    assert refused[leads[-1].pk] == "Lead not found"
    assert found.done == [lead.pk for lead in leads[:3]]
    at = max(wanted or NOON, NOON)
    for lead in leads[:3]:
        lead.refresh_from_db()
        assert (lead.schedule_at, lead.front_at, lead.next_attempt_at) == (at, at, None)
        assert lead.held_until == single[lead.pk][1]
    assert run_later == ([("calls.call_agent", (voice.pk,))] if at == NOON else []), "once for each voice agent"
    told = AuditEntry.objects.filter(action="lead.call_scheduled")
    assert {entry.object_id for entry in told} == set(found.done)


def test_what_is_no_lead_of_the_askers_fails_alone(
    in_company: Company, voice: Agent, due_lead: Lead, manager: User, run_later: Any
) -> None:
    beyond = new_lead(voice)
    names = ["no-id", uuid7(), str(due_lead.pk), beyond.pk, due_lead.pk]
    found = schedule_many(names, by=manager, within=Lead.objects.exclude(pk=beyond.pk))
    assert found.done == [due_lead.pk]
    assert [why for _, why in found.failed] == ["Lead not found"] * 3
    with pytest.raises(InvalidField):
        schedule_many([due_lead.pk], by=manager, wanted_at=NOON + timedelta(days=4000))


def test_the_statements_do_not_grow_with_the_leads(
    in_company: Company, voice: Agent, manager: User, run_later: Any
) -> None:
    costs = []
    for count in (10, 100):
        ids = [new_lead(voice).pk for _ in range(count)]
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert len(schedule_many(ids, by=manager).done) == count
        costs.append(len([q for q in queries if "SAVEPOINT" not in q["sql"]]))
    if connection.vendor == "postgresql":
        assert costs[0] == costs[1] <= 10
    else:
        assert costs[0] <= 11


# --- the doors ------------------------------------------------------------------------------------------------------


def test_the_api_tells_of_each_lead(api: Any, company: Company, voice: Agent, agent: Agent, manager: User) -> None:
    with company_active(company.pk):
        ready, asleep = new_lead(voice), new_lead(voice, contact=ContactFactory(phone_e164=SLEEPING))
    body = api(manager).post(URL, {"lead_ids": ["x", str(ready.pk), str(asleep.pk)]}).json()
    assert (body["success"], body["scheduled_count"], body["failed_count"]) == (True, 2, 1)
    bad, first, second = body["results"]
    assert bad == {"lead_id": "x", "success": False, "error": "Lead not found", "held_until": None}
    assert first == {"lead_id": str(ready.pk), "success": True, "error": None, "held_until": None}
    assert (second["success"], second["held_until"] > "2026-06-24T19:00:00Z") == (True, True)
    hidden = api(agent.user).post(URL, {"lead_ids": [str(ready.pk)]}).json()
    assert (hidden["success"], hidden["results"][0]["error"]) == (False, "Lead not found")
    for wrong, status in (({}, 400), ({"filter": {"colour": "red"}}, 422), ({"lead_ids": [], "at": "soon"}, 422)):
        assert api(manager).post(URL, wrong).status_code == status


def test_a_filter_as_a_job_is_done_by_a_worker(api: Any, company: Company, voice: Agent, manager: User) -> None:
    with company_active(company.pk):
        leads = [new_lead(voice, source="fair") for _ in range(3)]
        new_lead(voice, source="web")
    at = "2026-06-24T21:00:00Z"
    answer = api(manager).post(URL, {"filter": {"source": "fair"}, "at": at, "async": True})
    assert answer.status_code == 202
    with company_active(company.pk):
        job = Job.objects.get(pk=answer.json()["job_id"])
        run_job(job.pk)
        job.refresh_from_db()
        assert (job.state, job.succeeded, job.title) == ("succeeded", 3, "Call 3 leads")
        assert {lead.pk for lead in Lead.objects.filter(front_at=NOON + 2 * HOUR)} == {lead.pk for lead in leads}


def test_ticked_leads_are_called_from_the_list(company: Company, voice: Agent, agent: Agent, manager: User) -> None:
    with company_active(company.pk):
        ready, done = new_lead(voice), new_lead(voice, status="done", closed_at=NOON)
    desk = Client()
    desk.force_login(manager)
    page = desk.get("/leads/").content.decode()
    assert 'value="calls.bulk_schedule"' in page and "Have them called" in page
    sent = {"do": "calls.bulk_schedule", "ids": [str(ready.pk), str(done.pk)], "when-at": ""}
    told = desk.post("/leads/assign/?q=", sent, follow=True)
    assert [str(m) for m in told.context["messages"]] == ["1 lead put at the front, to be called, 1 not."]
    assert "The lead is done; reopen it first" in told.content.decode()
    assert fresh(ready).front_at == NOON
    asked = desk.post("/leads/assign/", {"do": "calls.bulk_schedule", "everything": "1", "when-at": "2026-06-25T10:00"})
    words = asked.content.decode()
    assert "Call 2 leads?" in words and "Not before" in words and "taken back" not in words
    bad = desk.post("/leads/assign/", {**sent, "when-at": "soon"}, follow=True)
    assert "Give the day and time of the call" in bad.content.decode()


def test_chosen_leads_are_called_from_the_desk(company: Company, voice: Agent, manager: User) -> None:
    with company_active(company.pk):
        leads = [new_lead(voice) for _ in range(2)]
    desk, chosen = Client(), {"action": "call", "_selected_action": [str(lead.pk) for lead in leads]}
    desk.force_login(manager)
    asked = desk.post("/admin/leads/lead/", chosen)
    assert "Have the leads called; empty: now" in asked.content.decode()
    desk.post("/admin/leads/lead/", {**chosen, "confirmed": "1", "at_0": "", "at_1": ""}, follow=True)
    assert {fresh(lead).front_at for lead in leads} == {NOON}


def fresh(lead: Lead) -> Lead:
    with company_active(lead.company_id):
        return Lead.objects.get(pk=lead.pk)
