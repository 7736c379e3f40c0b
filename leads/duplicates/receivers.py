"""New and changed contacts are looked at for duplicates, once it is certain that they stay."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from crm.audit.events import events_recorded
from crm.audit.models import AuditEntry
from crm.core.tasks import later
from leads import events

TOLD = frozenset({"first_name", "last_name", "organization", "email", "phone_e164"})
AT_ONCE = 1000


def connect() -> None:
    events_recorded.connect(on_events, dispatch_uid="leads.duplicates")


def on_events(entries: Sequence[AuditEntry], **kwargs: Any) -> None:
    """One task for a thousand of them: it reads what the database holds by then."""
    ids = list(dict.fromkeys(_told(entries)))
    for start in range(0, len(ids), AT_ONCE):
        later("leads.look_for_duplicates", [str(pk) for pk in ids[start : start + AT_ONCE]])


def _told(entries: Sequence[AuditEntry]) -> Iterator[UUID]:
    for entry in entries:
        if entry.action == events.CONTACT_CREATED or (
            entry.action == events.CONTACT_UPDATED and any(change["field"] in TOLD for change in entry.changes)
        ):
            yield entry.object_id
