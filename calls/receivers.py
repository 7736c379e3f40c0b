"""What may change the contact gate's answer releases the leads that it held: it is asked again at the next tick."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import OuterRef, Subquery

from calls.models import Call
from crm.audit.events import events_recorded
from crm.audit.models import AuditEntry
from crm.compliance import events as compliance
from leads import events
from leads.actions import release_holds
from leads.actions.calling import held_of
from leads.models import Contact, Lead

ASKED_ABOUT = frozenset({"phone_e164", "timezone", "country", "region", "do_not_contact", "opt_in_status"})
SEARCHED = frozenset({"first_name", "last_name", "email", "phone_e164", "organization"})
HOURS = frozenset({"calling_hours"})
OF_EVERYBODY = frozenset({
    compliance.SUPPRESSION_LIFTED, compliance.SUPPRESSION_CHANGED,
    compliance.STRICTER_HOURS_SET, compliance.STRICTER_HOURS_REMOVED,
})  # fmt: skip


def connect() -> None:
    events_recorded.connect(on_events, dispatch_uid="calls")


def on_events(entries: Sequence[AuditEntry], **kwargs: Any) -> None:
    if any(entry.action in OF_EVERYBODY or _moves_hours(entry) for entry in entries):
        release_holds(Lead.objects.open())
    elif contacts := [pk for entry in entries if (pk := _asked_again(entry))]:
        release_holds(held_of(contacts))
    renamed = [e.object_id for e in entries if e.action == events.CONTACT_UPDATED and SEARCHED & _fields(e)]
    if renamed:
        contact = Contact.objects.filter(pk=OuterRef("contact")).values("search_text")
        Call.objects.filter(contact__in=renamed).update(search_text=Subquery(contact[:1]))


def _moves_hours(entry: AuditEntry) -> bool:
    return entry.action == "company.updated" and bool(HOURS & _fields(entry))


def _asked_again(entry: AuditEntry) -> Any:
    """The contact of whom the gate may say something else now."""
    if entry.action == events.CONTACT_UPDATED and ASKED_ABOUT & _fields(entry):
        return entry.object_id
    if entry.action in (compliance.CONSENT_GRANTED, compliance.CONSENT_CLEARED):
        return entry.data.get("contact_id") or entry.object_id
    return None


def _fields(entry: AuditEntry) -> set[str]:
    return {change["field"] for change in entry.changes}
