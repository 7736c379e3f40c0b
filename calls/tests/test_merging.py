"""Calls of leads and contacts that become one, and of two again: also while somebody is on the line."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, connections, transaction
from django.test import Client
from django.utils.timezone import now

from agents.models import Agent
from calls.actions import apply_update, call_due_of, control_call, dial, place_call
from calls.attempts import called_since
from calls.errors import BeingCalled
from calls.models import Call, CallEvent
from calls.tests.conftest import new_lead
from calls.tests.factories import CallFactory, OpenVoiceAgentFactory
from calls.tests.fakes import update
from crm.accounts.models import Company, User
from crm.core.tenancy import company_active
from crm.jobs.actions import undo_job
from crm.jobs.running import run_job
from crm.providers.ports import CallOutcome, CallStatus, Control
from leads.assignment import reassign_lead
from leads.duplicates.errors import CannotMerge
from leads.duplicates.jobs import merge_contacts_now, merge_leads_now
from leads.duplicates.merging import merge_contacts
from leads.duplicates.merging_leads import merge_leads
from leads.models import Contact, Lead
from leads.tests.factories import ContactFactory, LeadFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _open_at_all_hours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crm.compliance.gate.hour_rules", lambda *args: ())
    monkeypatch.setattr("crm.compliance.gate.next_permitted", lambda where, facts, start: start)


def attempts(lead: Lead) -> list[int]:
    return list(Call.objects.filter(lead=lead).order_by("attempt").values_list("attempt", flat=True))


def test_calls_go_along_counted_on_behind_those_that_are_there_and_go_back(in_company: Company, manager: User) -> None:
    this = LeadFactory(attempts_count=2)
    other = LeadFactory(contact=this.contact, attempts_count=2)
    for lead in (this, other):
        CallFactory(lead=lead, attempt=1), CallFactory(lead=lead, attempt=2)
    job, done = merge_leads_now(this, other, by=manager)
    this.refresh_from_db()
    assert (attempts(this), attempts(other), this.attempts_count, done.rows) == ([1, 2, 3, 4], [], 4, 2)
    run_job(undo_job(job, by=manager).pk)
    this.refresh_from_db()
    assert (attempts(this), attempts(other), this.attempts_count) == ([1, 2], [1, 2], 2)


# --- while somebody is on the line -----------------------------------------------------------------------------------


@pytest.fixture
def voices(in_company: Company, line: Any, run_later: Any) -> Agent:
    return OpenVoiceAgentFactory(max_concurrent_calls=2, max_attempts=3)


def rung(lead: Lead, agent: Agent) -> Call:
    call_due_of(agent.pk)
    call = Call.objects.get(lead=lead)
    place_call(call.pk)
    apply_update(call, update(call.pk, CallStatus.IN_PROGRESS))
    return Call.objects.select_related("lead", "contact", "agent").get(pk=call.pk)


def end(call: Call) -> None:
    """As a hook tells it that had read the call before."""
    told = {"outcome": CallOutcome.ANSWERED, "disposition_hint": "qualified", "duration_seconds": 90}
    apply_update(call, update(call.pk, CallStatus.COMPLETED, **told))


Merge = Callable[[Lead, Lead, User], Any]
MERGES: dict[str, Merge] = {
    "lead": lambda this, other, by: merge_leads(this, other, by=by),
    "contact": lambda this, other, by: merge_contacts(this.contact, other.contact, by=by),
}


def two(what: str, agent: Agent) -> tuple[Lead, Lead]:
    """The second is in a call; where leads are merged they are of one contact, and the first is nobody's."""
    if what == "lead":
        this = LeadFactory(attempts_count=1)
        CallFactory(lead=this, attempt=1, placed_at=now())
        return this, new_lead(agent, contact=this.contact, created_at=now())
    return LeadFactory(), new_lead(agent, contact=ContactFactory(), created_at=now())


@pytest.mark.parametrize("what", MERGES)
def test_a_call_goes_along_while_it_is_talked_in_and_its_end_finds_the_survivor(
    voices: Agent, manager: User, what: str
) -> None:
    this, other = two(what, voices)
    call = rung(other, voices)
    MERGES[what](this, other, manager)
    end(call)
    call = Call.objects.get(pk=call.pk)
    lead = Lead.objects.get(pk=this.pk if what == "lead" else other.pk)
    assert (call.status, call.lead_id, lead.contact_id) == ("completed", lead.pk, this.contact_id)
    assert (lead.disposition, lead.status) == ("qualified", "done")
    assert lead.attempts_count == call.attempt == (2 if what == "lead" else 1)
    assert CallEvent.objects.filter(call=call, is_late=False).count() == 2


def test_a_call_that_was_dialled_after_a_merge_ends_after_it_was_taken_back(voices: Agent, manager: User) -> None:
    this, other = LeadFactory(), new_lead(voices, contact=ContactFactory(), created_at=now())
    job, _ = merge_contacts_now(this.contact, other.contact, by=manager)
    call = rung(other, voices)
    run_job(undo_job(job, by=manager).pk)
    other.refresh_from_db()
    assert call.contact_id == this.contact_id != other.contact_id
    end(call)
    other.refresh_from_db()
    assert (other.disposition, other.status) == ("qualified", "done")


