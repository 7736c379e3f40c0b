"""What happens to calls, by name; each is told of the lead, so that it stands in the lead's timeline."""

from __future__ import annotations

CALL_PLACED = "call.placed"
CALL_ANSWERED = "call.answered"
CALL_COMPLETED = "call.completed"
CALL_FAILED = "call.failed"
CALL_CANCELED = "call.canceled"
CALL_HANDED_ON = "call.handed_on"
CALL_LOGGED = "call.logged"
CALL_DISPOSITION_SET = "call.disposition_set"

LABELS = {
    CALL_PLACED: "Call placed",
    CALL_ANSWERED: "Call answered",
    CALL_COMPLETED: "Call completed",
    CALL_FAILED: "Call failed",
    CALL_CANCELED: "Call canceled",
    CALL_HANDED_ON: "Call handed on",
    CALL_LOGGED: "Call logged by hand",
    CALL_DISPOSITION_SET: "Call's outcome set",
}
