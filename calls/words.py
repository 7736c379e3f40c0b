"""How a call went, in words and with a mark."""

from __future__ import annotations

from dataclasses import dataclass

from calls import events
from calls.models import Call, Outcome, Status

TOLD = {  # in a lead's timeline
    events.CALL_PLACED: "placed a call",
    events.CALL_ANSWERED: "was answered",
    events.CALL_COMPLETED: "ended the call",
    events.CALL_FAILED: "reached nobody: the call failed",
    events.CALL_CANCELED: "called the call off",
    events.CALL_HANDED_ON: "put the call through to somebody else",
    events.CALL_LOGGED: "logged a call",
    events.CALL_DISPOSITION_SET: "set the call’s outcome",
}
DETAILS = {
    "busy": "busy",
    "voicemail": "voicemail",
    "invalid_number": "invalid number",
    "hung_up": "hung up",
    "transferred": "put through",
    "refused": "refused by the provider",
    "no_report": "no news from the provider",
    "agent_no_answer": "the agent did not pick up",
    "agent_unreachable": "the agent’s telephone can’t be reached",
    "provider_error": "trouble at the provider",
    "not_permitted": "not permitted any more",
    "lead_closed": "the lead was closed",
    "handed_on": "the lead was handed on",
    "number_changed": "the number was changed",
    "provider_down": "the provider did not answer",
    "canceled": "by hand",
}
LOOKS = {
    Outcome.ANSWERED: ("phone-call", "ok"),
    Outcome.NO_ANSWER: ("phone-missed", "warn"),
    Outcome.FAILED: ("phone-off", "bad"),
}
STATES = {
    Status.QUEUED: ("clock", "mut"),
    Status.RINGING: ("phone-outgoing", "acc"),
    Status.IN_PROGRESS: ("phone-call", "acc"),
    Status.CANCELED: ("ban", "mut"),
}


@dataclass(frozen=True)
class Words:
    text: str
    icon: str
    css: str


def call_words(call: Call) -> Words:
    """Its outcome, or how far it is."""
    if call.outcome:
        icon, css = LOOKS[Outcome(call.outcome)]
        return Words(detail_words(call.outcome, call.detail), icon, css)
    icon, css = STATES.get(Status(call.status), ("phone", "mut"))
    return Words(f"{call.get_status_display()}{_beside(call.detail)}", icon, css)


def detail_words(outcome: str, detail: str) -> str:
    return f"{Outcome(outcome).label}{_beside(detail)}"


def _beside(detail: str) -> str:
    return f", {DETAILS.get(detail, detail.replace('_', ' '))}" if detail else ""
