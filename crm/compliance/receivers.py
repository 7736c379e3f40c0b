"""What happens to contacts and leads, written into the ledger in the same transaction; by set."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from crm.audit.events import events_recorded
from crm.audit.models import AuditEntry
from crm.compliance.actions.consent import agree_with_fields
from crm.compliance.actions.hearing import take_complaint
from crm.compliance.actions.leaving import keep_wishes_of_deleted
from crm.compliance.actions.merging import give_back_consent, take_over_consent
from crm.compliance.channels import ALL, BY_PHONE
from crm.compliance.importing import forget_files_of
from crm.compliance.models import ConsentSource
from crm.core.actors import Actor, System, VendorActor
from crm.jobs.events import JOB_CANCELLED, JOB_FAILED
from leads.choices import Complaint
from leads.dispositions import DO_NOT_CALL
from leads.events import (
    CONTACT_CREATED,
    CONTACT_DELETED,
    CONTACT_MERGE_UNDONE,
    CONTACT_MERGED,
    CONTACT_UPDATED,
    LEAD_RETURNED,
)
from leads.models import Lead, OptIn

FIELDS = {"opt_in_status": OptIn.UNKNOWN, "do_not_contact": False}  # and what a new contact has where nothing is said
CLOSED_BY: dict[str, tuple[str, ...]] = {Complaint.COMPLAINT: (ALL,), Complaint.DO_NOT_CALL: BY_PHONE}
Causes = dict[UUID, tuple[ConsentSource, str, Actor]]


def connect() -> None:
    events_recorded.connect(on_events, dispatch_uid="compliance")


def on_events(entries: Sequence[AuditEntry], **kwargs: Any) -> None:
    causes = _by_fields(entries) | _by_outcomes(entries)
    if causes:
        agree_with_fields(causes)
    if over := [entry.object_id for entry in entries if entry.action in (JOB_CANCELLED, JOB_FAILED)]:
        forget_files_of(over)
    _by_merges(entries)
    _by_returns(entries)
    if gone := [entry for entry in entries if entry.action == CONTACT_DELETED]:
        keep_wishes_of_deleted({entry.object_id: actor_of(entry) for entry in gone})


def _by_merges(entries: Iterable[AuditEntry]) -> None:
    """The survivor's ledger says what both said, and after an undo what it said alone."""
    for entry in entries:
        if entry.action == CONTACT_MERGED:
            before = {change["field"]: change["before"] for change in entry.changes if change["field"] in FIELDS}
            take_over_consent(entry.object_id, UUID(entry.data["other_id"]), before=before, by=actor_of(entry))
        elif entry.action == CONTACT_MERGE_UNDONE:
            give_back_consent(entry.object_id, by=actor_of(entry))


def _by_returns(entries: Iterable[AuditEntry]) -> None:
    """A lead that was given back to its vendor since the person complained, or asked not to be called."""
    for entry in entries:
        channels = CLOSED_BY.get(entry.data.get("complaint") or "") if entry.action == LEAD_RETURNED else None
        if channels:
            lead = Lead.objects.select_related("contact", "vendor").get(pk=entry.object_id)
            origin = f"Returned to vendor {lead.vendor}"
            take_complaint(lead.contact, *channels, at=entry.at, by=actor_of(entry), origin=origin, lead=lead)


def _by_fields(entries: Iterable[AuditEntry]) -> Causes:
    """Contacts made or changed with a word on consent: by the API, a page, an import, a vendor, undo."""
    causes: Causes = {}
    for entry in entries:
        if entry.action in (CONTACT_CREATED, CONTACT_UPDATED) and any(_says(change) for change in entry.changes):
            source = ConsentSource.VENDOR if entry.actor_kind == "vendor" else ConsentSource.STATUS
            causes[entry.object_id] = source, entry.action, actor_of(entry)
    return causes


def _says(change: dict[str, Any]) -> bool:
    name = change["field"]
    return name in FIELDS and (change.get("before") is not None or change.get("after") != FIELDS[name])


def _by_outcomes(entries: Iterable[AuditEntry]) -> Causes:
    """Leads whose disposition became `do_not_call`, or was taken back from it: their contacts are bound, or free."""
    leads = {entry.object_id: entry for entry in entries if any(_binds(change) for change in entry.changes)}
    if not leads:
        return {}
    contacts = Lead.objects.filter(pk__in=leads).values_list("pk", "contact_id")
    found = ((leads[pk], contact) for pk, contact in contacts)
    return {contact: (ConsentSource.DISPOSITION, entry.action, actor_of(entry)) for entry, contact in found}


def _binds(change: dict[str, Any]) -> bool:
    return change["field"] == "disposition" and DO_NOT_CALL in (change.get("before"), change.get("after"))


def actor_of(entry: AuditEntry) -> Actor:
    if entry.user is not None:
        return entry.user
    if entry.actor_kind == "vendor":
        return VendorActor(entry.object_id, entry.actor_label)
    return System(entry.actor_label)
