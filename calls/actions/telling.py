"""What a provider tells of a call, in whatever order and however often."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from calls import events
from calls.actions.editing import CallEdit, on_call
from calls.actions.ending import VOICEMAIL, end
from calls.models import RANK, Call, CallEvent, Outcome, Status
from crm.compliance.actions import take_transcript
from crm.providers.ports import CallUpdate
from leads.actions.calling import record_attempt

NEWS_WITHIN = timedelta(minutes=5)  # of a call that was placed or rings
LONGEST_TALK = timedelta(hours=4)
MACHINE = "machine"
NO_REPORT = "no_report"  # given up for lack of news, until some comes after all


@on_call
def note_placed(call: Call, provider_id: str, *, at: datetime | None = None) -> Call:
    """The provider has it: an attempt, and a response for the SLA; it counts once, whoever tells it first."""
    edit = CallEdit(call, at=at)
    placed(edit, provider_id, edit.at)
    return edit.write()


@on_call
def apply_update(call: Call, update: CallUpdate, *, at: datetime | None = None) -> bool:
    """Take over what the provider told; False where it was told before, or tells of less than is known.

    An update never takes the call back, and fills in what is not known yet; the lead is changed once, at the end.
    """
    edit = CallEdit(call, at=at)
    moment = min(max(update.at, edit.call.requested_at), max(edit.at, edit.call.requested_at))
    is_late = bool(update.status) and RANK[str(update.status)] <= reached(edit.call)
    if not is_first(edit.call, update, moment, is_late):
        return False
    placed(edit, update.provider_id, moment)
    fill_in(edit, update)
    if update.status and not is_late:
        move(edit, update, moment)
    if update.transcript:
        hear(edit)
    edit.write()
    return not is_late


def reached(call: Call) -> int:
    """How far the call has come; one that was given up for lack of news may still be told to have ended otherwise."""
    return RANK[Status.IN_PROGRESS] if call.is_over and call.detail == NO_REPORT else RANK[call.status]


def is_first(call: Call, update: CallUpdate, at: datetime, is_late: bool) -> bool:
    """Keep the event; the unique index refuses a repeat, and the call's lock lets one come after the other."""
    kept: Any = CallEvent.objects.filter(provider=update.provider, event_id=update.event_id[:200])
    if kept.exists():
        return False
    CallEvent.objects.create(
        call=call,
        provider=update.provider,
        event_id=update.event_id[:200],
        status=update.status or "",
        detail=update.detail[:40],
        is_late=is_late,
        at=at,
    )
    return True


def placed(edit: CallEdit, provider_id: str, at: datetime) -> None:
    call = edit.call
    if provider_id and not call.provider_id:
        edit.put(provider_id=provider_id[:64])
    if call.placed_at is not None or call.is_over:
        return
    edit.put(placed_at=at, look_at=edit.at + NEWS_WITHIN, trouble="")
    record_attempt(edit.of_lead)
    edit.tell(events.CALL_PLACED, provider=call.provider)


def fill_in(edit: CallEdit, update: CallUpdate) -> None:
    """What came with it; nothing that is known is overwritten by nothing."""
    told = {
        "duration_seconds": update.duration_seconds,
        "answered_by": update.answered_by[:20],
        "recording_url": update.recording_url[:500],
        "transcript": [asdict(line) for line in update.transcript],
        "summary": update.summary,
        "disposition": update.disposition_hint[:50],
        "callback_at": update.callback_at,
        "transferred_to": update.transferred_to[:200],
        "cost": update.cost,
        "currency": update.currency[:3],
    }
    edit.put(**{name: value for name, value in told.items() if value not in (None, "", [])})
    if edit.call.cost is not None:
        edit.put(price_due_at=None)


def hear(edit: CallEdit) -> None:
    """A request in it not to be called again is kept at once, whatever outcome the call is given."""
    call, said = edit.call, edit.call.answered_at or edit.call.placed_at or edit.at
    lines, origin = list(call.transcript), f"Call {call.pk}"
    edit.afterwards.append(lambda: take_transcript(edit.lead, lines, at=said, by=edit.by, origin=origin))


def move(edit: CallEdit, update: CallUpdate, at: datetime) -> None:
    status = str(update.status)
    if update.status and update.status.is_final:
        outcome = str(update.outcome or outcome_of(edit.call, status))
        end(edit, status, outcome, detail_of(edit.call, update, outcome), at)
        return
    edit.put(status=status, look_at=edit.at + (LONGEST_TALK if status == Status.IN_PROGRESS else NEWS_WITHIN))
    if status == Status.IN_PROGRESS:
        edit.put(answered_at=at)
        edit.tell(events.CALL_ANSWERED)


def detail_of(call: Call, update: CallUpdate, outcome: str) -> str:
    heard_machine = outcome == Outcome.NO_ANSWER and call.answered_by == MACHINE
    return update.detail[:40] or (VOICEMAIL if heard_machine else "")


def outcome_of(call: Call, status: str) -> str:
    """Where the provider does not say."""
    if status == Status.CANCELED:
        return ""
    if status == Status.FAILED:
        return Outcome.FAILED
    if call.answered_by == MACHINE:
        return Outcome.NO_ANSWER
    return Outcome.ANSWERED if call.answered_at else Outcome.NO_ANSWER


@on_call
def give_up(call: Call, *, at: datetime | None = None) -> None:
    """Nothing was heard of it, since this row of it was read: failed, until somebody knows better; the lead is tried
    again."""
    edit = CallEdit(call, at=at)
    if edit.call.is_over or edit.call.placed_at is None or edit.call.look_at != call.look_at:
        return
    end(edit, Status.FAILED, Outcome.FAILED, NO_REPORT, edit.at)
    edit.write()
