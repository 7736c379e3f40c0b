"""A claimed call is dialled once, and what goes wrong is told and tried again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from agents.models import Agent
from calls.actions import (
    apply_update,
    ask_after,
    call_due_of,
    cancel_call,
    companies_with_left_calls,
    hang_up,
    look_after,
    place_call,
)
from calls.actions.dialling import BACKOFF, LEASE
from calls.actions.telling import NEWS_WITHIN
from calls.errors import CallIsOver
from calls.models import Call, Outcome, Status
from calls.tests.conftest import NOON, new_lead
from calls.tests.fakes import update
from crm.accounts.models import User
from crm.audit.models import AuditEntry
from crm.compliance.models import ContactDecision
from crm.core.tenancy import unscoped
from crm.providers.ports import CallOutcome, CallStatus, ProviderError
from leads.actions import set_status
from leads.models import Contact, Lead
from leads.models import Status as LeadStatus

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_company")]
SOON = NOON + timedelta(seconds=1)


@pytest.fixture
def call(voice: Agent, due_lead: Lead, line: Any, run_later: Any) -> Call:
    call_due_of(voice.pk, at=NOON)
    return Call.objects.get()


def events() -> list[tuple[str, dict[str, Any]]]:
    entries = AuditEntry.objects.filter(action__startswith="call.").order_by("id")
    return [(entry.action, entry.data) for entry in entries]


def test_a_placed_call_is_an_attempt_and_the_first_response(call: Call, due_lead: Lead, line: Any) -> None:
    Lead.objects.filter(pk=due_lead.pk).update(front_at=NOON, deadline=NOON + timedelta(hours=1))
    assert place_call(call.pk, at=SOON)
    call.refresh_from_db()
    assert (call.status, call.placed_at, call.provider, call.provider_id) == (
        Status.QUEUED, SOON, "fake", f"fake-{call.pk}",
    )  # fmt: skip
    due_lead.refresh_from_db()
    assert (due_lead.attempts_count, due_lead.status, due_lead.first_response_at, due_lead.front_at) == (
        1, LeadStatus.IN_PROGRESS, SOON, None,
    )  # fmt: skip
    [request] = line.dialled
    assert (request.to, request.caller, request.call_id) == (due_lead.contact.phone_e164, "+14155550100", call.pk)
    assert request.status_url.endswith(f"/providers/fake/calls/{call.pk}/status")
    assert [name for name, _ in events()] == ["call.placed"]
    assert events()[0][1]["call_id"] == str(call.pk)


def test_a_call_that_came_twice_is_dialled_once(call: Call, line: Any) -> None:
    assert place_call(call.pk, at=SOON)
    assert not place_call(call.pk, at=SOON) and not place_call(call.pk, at=SOON + 2 * LEASE)
    assert len(line.dialled) == 1


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda lead: set_status(lead, "done", by=lead.created_by or _system()), "lead_closed"),
        (lambda lead: Lead.objects.filter(pk=lead.pk).update(agent=None), "handed_on"),
        (lambda lead: Agent.objects.filter(pk=lead.agent_id).update(is_active=False), "handed_on"),
        (lambda lead: Contact.objects.filter(pk=lead.contact_id).update(do_not_contact=True), "not_permitted"),
        (lambda lead: Contact.objects.filter(pk=lead.contact_id).update(phone_e164="+14155559999"), "number_changed"),
    ],
    ids=["closed", "unassigned", "agent off", "do not contact", "another number"],
)
def test_what_changed_since_the_claim_calls_it_off_before_it_is_dialled(
    call: Call, due_lead: Lead, line: Any, change: Any, why: str
) -> None:
    change(due_lead)
    assert not place_call(call.pk, at=SOON)
    call.refresh_from_db()
    assert (call.status, call.detail, call.outcome, call.placed_at) == (Status.CANCELED, why, "", None)
    assert line.dialled == [] and events()[-1] == ("call.canceled", {**events()[-1][1], "detail": why})
    due_lead.refresh_from_db()
    assert due_lead.attempts_count == 0


def _system() -> Any:
    from crm.core.actors import System

    return System("test")


def test_a_call_that_waited_past_the_permitted_window_is_not_dialled_and_waits_for_the_next(
    call: Call, due_lead: Lead, line: Any, voice: Agent
) -> None:
    night = NOON.replace(hour=8) + timedelta(days=1)
    assert not place_call(call.pk, at=night)
    due_lead.refresh_from_db()
    assert line.dialled == [] and due_lead.held_until == night.replace(hour=15)
    assert ContactDecision.objects.filter(allowed=False, lead=due_lead).count() == 1
    assert call_due_of(voice.pk, at=night.replace(hour=15)) == 1
    assert Call.objects.filter(status=Status.QUEUED).get().attempt == 1


def test_an_outage_of_two_hours_delays_and_loses_nothing(call: Call, due_lead: Lead, line: Any) -> None:
    """Workers stop right after the claim, and come back inside of the permitted window."""
    later = NOON + timedelta(hours=2)
    with unscoped("a test"):
        assert companies_with_left_calls(later) == [call.company_id]
    assert look_after(later) == 1
    assert place_call(call.pk, at=later) and len(line.dialled) == 1


def test_trouble_is_tried_again_later_and_later_then_called_off_without_an_attempt(
    call: Call, due_lead: Lead, line: Any, voice: Agent
) -> None:
    at = SOON
    for wait in (*BACKOFF, None):
        line.trouble.append(ProviderError("503 from the network", permanent=False))
        assert not place_call(call.pk, at=at)
        call.refresh_from_db()
        assert call.trouble == "503 from the network"
        if wait is not None:
            assert (call.status, call.look_at) == (Status.QUEUED, at + wait)
            at += wait
    assert (call.status, call.detail) == (Status.CANCELED, "provider_down")
    due_lead.refresh_from_db()
    assert (due_lead.attempts_count, due_lead.next_attempt_at) == (0, at + timedelta(minutes=60))
    assert call_due_of(voice.pk, at=at + timedelta(minutes=60)) == 1


def test_nonsense_of_a_provider_is_trouble_like_any_other(call: Call, line: Any) -> None:
    line.trouble.append(RuntimeError("<html>"))
    assert not place_call(call.pk, at=SOON)
    call.refresh_from_db()
    assert (call.status, call.trouble, call.tries) == (Status.QUEUED, "<html>", 1)
    assert place_call(call.pk, at=SOON + BACKOFF[0]) and len(line.dialled) == 1


def test_a_number_that_the_provider_refuses_is_a_failed_attempt(call: Call, due_lead: Lead, line: Any) -> None:
    line.trouble.append(ProviderError("Not a number.", permanent=True))
    assert not place_call(call.pk, at=SOON)
    call.refresh_from_db()
    assert (call.status, call.outcome, call.detail, call.trouble) == (
        Status.FAILED, Outcome.FAILED, "refused", "Not a number.",
    )  # fmt: skip
    due_lead.refresh_from_db()
    assert (due_lead.attempts_count, due_lead.next_attempt_at) == (1, SOON + timedelta(minutes=60))
    assert due_lead.first_response_at is None  # nobody was reached, and nothing rang


def test_whoever_takes_a_call_up_after_a_dead_worker_asks_before_dialling(
    call: Call, due_lead: Lead, line: Any
) -> None:
    """The worker dialled and died before it could write that down."""
    line.before_answer = staticmethod(_die)
    with pytest.raises(KeyboardInterrupt):
        place_call(call.pk, at=SOON)
    line.before_answer = None
    assert not place_call(call.pk, at=SOON + timedelta(seconds=30))  # the lease runs
    assert place_call(call.pk, at=SOON + LEASE)
    assert len(line.dialled) == 1
    call.refresh_from_db()
    due_lead.refresh_from_db()
    assert (call.provider_id, due_lead.attempts_count) == (f"fake-{call.pk}", 1)


def _die(request: Any) -> None:
    raise KeyboardInterrupt


def test_a_worker_that_was_slow_for_half_its_lease_dials_no_more(
    call: Call, line: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([0.0, 31.0])
    monkeypatch.setattr("calls.actions.dialling.monotonic", lambda: next(clock))
    assert not place_call(call.pk, at=SOON)
    assert line.dialled == []
    call.refresh_from_db()
    assert (call.status, call.look_at) == (Status.QUEUED, SOON + LEASE)


def test_the_sweep_leaves_alone_what_is_on_its_way_and_sends_what_is_not(call: Call, run_later: Any) -> None:
    run_later.clear()
    assert look_after(NOON + timedelta(seconds=5)) == 0
    assert look_after(NOON + timedelta(seconds=11)) == 1
    assert run_later == [("calls.place_call", (call.pk,))]


def test_a_placed_call_of_which_nothing_is_heard_is_given_up_and_tried_again(
    call: Call, due_lead: Lead, line: Any, run_later: Any
) -> None:
    place_call(call.pk, at=SOON)
    assert look_after(SOON + timedelta(minutes=4)) == 0
    later, _ = SOON + timedelta(minutes=6), run_later.clear()
    assert look_after(later) == 1
    assert run_later == [("calls.ask_after", (call.pk,))]
    ask_after(call.pk, at=later)
    call.refresh_from_db()
    due_lead.refresh_from_db()
    assert (call.status, call.outcome, call.detail) == (Status.FAILED, Outcome.FAILED, "no_report")
    assert due_lead.next_attempt_at == later + timedelta(minutes=60)


def test_a_call_whose_callbacks_were_lost_ends_as_the_provider_says_when_it_is_asked(
    call: Call, due_lead: Lead, line: Any
) -> None:
    place_call(call.pk, at=SOON)
    later = SOON + timedelta(minutes=6)
    over = update(call.pk, CallStatus.COMPLETED, at=SOON, outcome=CallOutcome.ANSWERED, event_id="the end")
    line.news = [update(call.pk, CallStatus.IN_PROGRESS, at=SOON), over]
    ask_after(call.pk, at=later)
    call.refresh_from_db()
    due_lead.refresh_from_db()
    assert (call.status, call.outcome, call.answered_at) == (Status.COMPLETED, Outcome.ANSWERED, SOON)
    assert (due_lead.status, due_lead.disposition) == ("done", "completed")
    assert not apply_update(call, over, at=later), "its callback came after all"
    ask_after(call.pk, at=later + timedelta(hours=1))
    assert call.events.count() == 2


def test_a_call_that_goes_on_is_asked_after_again(call: Call, line: Any) -> None:
    place_call(call.pk, at=SOON)
    line.news = [update(call.pk, CallStatus.RINGING, at=SOON, event_id="ringing")]
    later = SOON + timedelta(minutes=6)
    ask_after(call.pk, at=later)
    call.refresh_from_db()
    assert (call.status, call.look_at) == (Status.RINGING, later + NEWS_WITHIN)
    ask_after(call.pk, at=later + timedelta(minutes=1))
    assert call.events.count() == 1
    again = later + timedelta(minutes=6)
    ask_after(call.pk, at=again)
    call.refresh_from_db()
    assert (call.status, call.look_at) == (Status.RINGING, again + timedelta(minutes=1))


def test_a_provider_that_does_not_answer_is_asked_again_for_some_minutes(call: Call, line: Any) -> None:
    place_call(call.pk, at=SOON)
    line.news = ProviderError("Twilio can't be reached", permanent=False)
    ask_after(call.pk, at=SOON + timedelta(minutes=6))
    call.refresh_from_db()
    assert call.status == Status.QUEUED
    ask_after(call.pk, at=SOON + timedelta(minutes=11))
    call.refresh_from_db()
    assert (call.status, call.detail) == (Status.FAILED, "no_report")


# --- Calling it off ----------------------------------------------------------------------------------------------


def test_a_waiting_call_is_canceled_at_once_and_the_lead_waits(
    call: Call, due_lead: Lead, line: Any, manager: User, run_later: Any
) -> None:
    cancel_call(call, by=manager, at=SOON)
    call.refresh_from_db()
    due_lead.refresh_from_db()
    assert (call.status, call.detail) == (Status.CANCELED, "canceled")
    assert (due_lead.attempts_count, due_lead.next_attempt_at) == (0, SOON + timedelta(minutes=60))
    assert not place_call(call.pk, at=SOON) and line.dialled == []
    with pytest.raises(CallIsOver):
        cancel_call(call, by=manager)


def test_a_ringing_call_is_hung_up_by_the_provider(call: Call, line: Any, manager: User, run_later: Any) -> None:
    place_call(call.pk, at=SOON)
    run_later.clear()
    cancel_call(call, by=manager, at=SOON)
    call.refresh_from_db()
    assert call.cancel_asked and call.status == Status.QUEUED and run_later == [("calls.hang_up", (call.pk,))]
    hang_up(call.pk)
    assert line.hung_up == [f"fake-{call.pk}"]


def test_a_call_canceled_while_a_worker_dials_is_hung_up_as_soon_as_it_rings(
    call: Call, line: Any, manager: User, run_later: Any
) -> None:
    line.before_answer = staticmethod(lambda request: cancel_call(call, by=manager, at=SOON))
    assert place_call(call.pk, at=SOON)
    assert run_later[-1] == ("calls.hang_up", (call.pk,))


def test_several_leads_are_dialled_each_once(voice: Agent, line: Any, run_later: Any) -> None:
    Agent.objects.filter(pk=voice.pk).update(max_concurrent_calls=4)
    for _ in range(4):
        new_lead(voice)
    call_due_of(voice.pk, at=NOON)
    for pk in Call.objects.values_list("pk", flat=True):
        place_call(pk, at=SOON)
    assert len({request.to for request in line.dialled}) == 4