def test_two_who_are_both_in_a_call_are_not_merged(voices: Agent, manager: User) -> None:
    """One agent's two leads would be one, and one lead has one call at a time."""
    this, other = (new_lead(voices, contact=ContactFactory(), created_at=now()) for _ in range(2))
    call_due_of(voices.pk)
    assert Call.objects.active().count() == 2
    with pytest.raises(CannotMerge) as refused:
        merge_contacts(this.contact, other.contact, by=manager)
    assert refused.value.message == "Both are in a call right now; merge them when one of the calls is over"
    assert Contact.objects.alive().filter(pk=other.contact_id).exists()
    assert {call.lead_id for call in Call.objects.all()} == {this.pk, other.pk}
    for call in Call.objects.filter(lead=other):
        place_call(call.pk)
        end(call)
    merge_contacts(this.contact, other.contact, by=manager)


def test_whoever_was_merged_is_in_a_call_and_was_called_lately(
    voices: Agent, agent: Agent, manager: User, monkeypatch: Any
) -> None:
    this, other = new_lead(agent, created_at=now()), new_lead(voices, contact=ContactFactory(), created_at=now())
    call = rung(other, voices)
    merge_contacts(this.contact, other.contact, by=manager)
    with pytest.raises(BeingCalled):
        dial(this, agent, by=agent.user)
    assert called_since([this.contact_id], ["voice"], now() - timedelta(days=1)) == {this.contact_id: [call.placed_at]}


@pytest.mark.parametrize("change", ["merged", "reassigned"])
def test_who_talks_says_how_it_went_whoever_has_the_lead_by_then(
    in_company: Company, line: Any, run_later: Any, monkeypatch: Any, agent: Agent, other_agent: Agent, manager: User,
    change: str,
) -> None:  # fmt: skip
    monkeypatch.setattr("calls.actions.attended.later", lambda *args, **options: None)
    lead = new_lead(agent, created_at=now())
    call = dial(lead, agent, by=agent.user)
    place_call(call.pk)
    apply_update(call, update(call.pk, CallStatus.IN_PROGRESS))
    if change == "merged":
        stays = LeadFactory(contact=lead.contact, agent=other_agent)
        merge_leads(stays, lead, by=manager)
    else:
        stays = reassign_lead(lead, other_agent, by=manager)
    call.refresh_from_db()
    control_call(call, Control.HOLD, by=agent.user)
    client = Client()
    client.force_login(agent.user)  # type: ignore[arg-type]
    home = client.get("/cockpit/", follow=True)
    assert (home.status_code, home.context["call"]) == (200, call)
    done = client.post(f"/cockpit/calls/{call.pk}/wrap-up/", {"disposition": "qualified"})
    assert done.status_code == 302
    stays.refresh_from_db()
    assert (stays.disposition, stays.agent_id) == ("qualified", other_agent.pk)
    assert client.get(f"/cockpit/{stays.pk}/").status_code == 403


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="races are tried on PostgreSQL")
@pytest.mark.parametrize("what", MERGES)
def test_an_end_that_is_told_in_the_middle_of_a_merge_waits_and_finds_the_survivor(
    company: Company, manager: User, line: Any, run_later: Any, what: str
) -> None:
    with company_active(company.pk):
        agent = OpenVoiceAgentFactory(max_concurrent_calls=2, max_attempts=3)
        this, other = two(what, agent)
        call = rung(other, agent)

    def tell() -> None:
        try:
            with company_active(company.pk):
                end(call)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        with company_active(company.pk), transaction.atomic():
            MERGES[what](this, other, manager)
            told = pool.submit(tell)
            with connection.cursor() as cursor:
                for _ in range(200):
                    cursor.execute("SELECT pg_sleep(0.05), count(*) FROM pg_locks WHERE NOT granted")
                    if cursor.fetchone()[1]:
                        break
                else:
                    pytest.fail("nobody waited")
        told.result(timeout=20)
    with company_active(company.pk):
        call.refresh_from_db()
        lead = Lead.objects.get(pk=this.pk if what == "lead" else other.pk)
        assert (call.status, call.lead_id, lead.contact_id) == ("completed", lead.pk, this.contact_id)
        assert (lead.disposition, lead.status, lead.attempts_count) == ("qualified", "done", call.attempt)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="races are tried on PostgreSQL")
def test_calls_are_told_of_while_their_people_are_merged_and_parted(
    company: Company, manager: User, line: Any, run_later: Any
) -> None:
    """Merges, their undo and callbacks at once: nobody waits for ever, and every call comes to its end."""
    with company_active(company.pk):
        agent = OpenVoiceAgentFactory(max_concurrent_calls=8, max_attempts=3)
        pairs = [(LeadFactory(), new_lead(agent, contact=ContactFactory(), created_at=now())) for _ in range(6)]
        calls = [rung(other, agent) for _, other in pairs]

    def run(act: Callable[[], Any]) -> None:
        try:
            with company_active(company.pk):
                act()
        finally:
            connections.close_all()

    def merge(this: Lead, other: Lead) -> None:
        job, _ = merge_contacts_now(this.contact, other.contact, by=manager)
        run_job(undo_job(job, by=manager).pk)

    work = [lambda pair=pair: merge(*pair) for pair in pairs] + [lambda call=call: end(call) for call in calls]
    with ThreadPoolExecutor(len(work)) as pool:
        for done in [pool.submit(run, act) for act in work]:
            done.result(timeout=60)
    with company_active(company.pk):
        assert {call.status for call in Call.objects.all()} == {"completed"}
        assert {other.pk for _, other in pairs} == {call.lead_id for call in Call.objects.all()}
        assert all(Lead.objects.get(pk=other.pk).disposition == "qualified" for _, other in pairs)
