"""What the end of a call means: for its lead, and for the agent's next one (`domain.md`, "Calls")."""

from __future__ import annotations

from datetime import datetime, timedelta

from agents.models import Kind
from calls import events
from calls.actions.editing import CallEdit
from calls.models import Call, Outcome, Status, ended
from crm.core.tasks import later
from crm.providers.registry import PRICED_LATER
from leads import dispositions
from leads.actions.calling import retry_at
from leads.assignment.placing import Placement, give_back
from leads.models import Status as LeadStatus

CALLBACK = "callback"
VOICEMAIL = "voicemail"
PROVIDER_DOWN = "provider_down"
LONGEST_WAIT = timedelta(days=366)  # for a call-back
PRICED_AFTER = timedelta(minutes=2)
SHORTEST_WAIT = timedelta(minutes=5)  # before a provider that was down is asked again


def end(edit: CallEdit, status: str, outcome: str, detail: str, at: datetime) -> None:
    """The call was dialled and is over; `at` is when it ended.

    What an answered call of a person came to, they say themselves; where they have said it before, that stands.
    """
    call = edit.call
    edit.put(status=status, outcome=outcome, detail=detail, ended_at=at, is_muted=False, is_held=False)
    if call.duration_seconds is None:
        edit.put(duration_seconds=talked_seconds(call, at))
    if call.provider in PRICED_LATER and call.placed_at is not None and call.cost is None:
        edit.put(price_due_at=edit.at + PRICED_AFTER)
    by_person = call.agent is not None and call.agent.kind == Kind.HUMAN
    if outcome == Outcome.ANSWERED and not call.disposition and not by_person:
        edit.put(disposition="hung_up" if detail == "hung_up" else "completed")
    edit.tell(EVENT_OF[status], **ended(call))
    if edit.lead.is_open and not (by_person and (outcome == Outcome.ANSWERED or not call.needs_wrap_up)):
        answered(edit, at) if outcome == Outcome.ANSWERED else unanswered(edit, at)
    call_next(edit)


EVENT_OF: dict[str, str] = {
    Status.COMPLETED: events.CALL_COMPLETED,
    Status.FAILED: events.CALL_FAILED,
    Status.CANCELED: events.CALL_CANCELED,
}


def talked_seconds(call: Call, at: datetime) -> int:
    return max(0, int((at - call.answered_at).total_seconds())) if call.answered_at else 0


def answered(edit: CallEdit, at: datetime) -> None:
    """The lead is done with the call's disposition; one who asked to be called back is called then."""
    outcome = dispositions.find(edit.call.disposition) or dispositions.BUILT_IN["completed"]
    edit.of_lead.disposition(outcome)
    if outcome.key == CALLBACK:
        call_back(edit, at)
    elif edit.lead.status != LeadStatus.DONE:
        edit.of_lead.status(LeadStatus.DONE)


def call_back(edit: CallEdit, at: datetime) -> None:
    """When the person asked for it; where the agent has no attempt left, somebody else takes the lead over."""
    asked = edit.call.callback_at
    wanted = asked if asked is not None and at < asked <= at + LONGEST_WAIT else None
    retry_at(edit.of_lead, wanted or at + retry_delay(edit.call))
    if not edit.attempts_left and edit.lead.agent_id is not None:
        reason = {"returned": "no_attempts_left"}
        edit.afterwards.append(lambda: give_back([Placement(edit.lead, None, reason)], by=edit.by, at=edit.at))


def unanswered(edit: CallEdit, at: datetime) -> None:
    """Again after the retry delay, until the attempts are used up: then done, with `no_answer`."""
    if edit.attempts_left:
        if edit.call.outcome == Outcome.NO_ANSWER:
            key = VOICEMAIL if edit.call.detail == VOICEMAIL else dispositions.NO_ANSWER
            edit.of_lead.disposition(dispositions.BUILT_IN[key])
        retry_at(edit.of_lead, at + retry_delay(edit.call))
        return
    edit.of_lead.disposition(dispositions.BUILT_IN[dispositions.NO_ANSWER])
    retry_at(edit.of_lead, None)


def retry_delay(call: Call) -> timedelta:
    return timedelta(minutes=call.agent.retry_delay_minutes if call.agent else 60)


def call_off(edit: CallEdit, why: str, at: datetime) -> None:
    """It was never dialled: no attempt. The lead stays as due as it is, unless somebody wanted the call stopped."""
    edit.put(status=Status.CANCELED, detail=why, ended_at=at)
    edit.tell(events.CALL_CANCELED, detail=why)
    if edit.lead.is_open and why == "canceled":
        retry_at(edit.of_lead, at + retry_delay(edit.call))
    if edit.lead.is_open and why == PROVIDER_DOWN:
        retry_at(edit.of_lead, at + max(retry_delay(edit.call), SHORTEST_WAIT))
    if why != PROVIDER_DOWN:
        call_next(edit)


def refused(edit: CallEdit, at: datetime) -> None:
    """The provider will never dial it: an attempt that failed, and no response to anybody."""
    edit.of_lead.put(attempts_count=edit.lead.attempts_count + 1, front_at=None, held_until=None)
    if edit.lead.status == LeadStatus.NEW:
        edit.of_lead.put(status=LeadStatus.IN_PROGRESS)
    end(edit, Status.FAILED, Outcome.FAILED, "refused", at)


def call_next(edit: CallEdit) -> None:
    """A line is free: a voice agent goes on at once, and does not wait for the next tick."""
    agent = edit.call.agent
    if agent is not None and agent.kind == Kind.VOICE and edit.call.is_dialled:
        later("calls.call_agent", agent.pk)
