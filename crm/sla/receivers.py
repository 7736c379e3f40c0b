"""Clocks hear what happens to leads, in its transaction and by set."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from calls.events import CALL_LOGGED
from crm.audit.events import events_recorded
from crm.audit.models import AuditEntry
from crm.sla.actions import end_clocks, follow_leads, start_clocks
from leads import events

GIVEN = (events.LEAD_ASSIGNED, events.LEAD_REASSIGNED)
TAKEN = (events.LEAD_REASSIGNED, events.LEAD_UNASSIGNED, events.LEAD_DELETED, events.LEAD_MERGED_AWAY)
RESPONSES = (CALL_LOGGED,)  # a call that came in answers the lead, and is told as that alone


def connect() -> None:
    events_recorded.connect(on_events, dispatch_uid="sla")


def on_events(entries: list[AuditEntry], **kwargs: Any) -> None:
    """Undo and restoring put a lead back to some earlier state: its clocks are compared with it as a whole."""
    told = [entry for entry in entries if entry.object_type == "lead"]
    moved = {entry.object_id for entry in told if _puts_back(entry)}
    rest = [entry for entry in told if entry.object_id not in moved]
    if ended := {entry.object_id for entry in rest if _ends(entry)}:
        end_clocks(ended, max(entry.at for entry in rest))
    if given := [UUID(pk) for entry in rest if entry.action in GIVEN and (pk := entry.data.get("assignment_id"))]:
        start_clocks(given)
    if moved:
        follow_leads(moved, max(entry.at for entry in told))


def _puts_back(entry: AuditEntry) -> bool:
    emptied = any(value is None for value in _values(entry, "first_response_at"))
    return entry.action == events.LEAD_RESTORED or "undoes" in entry.data or emptied


def _ends(entry: AuditEntry) -> bool:
    if entry.action in TAKEN + RESPONSES:
        return True
    return bool(_after(entry, "first_response_at")) or _after(entry, "status") == "done"


def _after(entry: AuditEntry, field: str) -> Any:
    return next(_values(entry, field), None)


def _values(entry: AuditEntry, field: str) -> Iterator[Any]:
    return (change.get("after") for change in entry.changes if change["field"] == field)
