"""A person's wish outlives the contact: what was revoked is held against the address, when a contact is deleted."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from crm.compliance.actions.suppressions import Address, suppress_many
from crm.compliance.channels import BY_PHONE, CHANNELS, Channel
from crm.compliance.facts import address_of
from crm.compliance.models import AddressKind, ConsentEvent, ConsentState
from crm.compliance.querysets import by_contact
from crm.core.actors import Actor
from leads.hashes import sha256_hex
from leads.models import Contact, OptIn

SOURCE = "deleted contact"


def keep_wishes_of_deleted(gone: Mapping[UUID, Actor]) -> None:
    """So that the same person, imported or sent again tomorrow, is not reached anew."""
    said = by_contact(ConsentEvent.objects.in_force(gone))
    addresses: list[Address] = []
    for contact in Contact.objects.filter(pk__in=list(gone)):
        closed = {channel for channel in CHANNELS if _is_closed(contact, said.get(contact.pk, {}).get(channel))}
        for kind, channels in ((AddressKind.PHONE, BY_PHONE), (AddressKind.EMAIL, (Channel.EMAIL,))):
            covered = [channel for channel in channels if channel in closed]
            if covered and (value := address_of(contact, covered[0])):
                addresses.append(Address(kind, sha256_hex(value), value, covered, "Did not want to be reached", SOURCE))
    if addresses:
        suppress_many(addresses, by=next(iter(gone.values())))


def _is_closed(contact: Contact, event: ConsentEvent | None) -> bool:
    if contact.do_not_contact:
        return True
    return event.state == ConsentState.REVOKED if event else contact.opt_in_status == OptIn.OPTED_OUT
