"""What Twilio's status and recording callbacks tell, in our words."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any
from uuid import UUID

from django.utils.timezone import now

from crm.providers.ports import CALL_PARAM, Callback, CallOutcome, CallStatus, CallUpdate

LEG, AGENT_LEG, CONTACT_LEG, NOTICE_LEG = "leg", "agent", "contact", "notice"
NO_ANSWER, FAILED = CallOutcome.NO_ANSWER, CallOutcome.FAILED
# Their status → ours, its outcome (None: as far as it was heard of) and detail.
MEANINGS: dict[str, tuple[CallStatus, CallOutcome | None, str]] = {
    "queued": (CallStatus.QUEUED, None, ""),
    "initiated": (CallStatus.QUEUED, None, ""),
    "ringing": (CallStatus.RINGING, None, ""),
    "in-progress": (CallStatus.IN_PROGRESS, None, ""),
    "completed": (CallStatus.COMPLETED, None, ""),
    "busy": (CallStatus.COMPLETED, NO_ANSWER, "busy"),
    "no-answer": (CallStatus.COMPLETED, NO_ANSWER, ""),
    "canceled": (CallStatus.CANCELED, None, ""),
    "failed": (CallStatus.FAILED, FAILED, "provider_error"),
}
# While our own person's telephone rings, nobody has rung the contact's yet. That it ended says nothing: how the call
# ended is told of the contact's leg, and may be told later.
AGENT_MEANINGS: dict[str, tuple[CallStatus, CallOutcome | None, str]] = {
    "queued": (CallStatus.QUEUED, None, ""),
    "initiated": (CallStatus.QUEUED, None, ""),
    "ringing": (CallStatus.QUEUED, None, ""),
    "in-progress": (CallStatus.RINGING, None, ""),
    "busy": (CallStatus.CANCELED, None, "agent_no_answer"),
    "no-answer": (CallStatus.CANCELED, None, "agent_no_answer"),
    "canceled": (CallStatus.CANCELED, None, ""),
    "failed": (CallStatus.FAILED, FAILED, "agent_unreachable"),
}
NO_SUCH_NUMBER = {"404", "484", "604"}  # SIP: not found, incomplete, exists nowhere
MACHINES = ("machine", "fax")


def updates_of(callback: Callback) -> list[CallUpdate]:
    """None for what says nothing of a call: another event, or a status that is not known."""
    told = callback.params
    if not told.get("CallSid"):
        return []
    if told.get("RecordingSid"):
        return _recording(callback)
    meanings = AGENT_MEANINGS if callback.query.get(LEG) == AGENT_LEG else MEANINGS
    meaning = meanings.get(told.get("CallStatus", ""))
    return [_status(callback, *meaning)] if meaning else []


def price_of(legs: Sequence[Any], callback: Callback) -> list[CallUpdate]:
    """What all legs cost together; none before each of them is priced. Twilio writes a charge as a negative number."""
    if any(leg.price is None for leg in legs):
        return []
    cost = sum((abs(Decimal(leg.price)) for leg in legs), Decimal(0))
    return [update(callback, "price", cost=cost, currency=str(legs[0].price_unit or "").upper())]


def told_by(call: Any, call_id: UUID, *, leg: str = "") -> Callback:
    """A call as REST shows it, in the words of its callback."""
    at = call.end_time or call.date_updated or now()
    told = {
        "CallSid": call.sid,
        "ParentCallSid": call.parent_call_sid or "",
        "CallStatus": str(call.status),
        "CallDuration": str(call.duration or ""),
        "AnsweredBy": str(call.answered_by or ""),
        "Timestamp": format_datetime(at),
    }
    return Callback(url="", headers={}, params=told, query={CALL_PARAM: str(call_id), **({LEG: leg} if leg else {})})


def update(callback: Callback, event: str, **values: Any) -> CallUpdate:
    """With what every update says. A leg of its own does not give the call another name."""
    told = callback.params
    return CallUpdate(
        provider="twilio",
        event_id=f"{told['CallSid']}:{event}",
        call_id=_call_id(callback),
        provider_id=told.get("ParentCallSid") or told["CallSid"],
        at=_at(told.get("Timestamp", "")),
        answered_by=heard(told.get("AnsweredBy", "")),
        **values,
    )


def heard(answered_by: str) -> str:
    """`machine_end_beep` and its like, and a fax, are machines; `unknown` may be anybody."""
    if answered_by.startswith(MACHINES):
        return "machine"
    return "human" if answered_by == "human" else ""


def _status(callback: Callback, status: CallStatus, outcome: CallOutcome | None, detail: str) -> CallUpdate:
    told = callback.params
    if status == CallStatus.COMPLETED and outcome is None and heard(told.get("AnsweredBy", "")) == "machine":
        outcome, detail = NO_ANSWER, "voicemail"
    if status == CallStatus.FAILED and told.get("SipResponseCode") in NO_SUCH_NUMBER:
        detail = "invalid_number"
    seconds = told.get("CallDuration", "")
    return update(
        callback,
        told["CallStatus"],
        status=status,
        outcome=outcome,
        detail=detail,
        duration_seconds=int(seconds) if status.is_final and seconds.isdecimal() else None,
    )


def _recording(callback: Callback) -> list[CallUpdate]:
    told = callback.params
    if told.get("RecordingStatus", "completed") != "completed":
        return []
    return [update(callback, told["RecordingSid"], recording_url=told.get("RecordingUrl", ""))]


def _call_id(callback: Callback) -> UUID | None:
    with suppress(ValueError):
        return UUID(callback.query.get(CALL_PARAM, ""))
    return None


def _at(timestamp: str) -> datetime:
    """`Fri, 06 Mar 2026 18:00:00 +0000`; the moment of reading where there is none."""
    with suppress(ValueError, TypeError):
        at = parsedate_to_datetime(timestamp)
        return at if at.tzinfo else at.replace(tzinfo=UTC)
    return now()
