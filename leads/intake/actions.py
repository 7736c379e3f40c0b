"""Taking leads from vendors, and giving them back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.db import transaction

from crm.accounts.models import DuplicatePolicy
from crm.audit.recording import record
from crm.core.actors import Actor
from crm.core.text import fold
from crm.vendors.caps import refuse_if_full, take_place
from crm.vendors.errors import VendorPaused
from crm.vendors.models import Kind, Vendor, VendorReturn
from crm.vendors.reservations import release, reserve
from crm.vendors.sent import note_accepted, note_returned
from leads import events
from leads.actions import create_lead, set_stage
from leads.actions.contacts import company_of, given_fields, lock_contact
from leads.choices import Complaint
from leads.errors import DuplicateLead
from leads.hashes import Sha256Hex, sha256_hex
from leads.intake.errors import CustomersStay, NotFromVendor, NotToBeContacted
from leads.models import Contact, Lead, Stage
from leads.querysets import ContactQuerySet


@transaction.atomic
def submit_lead(vendor: Vendor, data: Mapping[str, Any], *, by: Actor) -> Lead:
    """Make a vendor's lead, once for each person, however many vendors post it at the same time.

    Raises `VendorPaused`, `DailyCapReached`, `ReservedByAnother`, `NotToBeContacted` and what `create_lead` raises;
    nothing is written then. Locks: the person's hashes, its contact, last the vendor's day.
    """
    refuse_if_closed(vendor)
    person = given_fields(data, by=by)
    hashes = [sha256_hex(value) for name in ("phone_e164", "email") if (value := person.get(name))]
    reserve(vendor, hashes)
    lead = create_lead(data, by=by)
    if lead.contact.do_not_contact:
        raise NotToBeContacted
    take_place(vendor)
    release(vendor, hashes)
    note_accepted(vendor, Kind.POST, lead_id=lead.pk)
    return lead


@transaction.atomic
def ping(vendor: Vendor, *, phone_sha256: str = "", email_sha256: str = "", by: Actor) -> dt.datetime:
    """Whether the vendor's post would be taken; then the person is its own until the moment that is answered.

    Raises `VendorPaused`, `DailyCapReached`, `ReservedByAnother`, `NotToBeContacted`, `DuplicateLead`.
    """
    hashes = [digest for digest in (phone_sha256, email_sha256) if digest]
    refuse_if_closed(vendor, reserving=hashes)
    until = reserve(vendor, hashes)  # first, so that a post under way is waited for and then seen
    by_phone, by_email = known_by_hash(phone_sha256, email_sha256)
    if any(contact.do_not_contact for contact in (*by_phone, *by_email)):
        raise NotToBeContacted
    if company_of(by).duplicate_policy == DuplicatePolicy.REFUSE:
        existing = Lead.objects.open().filter(contact__in=[*by_phone, *by_email]).first()
        if existing is not None:
            raise DuplicateLead(existing, by=by, by_email=existing.contact_id not in {one.pk for one in by_phone})
    note_accepted(vendor, Kind.PING)
    return until


def refuse_if_closed(vendor: Vendor, *, reserving: list[str] | None = None) -> None:
    if vendor.is_paused:
        raise VendorPaused
    refuse_if_full(vendor, reserving=reserving)


def known_by_hash(phone_sha256: str, email_sha256: str) -> tuple[list[Contact], list[Contact]]:
    """The contacts who have this phone number, and those who have this e-mail address, or were merged with one that had
    it: two looks into an index for each hash."""
    by_phone = with_hash("phone_e164", phone_sha256) if phone_sha256 else []
    return by_phone, with_hash("email", email_sha256) if email_sha256 else []


def with_hash(field: str, digest: str) -> list[Contact]:
    """In the words of the indexes of the field's hash."""
    merged = hashed(Contact.objects.merged(), field, digest)
    own = hashed(Contact.objects.alive(), field, digest)
    return [*own, *Contact.objects.alive().filter(pk__in=merged.values("merged_into"))]


def hashed(contacts: ContactQuerySet, field: str, digest: str) -> ContactQuerySet:
    return contacts.exclude(**{field: ""}).alias(digest=Sha256Hex(field)).filter(digest=digest)


@transaction.atomic
def return_lead(lead: Lead, reason: str, *, by: Actor, complaint: str = "") -> VendorReturn:
    """Give a lead back to the vendor that sent it: it is lost with the reason, and not paid for.

    A `complaint` (one of `Complaint`, also read from a reason that says just that) goes into the ledger. Raises
    `NotFromVendor`, `CustomersStay`, `AlreadyReturned`.
    """
    lock_contact(Contact(pk=lead.contact_id))
    lead = Lead.objects.select_for_update(of=("self",), no_key=True).select_related("vendor").get(pk=lead.pk)
    if lead.vendor is None:
        raise NotFromVendor
    if lead.stage == Stage.CUSTOMER:
        raise CustomersStay
    row = note_returned(lead.vendor, lead.pk, reason, by=by)
    if lead.stage != Stage.LOST:
        set_stage(lead, Stage.LOST, reason=f"Returned to {lead.vendor.code}: {reason}", by=by)
    told = {"vendor_id": lead.vendor_id, "return_id": row.pk, "complaint": complaint or complaint_in(reason)}
    record(events.LEAD_RETURNED, lead, by=by, data=told)
    return row


SAID_AS = {
    "complaint": Complaint.COMPLAINT,
    "complained": Complaint.COMPLAINT,
    "asked not to be called": Complaint.DO_NOT_CALL,
    "do not call": Complaint.DO_NOT_CALL,
}


def complaint_in(reason: str) -> Complaint | None:
    return SAID_AS.get(fold(reason).replace("_", " ").strip(" ."))
