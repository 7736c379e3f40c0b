"""Calls that a person of ours talks in: dialled by the gate's leave, hung up, and wrapped up by who talked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection

from agents.models import Agent
from calls.actions import apply_update, attended, dial, due_agents, hang_up, place_call, unfinished_call, wrap_up
from calls.errors import (
    AgentIsOff,
    AlreadyInCall,
    BeingCalled,
    LeadIsDone,
    NoNumber,
    NoTelephone,
    NotHeld,
    NotPermitted,
)
from calls.models import Call, Status
from calls.tests.conftest import NOON, new_lead
from calls.tests.fakes import FakeDialler, update
from crm.audit.models import AuditEntry
from crm.core.errors import InvalidField, MissingField
from crm.providers.ports import CallOutcome, CallStatus
from leads.models import Contact, Lead, Note

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_company")]
RETRY = timedelta(minutes=60)


@pytest.fixture(autouse=True)
def _at_noon() -> Iterator[None]:
    with time_machine.travel(NOON, tick=False):
        yield


@pytest.fixture(autouse=True)
def _line(line: Any, run_later: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(attended, "later", lambda name, *args, **options: run_later.append((name, args)))


@pytest.fixture
def mine(agent: Agent) -> Lead:
    return new_lead(agent)


def dialled(lead: Lead, agent: Agent, *steps: CallStatus, **told: Any) -> Call:
    call = dial(lead, agent, by=agent.user)
    assert place_call(call.pk)
    for step in steps:
        apply_update(call, update(call.pk, step, **(told if step == steps[-1] else {})))
    call.refresh_from_db()
    return call


TALKED = (CallStatus.RINGING, CallStatus.IN_PROGRESS, CallStatus.COMPLETED)


def test_a_persons_call_goes_by_the_gate_and_the_provider(mine: Lead, agent: Agent, run_later: Any) -> None:
    call = dial(mine, agent, by=agent.user)
    assert (call.agent, call.lead, call.attempt, call.needs_wrap_up) == (agent, mine, 1, True)
    assert call.decision is not None
    assert (call.decision.allowed, call.decision.user, call.decision.lead_id) == (True, agent.user, mine.pk)
    assert ("calls.place_call", (call.pk,)) in run_later
    place_call(call.pk)
    [request] = FakeDialler.dialled
    assert (request.attended, request.to, request.agent_phone) == (True, mine.contact.phone_e164, "")
    assert unfinished_call(agent) == call


def test_an_answered_call_leaves_the_lead_to_who_talked(mine: Lead, agent: Agent) -> None:
    call = dialled(mine, agent, *TALKED, outcome=CallOutcome.ANSWERED)
    mine.refresh_from_db()
    assert (call.status, call.disposition, call.needs_wrap_up) == (Status.COMPLETED, "", True)
    assert (mine.status, mine.disposition, mine.attempts_count) == ("in_progress", "", 1)
    wrap_up(call, "Qualified", note=" Wants a demo. ", by=agent.user)
    call.refresh_from_db(), mine.refresh_from_db()
    assert (call.disposition, call.needs_wrap_up, unfinished_call(agent)) == ("qualified", False, None)
    assert (mine.disposition, mine.status, mine.next_attempt_at) == ("qualified", "in_progress", NOON + RETRY)
    assert [note.text for note in Note.objects.filter(lead=mine)] == ["Wants a demo."]
    told = list(AuditEntry.objects.order_by("id").values_list("action", flat=True))
    assert told[-3:] == ["call.disposition_set", "lead.disposition_set", "lead.note_added"]


def test_a_final_outcome_closes_the_lead(mine: Lead, agent: Agent) -> None:
    call = dialled(mine, agent, *TALKED, outcome=CallOutcome.ANSWERED)
    wrap_up(call, "do_not_call", by=agent.user)
    mine.refresh_from_db()
    assert (mine.status, mine.disposition, mine.closed_at) == ("done", "do_not_call", NOON)
    assert Contact.objects.get(pk=mine.contact_id).do_not_contact


def test_a_call_back_is_due_when_it_was_promised(mine: Lead, agent: Agent) -> None:
    call = dialled(mine, agent, *TALKED, outcome=CallOutcome.ANSWERED)
    wrap_up(call, "callback", callback_at=NOON + timedelta(days=2), by=agent.user)
    call.refresh_from_db(), mine.refresh_from_db()
    assert (call.callback_at, mine.next_attempt_at) == (NOON + timedelta(days=2), NOON + timedelta(days=2))


def test_nobody_answering_is_tried_again_and_still_wrapped_up(mine: Lead, agent: Agent) -> None:
    call = dialled(mine, agent, CallStatus.RINGING, CallStatus.COMPLETED, outcome=CallOutcome.NO_ANSWER)
    mine.refresh_from_db()
    assert (mine.disposition, mine.next_attempt_at, call.needs_wrap_up) == ("no_answer", NOON + RETRY, True)
    wrap_up(call, "no_answer", by=agent.user)
    mine.refresh_from_db()
    assert (mine.disposition, mine.status, mine.next_attempt_at) == ("no_answer", "in_progress", NOON + RETRY)


def test_a_machine_that_answered_is_no_person_reached(mine: Lead, agent: Agent) -> None:
    call = dial(mine, agent, by=agent.user)
    place_call(call.pk)
    apply_update(call, update(call.pk, CallStatus.IN_PROGRESS, answered_by="machine"))
    apply_update(call, update(call.pk, CallStatus.COMPLETED))
    call.refresh_from_db()
    assert (call.outcome, call.detail) == ("no_answer", "voicemail")


def test_wrapping_up_a_call_that_goes_on_hangs_up_and_stands(mine: Lead, agent: Agent, run_later: Any) -> None:
    call = dialled(mine, agent, CallStatus.RINGING, CallStatus.IN_PROGRESS)
    wrap_up(call, "not_interested", by=agent.user)
    assert ("calls.hang_up", (call.pk,)) in run_later
    hang_up(call.pk)
    assert FakeDialler.hung_up == [f"fake-{call.pk}"]
    apply_update(call, update(call.pk, CallStatus.COMPLETED, outcome=CallOutcome.ANSWERED))
    call.refresh_from_db(), mine.refresh_from_db()
    assert (call.status, call.disposition) == (Status.COMPLETED, "not_interested")
    assert (mine.status, mine.disposition) == ("done", "not_interested")


def test_wrapping_up_before_it_was_dialled_calls_it_off(mine: Lead, agent: Agent) -> None:
    call = dial(mine, agent, by=agent.user)
    wrap_up(call, "no_answer", by=agent.user)
    assert not place_call(call.pk)
    call.refresh_from_db(), mine.refresh_from_db()
    assert (call.status, FakeDialler.dialled, mine.attempts_count) == (Status.CANCELED, [], 0)


def test_what_was_said_before_the_end_is_not_overruled_by_it(mine: Lead, agent: Agent) -> None:
    call = dialled(mine, agent, CallStatus.RINGING)
    wrap_up(call, "wrong_number", by=agent.user)
    apply_update(call, update(call.pk, CallStatus.COMPLETED, outcome=CallOutcome.NO_ANSWER))
    mine.refresh_from_db()
    assert (mine.status, mine.disposition) == ("done", "wrong_number")


@pytest.mark.parametrize(
    ("disposition", "back", "field"),
    [
        ("", None, "disposition"),
        ("teleported", None, "disposition"),
        ("callback", timedelta(seconds=-1), "callback_at"),
        ("callback", timedelta(days=400), "callback_at"),
        ("not_interested", timedelta(days=1), "callback_at"),
    ],
)
def test_what_makes_no_sense_is_refused_and_changes_nothing(
    mine: Lead, agent: Agent, disposition: str, back: timedelta | None, field: str
) -> None:
    call = dialled(mine, agent, *TALKED, outcome=CallOutcome.ANSWERED)
    with pytest.raises((InvalidField, MissingField)) as refused:
        wrap_up(call, disposition, callback_at=NOON + back if back else None, note="x", by=agent.user)
    call.refresh_from_db()
    assert (refused.value.field, call.needs_wrap_up, Note.objects.count()) == (field, True, 0)


# --- who may not be called ------------------------------------------------------------------------------------------


def refused(lead: Lead, agent: Agent, error: type[Exception]) -> None:
    with pytest.raises(error):
        dial(lead, agent, by=agent.user)


def test_one_call_at_a_time_and_each_is_wrapped_up(mine: Lead, agent: Agent) -> None:
    other = new_lead(agent)
    call = dialled(mine, agent, CallStatus.RINGING)
    refused(other, agent, AlreadyInCall)
    apply_update(call, update(call.pk, CallStatus.COMPLETED, outcome=CallOutcome.NO_ANSWER))
    refused(other, agent, AlreadyInCall)
    wrap_up(call, "no_answer", by=agent.user)
    assert dial(other, agent, by=agent.user).lead == other
    assert Call.objects.count() == 2


def test_what_stands_against_a_call_is_said(mine: Lead, agent: Agent, other_agent: Agent, settings: Any) -> None:
    refused(new_lead(other_agent), agent, NotHeld)
    refused(new_lead(agent, status="done"), agent, LeadIsDone)
    Contact.objects.filter(pk=mine.contact_id).update(phone_e164="")
    refused(mine, agent, NoNumber)
    Contact.objects.filter(pk=mine.contact_id).update(phone_e164="+14155552671", do_not_contact=True)
    refused(mine, agent, NotPermitted)
    Contact.objects.filter(pk=mine.contact_id).update(do_not_contact=False)
    settings.CALL_PROVIDER = "twilio"
    refused(mine, agent, NoTelephone)
    settings.CALL_PROVIDER = "fake"
    Agent.objects.filter(pk=agent.pk).update(is_active=False)
    refused(mine, agent, AgentIsOff)
    assert not Call.objects.exists()


def test_at_night_nobody_is_called(mine: Lead, agent: Agent) -> None:
    with time_machine.travel(NOON + timedelta(hours=12), tick=False), pytest.raises(NotPermitted):
        dial(mine, agent, by=agent.user)


def test_nobody_is_called_by_two(mine: Lead, agent: Agent, voice: Agent) -> None:
    from calls.actions import call_due_of

    new_lead(voice, contact=mine.contact)
    assert call_due_of(voice.pk) == 1
    refused(mine, agent, BeingCalled)


def test_a_persons_leads_are_never_dialled_by_the_scheduler(mine: Lead, agent: Agent) -> None:
    assert due_agents(NOON) == []


@pytest.mark.postgres
@pytest.mark.skipif(connection.vendor != "postgresql", reason="needs PostgreSQL")
@pytest.mark.django_db(transaction=True)
def test_two_windows_dial_once(mine: Lead, agent: Agent) -> None:
    from concurrent.futures import ThreadPoolExecutor

    from crm.core.tenancy import company_active

    others = [mine, *(new_lead(agent) for _ in range(3))]

    def press(lead: Lead) -> bool:
        try:
            with company_active(agent.company_id):
                dial(lead, agent, by=agent.user)
        except AlreadyInCall:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(press, others)) == [False, False, False, True]
    assert Call.objects.count() == 1
