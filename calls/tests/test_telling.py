"""What providers tell, in any order and any number of times, and what the end of a call does to its lead."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import permutations
from typing import Any

import pytest

from agents.models import Agent
from calls.actions import apply_update, ask_after, call_due_of, place_call
from calls.models import Call, CallEvent, Outcome, Status
from calls.tests.conftest import NOON
from calls.tests.fakes import update
from crm.audit.models import AuditEntry
from crm.providers.ports import CallOutcome, CallStatus, Line
from leads.models import Assignment, Contact, Lead
from leads.models import Status as LeadStatus

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_company")]
SECOND = timedelta(seconds=1)
RINGING, TALKING, COMPLETED = CallStatus.RINGING, CallStatus.IN_PROGRESS, CallStatus.COMPLETED
FAILED, CANCELED = CallStatus.FAILED, CallStatus.CANCELED


@pytest.fixture
def call(voice: Agent, due_lead: Lead, line: Any, run_later: Any) -> Call:
    call_due_of(voice.pk, at=NOON)
    call = Call.objects.get()
    place_call(call.pk, at=NOON)
    return call


def told(call: Call, status: CallStatus | None, seconds: int = 5, **more: Any) -> bool:
    at = NOON + seconds * SECOND
    return apply_update(call, update(call.pk, status, at=at, **more), at=at)


def answered(call: Call, **more: Any) -> None:
    told(call, RINGING, 1)
    told(call, TALKING, 5)
    told(call, COMPLETED, 65, outcome=CallOutcome.ANSWERED, **more)


def fresh(call: Call) -> tuple[Call, Lead]:
    call = Call.objects.select_related("lead__contact").get(pk=call.pk)
    return call, call.lead


def actions_of(lead: Lead) -> list[str]:
    return list(AuditEntry.objects.filter(object_id=lead.pk).order_by("id").values_list("action", flat=True))


def test_an_answered_call_closes_its_lead_with_the_disposition(call: Call) -> None:
    answered(
        call, disposition_hint="not_interested", summary="Has another.", transcript=(Line("contact", "No thanks.", 3),),
        recording_url="https://provider.example/r/1",
    )  # fmt: skip
    call, lead = fresh(call)
    assert (call.status, call.outcome, call.disposition) == (Status.COMPLETED, Outcome.ANSWERED, "not_interested")
    assert (call.answered_at, call.ended_at, call.duration_seconds) == (NOON + 5 * SECOND, NOON + 65 * SECOND, 60)
    assert call.transcript == [{"speaker": "contact", "text": "No thanks.", "seconds": 3}]
    assert (lead.status, lead.disposition, lead.attempts_count) == (LeadStatus.DONE, "not_interested", 1)
    assert lead.closed_at is not None
    assert actions_of(lead) == [
        "lead.responded", "call.placed", "call.answered", "call.completed", "lead.disposition_set",
    ]  # fmt: skip
    data = AuditEntry.objects.get(action="call.completed").data
    assert (data["outcome"], data["disposition"], data["duration_seconds"]) == ("answered", "not_interested", 60)
    assert "No thanks" not in str(data)


@pytest.mark.parametrize(
    ("more", "disposition"),
    [({}, "completed"), ({"detail": "hung_up"}, "hung_up"), ({"disposition_hint": "nonsense"}, "completed")],
)
def test_an_answered_call_without_more_is_completed_or_hung_up(call: Call, more: Any, disposition: str) -> None:
    answered(call, **more)
    assert (fresh(call)[1].status, fresh(call)[1].disposition) == (LeadStatus.DONE, disposition)


def test_an_outcome_that_leaves_leads_open_closes_this_one_after_a_call(call: Call) -> None:
    """`domain.md`: answered and completed → done with its disposition."""
    answered(call, disposition_hint="qualified")
    assert (fresh(call)[1].status, fresh(call)[1].disposition) == (LeadStatus.DONE, "qualified")


def test_one_who_asks_not_to_be_called_is_not_called_again(call: Call) -> None:
    answered(call, disposition_hint="do_not_call")
    assert fresh(call)[1].contact.do_not_contact and fresh(call)[1].status == LeadStatus.DONE


@pytest.mark.parametrize(
    ("asked", "due"), [(NOON + timedelta(days=2), timedelta(days=2)), (None, timedelta(minutes=61, seconds=5))]
)
def test_a_call_back_is_due_when_it_was_asked_for(call: Call, asked: datetime | None, due: timedelta) -> None:
    answered(call, disposition_hint="callback", callback_at=asked)
    lead = fresh(call)[1]
    assert (lead.status, lead.disposition, lead.next_attempt_at) == (LeadStatus.IN_PROGRESS, "callback", NOON + due)


def test_a_call_back_without_attempts_left_goes_back_to_the_queue_for_somebody_else(call: Call, voice: Agent) -> None:
    Agent.objects.filter(pk=voice.pk).update(max_attempts=1)
    answered(call, disposition_hint="callback", callback_at=NOON + timedelta(days=2))
    lead = fresh(call)[1]
    assert (lead.status, lead.agent_id) == (LeadStatus.IN_PROGRESS, None)
    assert Assignment.objects.get().reason == {"returned": "no_attempts_left"}


@pytest.mark.parametrize(
    ("status", "outcome", "detail", "disposition"),
    [
        (COMPLETED, CallOutcome.NO_ANSWER, "", "no_answer"),
        (COMPLETED, CallOutcome.NO_ANSWER, "voicemail", "voicemail"),
        (FAILED, CallOutcome.NO_ANSWER, "busy", "no_answer"),
        (FAILED, CallOutcome.FAILED, "invalid_number", ""),
        (FAILED, None, "", ""),
    ],
)
def test_who_was_not_reached_is_tried_again_after_the_delay(
    call: Call, status: CallStatus, outcome: CallOutcome | None, detail: str, disposition: str
) -> None:
    told(call, status, 30, outcome=outcome, detail=detail)
    call, lead = fresh(call)
    assert (lead.status, lead.disposition) == (LeadStatus.IN_PROGRESS, disposition)
    assert (lead.next_attempt_at, lead.attempts_count) == (NOON + timedelta(minutes=60, seconds=30), 1)
    assert call.outcome == (outcome or Outcome.FAILED) and call.detail == detail


def test_three_attempts_in_vain_and_the_lead_is_done_with_no_answer(call: Call, voice: Agent, due_lead: Lead) -> None:
    at = NOON
    for attempt in (1, 2, 3):
        current = Call.objects.get(attempt=attempt)
        apply_update(current, update(current.pk, FAILED, at=at, outcome=CallOutcome.NO_ANSWER), at=at)
        due_lead.refresh_from_db()
        assert due_lead.attempts_count == attempt
        at += timedelta(minutes=60)
        assert call_due_of(voice.pk, at=at - SECOND) == 0
        if attempt < 3:
            assert due_lead.status == LeadStatus.IN_PROGRESS
            assert call_due_of(voice.pk, at=at) == 1
            assert place_call(Call.objects.get(attempt=attempt + 1).pk, at=at)
    assert (due_lead.status, due_lead.disposition, due_lead.next_attempt_at) == (LeadStatus.DONE, "no_answer", None)
    assert call_due_of(voice.pk, at=at + timedelta(days=9)) == 0 and Call.objects.count() == 3


@pytest.mark.parametrize("order", [*permutations((RINGING, TALKING, COMPLETED))])
def test_news_in_any_order_and_told_twice_end_the_same(
    call: Call, due_lead: Lead, order: tuple[CallStatus, ...]
) -> None:
    times = {RINGING: 1, TALKING: 5, COMPLETED: 65}
    for status in (*order, *order):
        more = {"outcome": CallOutcome.ANSWERED, "duration_seconds": 60} if status == COMPLETED else {}
        told(call, status, times[status], event_id=f"{call.pk}:{status}", **more)
    call, lead = fresh(call)
    assert (call.status, call.outcome, call.duration_seconds) == (Status.COMPLETED, Outcome.ANSWERED, 60)
    assert (lead.status, lead.attempts_count) == (LeadStatus.DONE, 1)
    assert CallEvent.objects.count() == 3
    assert actions_of(lead).count("call.completed") == 1 and actions_of(lead).count("lead.disposition_set") == 1


def test_a_late_end_does_not_change_the_first_one(call: Call) -> None:
    told(call, FAILED, 30, outcome=CallOutcome.NO_ANSWER, detail="busy")
    assert not told(call, COMPLETED, 90, outcome=CallOutcome.ANSWERED)
    call, lead = fresh(call)
    assert (call.status, call.outcome, call.ended_at) == (Status.FAILED, Outcome.NO_ANSWER, NOON + 30 * SECOND)
    assert lead.status == LeadStatus.IN_PROGRESS
    assert list(CallEvent.objects.order_by("received_at").values_list("is_late", flat=True)) == [False, True]


def test_a_recording_that_comes_after_the_end_is_filled_in(call: Call) -> None:
    answered(call)
    assert told(call, None, 90, recording_url="https://provider.example/r/2", cost=None)
    assert fresh(call)[0].recording_url == "https://provider.example/r/2"
    assert fresh(call)[1].status == LeadStatus.DONE


def test_a_callback_that_overtakes_the_answer_places_the_call_once(
    voice: Agent, due_lead: Lead, line: Any, run_later: Any
) -> None:
    call_due_of(voice.pk, at=NOON)
    call = Call.objects.get()
    line.before_answer = staticmethod(lambda request: told(call, RINGING, 1))
    assert place_call(call.pk, at=NOON)
    call, lead = fresh(call)
    assert (call.status, lead.attempts_count) == (Status.RINGING, 1)
    assert actions_of(lead).count("call.placed") == 1


def test_news_after_all_of_a_call_that_was_given_up_count(call: Call) -> None:
    ask_after(call.pk, at=NOON + timedelta(minutes=6))
    assert fresh(call)[0].detail == "no_report"
    assert told(call, COMPLETED, 65, outcome=CallOutcome.ANSWERED, disposition_hint="not_interested")
    call, lead = fresh(call)
    assert (call.status, call.outcome, call.detail) == (Status.COMPLETED, Outcome.ANSWERED, "")
    assert (lead.status, lead.disposition, lead.attempts_count) == (LeadStatus.DONE, "not_interested", 1)


def test_a_provider_whose_clock_is_wrong_puts_no_retry_into_the_far_future(call: Call) -> None:
    at = NOON + 30 * SECOND
    apply_update(call, update(call.pk, FAILED, at=NOON + timedelta(days=400), outcome=CallOutcome.NO_ANSWER), at=at)
    assert fresh(call)[1].next_attempt_at == at + timedelta(minutes=60)


def test_the_end_of_a_call_leaves_a_closed_or_deleted_lead_as_it_is(call: Call, due_lead: Lead) -> None:
    Lead.objects.filter(pk=due_lead.pk).update(deleted_at=NOON, disposition="contacted")
    answered(call, disposition_hint="not_interested")
    call, lead = fresh(call)
    assert (call.status, lead.disposition, lead.status) == (Status.COMPLETED, "contacted", LeadStatus.IN_PROGRESS)


def test_a_call_that_was_canceled_while_it_rang_counts_and_the_lead_is_tried_again(call: Call) -> None:
    told(call, CANCELED, 9)
    call, lead = fresh(call)
    assert (call.status, call.outcome) == (Status.CANCELED, "")
    assert (lead.attempts_count, lead.next_attempt_at) == (1, NOON + timedelta(minutes=60, seconds=9))


def test_a_free_line_is_used_at_once(call: Call, voice: Agent, run_later: Any) -> None:
    run_later.clear()
    answered(call)
    assert run_later == [("calls.call_agent", (voice.pk,))]


def test_nobody_else_learns_of_what_was_said(call: Call, stranger: Any) -> None:
    answered(call, summary="Secret plans")
    assert not AuditEntry.objects.filter(data__icontains="Secret").exists()
    assert Contact.objects.count() == 1
