"""Which event tells whom; in the transaction of the event, by set."""

from __future__ import annotations

from typing import Any

from crm.audit.events import events_recorded
from crm.audit.models import AuditEntry
from crm.notifications.actions import mail_assignments
from leads.events import LEAD_ASSIGNED, LEAD_REASSIGNED


def connect() -> None:
    events_recorded.connect(tell, dispatch_uid="notifications")


def tell(entries: list[AuditEntry], **kwargs: Any) -> None:
    placed = [entry for entry in entries if entry.action in (LEAD_ASSIGNED, LEAD_REASSIGNED)]
    if placed:
        mail_assignments(placed)
