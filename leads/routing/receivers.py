"""Running accept clocks end where the company gives up its accept time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from crm.audit.events import events_recorded
from crm.audit.models import AuditEntry
from leads.routing.accepting import stop_clocks

COMPANY_UPDATED = "company.updated"


def connect() -> None:
    events_recorded.connect(on_events, dispatch_uid="leads.routing.company")


def on_events(entries: Sequence[AuditEntry], **kwargs: Any) -> None:
    if any(entry.action == COMPANY_UPDATED and _gives_up(entry) for entry in entries):
        stop_clocks()


def _gives_up(entry: AuditEntry) -> bool:
    return any(change["field"] == "accept_minutes" and change.get("after") is None for change in entry.changes)
