"""The record of what vendors sent, a row for each lead and ping."""

from __future__ import annotations

from uuid import UUID

from django.db import IntegrityError, transaction

from crm.core.actors import Actor, as_user
from crm.vendors.errors import AlreadyReturned
from crm.vendors.models import Kind, Outcome, Vendor, VendorPost, VendorReturn


def note_accepted(vendor: Vendor, kind: Kind, *, lead_id: UUID | None = None) -> None:
    cost = vendor.price if kind == Kind.POST else None
    VendorPost(vendor=vendor, kind=kind, lead_id=lead_id, cost=cost).save(force_insert=True)


def note_refused(vendor: Vendor, kind: Kind, reason: str) -> None:
    VendorPost(vendor=vendor, kind=kind, outcome=Outcome.REFUSED, reason_code=reason).save(force_insert=True)


def note_returned(vendor: Vendor, lead_id: UUID, reason: str, *, by: Actor) -> VendorReturn:
    """Nothing is owed for it any more. Raises `AlreadyReturned`."""
    paid = VendorPost.objects.filter(vendor=vendor, kind=Kind.POST, lead_id=lead_id).values_list("cost", flat=True)
    row = VendorReturn(vendor=vendor, lead_id=lead_id, reason=reason, user=as_user(by), cost=paid.first())
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError as error:
        raise AlreadyReturned from error
    return row
