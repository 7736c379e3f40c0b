"""The open leads of an agent who is switched off go back to the queue."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agents.events import AGENT_DEACTIVATED
from crm.audit.events import events_recorded
from crm.audit.models import AuditEntry
from crm.core.actors import System
from leads.assignment.bulk import return_all_of


def connect() -> None:
    events_recorded.connect(on_events, dispatch_uid="leads.assignment.agents")


def on_events(entries: Sequence[AuditEntry], **kwargs: Any) -> None:
    for entry in entries:
        if entry.action == AGENT_DEACTIVATED:
            return_all_of(entry.object_id, by=entry.user or System(entry.actor_label), why="inactive")
