"""What the gate must know of a set of contacts, read by a number of statements that does not depend on how many."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from crm.accounts.models import Company
from crm.compliance.channels import Channel
from crm.compliance.models import AddressKind, ConsentEvent, Suppression
from crm.compliance.querysets import by_contact
from crm.core.tenancy import current_company_id
from leads.hashes import sha256_hex
from leads.models import Contact


@dataclass(frozen=True)
class Facts:
    """Of one company at one moment, for one channel."""

    company: Company
    consent: Mapping[UUID, Mapping[str, ConsentEvent]]  # the last event by contact and channel
    suppressed: Mapping[str, Suppression]  # by hash, those that cover the channel and are in force

    @property
    def holidays(self) -> frozenset[date]:
        return frozenset(date.fromisoformat(day) for day in self.company.holidays)

    def suppression_of(self, contact: Contact, channel: str) -> Suppression | None:
        return self.suppressed.get(address_hash(contact, channel))

    def consent_of(self, contact: Contact) -> Mapping[str, ConsentEvent]:
        return self.consent.get(contact.pk, {})


def facts_of(contacts: Sequence[Contact], channel: str, *, at: datetime) -> Facts:
    return Facts(
        company=Company.objects.get(pk=current_company_id()),
        consent=by_contact(ConsentEvent.objects.in_force(contact.pk for contact in contacts)),
        suppressed=_suppressed({address_hash(contact, channel) for contact in contacts} - {""}, channel, at),
    )


def _suppressed(hashes: Iterable[str], channel: str, at: datetime) -> dict[str, Suppression]:
    kind = AddressKind.EMAIL if channel == Channel.EMAIL else AddressKind.PHONE
    rows = Suppression.objects.filter(kind=kind).of(hashes).active(at)
    return {row.value_sha256: row for row in rows if channel in row.channels}


def address_of(contact: Contact, channel: str) -> str:
    """The phone number or e-mail address that the channel reaches; empty where there is none."""
    return contact.email if channel == Channel.EMAIL else contact.phone_e164


def address_hash(contact: Contact, channel: str) -> str:
    address = address_of(contact, channel)
    return sha256_hex(address) if address else ""
