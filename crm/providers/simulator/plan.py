"""What happens in a simulated call: drawn from its id and the seed alone, so that it is the same whenever asked."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from django.conf import settings

from crm.providers.ports import CallOutcome, CallRequest, CallStatus
from crm.providers.simulator.conversations import Conversation, converse
from crm.providers.simulator.sound import address_of

COST_PER_MINUTE = Decimal("0.0140")
ATTENDED_SECONDS = 300  # then the invented contact hangs up on a person of ours who does not
PATIENCE_SECONDS = (8, 25)
UNANSWERED = (  # share of all that is not answered, status, outcome, detail
    (50, CallStatus.COMPLETED, CallOutcome.NO_ANSWER, ""),
    (25, CallStatus.COMPLETED, CallOutcome.NO_ANSWER, "voicemail"),
    (17, CallStatus.COMPLETED, CallOutcome.NO_ANSWER, "busy"),
    (8, CallStatus.FAILED, CallOutcome.FAILED, "invalid_number"),
)
ENDS = {
    "": "Nobody answered.",
    "voicemail": "A machine answered.",
    "busy": "The line was busy.",
    "invalid_number": "The number is not in service.",
}


@dataclass(frozen=True)
class Step:
    """So long after placing, this is told: the fields of a `CallUpdate` that are not about the call itself."""

    after: timedelta
    status: CallStatus
    told: dict[str, Any] = field(default_factory=dict)


def steps_of(
    request: CallRequest, placed_at: datetime, canceled_at: datetime | None = None, transferred_to: str = ""
) -> tuple[Step, ...]:
    """All that is told of the call, in order, the last step final; cut short where it was canceled or put through."""
    chance = Random(f"{settings.SIMULATOR_SEED}:{request.call_id}")  # noqa: S311 - a story, not a secret
    answered = chance.random() < settings.SIMULATOR_ANSWER_RATE
    steps = _answered(request, placed_at, chance) if answered else _unanswered(request, chance)
    if canceled_at is not None and canceled_at - placed_at < steps[-1].after:
        steps = _cut(steps, canceled_at - placed_at, transferred_to)
    return _recorded(steps) if request.record else steps


def _recorded(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """Where anybody talked."""
    told = steps[-1].told
    if told.get("outcome") != CallOutcome.ANSWERED:
        return steps
    address = address_of(told.get("transcript", ()), told["duration_seconds"])
    return *steps[:-1], replace(steps[-1], told={**told, "recording_url": address})


def _at(share: float) -> timedelta:
    return timedelta(seconds=settings.SIMULATOR_CALL_SECONDS * share)


def _answered(request: CallRequest, placed_at: datetime, chance: Random) -> tuple[Step, ...]:
    ringing = Step(_at(0.2), CallStatus.RINGING)
    talking = Step(_at(0.4), CallStatus.IN_PROGRESS, {"answered_by": "human"})
    if request.attended:
        length = timedelta(seconds=ATTENDED_SECONDS)
        return ringing, talking, Step(talking.after + length, CallStatus.COMPLETED, _ended(length, detail="hung_up"))
    told = converse(request, placed_at, chance)
    return ringing, talking, Step(_at(1), CallStatus.COMPLETED, _said(told))


def _said(conversation: Conversation) -> dict[str, Any]:
    """The length is the conversation's own: two seconds of playing tell of minutes."""
    told = _ended(timedelta(seconds=conversation.seconds), detail=conversation.detail)
    return told | {
        "transcript": conversation.lines,
        "summary": conversation.summary,
        "disposition_hint": conversation.disposition,
        "callback_at": conversation.callback_at,
        "transferred_to": conversation.transferred_to,
    }


def _ended(length: timedelta, detail: str = "") -> dict[str, Any]:
    seconds = max(1, round(length.total_seconds()))
    minutes = -(-seconds // 60)
    return {
        "outcome": CallOutcome.ANSWERED,
        "detail": detail,
        "duration_seconds": seconds,
        "cost": COST_PER_MINUTE * minutes,
        "currency": "USD",
    }


def _unanswered(request: CallRequest, chance: Random) -> tuple[Step, ...]:
    (_, status, outcome, detail), *_ = chance.choices(UNANSWERED, weights=[row[0] for row in UNANSWERED])
    told: dict[str, Any] = {"outcome": outcome, "detail": detail, "duration_seconds": 0, "summary": ENDS[detail]}
    if detail == "voicemail":
        words = " A message was left." if request.script.voicemail and not request.attended else ""
        told |= {"answered_by": "machine", "duration_seconds": chance.randint(*PATIENCE_SECONDS)}
        told |= {"summary": ENDS[detail] + words, "cost": COST_PER_MINUTE, "currency": "USD"}
    final = Step(_at(1), status, told)
    return (final,) if detail == "invalid_number" else (Step(_at(0.2), CallStatus.RINGING), final)


def _cut(steps: tuple[Step, ...], end: timedelta, transferred_to: str) -> tuple[Step, ...]:
    """Hung up or put through by us: what was told stays; a call that was being talked in counts as answered."""
    kept = tuple(step for step in steps[:-1] if step.after <= end)
    talking = next((step for step in kept if step.status == CallStatus.IN_PROGRESS), None)
    if talking is None:
        return *kept, Step(end, CallStatus.CANCELED, {"summary": "Hung up before anybody answered."})
    told = _ended(end - talking.after)
    if transferred_to:
        told |= {"detail": "transferred", "transferred_to": transferred_to}
    return *kept, replace(steps[-1], after=end, told=told)
