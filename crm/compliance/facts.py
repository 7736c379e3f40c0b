"""What the gate must know of a set of contacts, read by a number of statements that does not depend on how many."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from crm.accounts.models import Company
from crm.compliance.attempts import attempts_since
from crm.compliance.channels import HAS_HOURS, Channel
from crm.compliance.laws import Law, laws_for
from crm.compliance.models import AddressKind, ConsentEvent, StricterHours, Suppression
from crm.compliance.querysets import by_contact
from crm.compliance.zones import Whereabouts, whereabouts_of
from crm.core.tenancy import current_company_id
from leads.hashes import sha256_hex
from leads.models import Contact


@dataclass(frozen=True)
class Facts:
    """Of one company at one moment, for one channel."""

    company: Company
    channel: str
    at: datetime
    holidays: frozenset[date]  # the company's
    stricter: Sequence[StricterHours]
    consent: Mapping[UUID, Mapping[str, ConsentEvent]]  # the last event by contact and channel
    suppressed: Mapping[str, Suppression]  # by hash, those that cover the channel and are in force
    attempts: Mapping[UUID, Sequence[datetime]]  # by contact, of those whom a law protects from too many
    known: dict[Any, Any] = field(default_factory=dict, compare=False)  # what was worked out for one place already

    def suppression_of(self, contact: Contact) -> Suppression | None:
        return self.suppressed.get(address_hash(contact, self.channel))

    def consent_of(self, contact: Contact) -> Mapping[str, ConsentEvent]:
        return self.consent.get(contact.pk, {})

    def laws_of(self, where: Whereabouts) -> tuple[Law, ...]:
        return laws_for(where.places, self.channel)


def facts_of(contacts: Sequence[Contact], channel: str, *, at: datetime) -> Facts:
    """Four statements, and one of each app that counts attempts where a law of these places limits them."""
    company = Company.objects.get(pk=current_company_id())
    return Facts(
        company=company,
        channel=channel,
        at=at,
        holidays=frozenset(date.fromisoformat(day) for day in company.holidays),
        stricter=list(StricterHours.objects.order_by("country", "region")) if channel in HAS_HOURS else [],
        consent=by_contact(ConsentEvent.objects.in_force(contact.pk for contact in contacts)),
        suppressed=_suppressed({address_hash(contact, channel) for contact in contacts} - {""}, channel, at),
        attempts=_attempts(contacts, channel, at),
    )


def _suppressed(hashes: Iterable[str], channel: str, at: datetime) -> dict[str, Suppression]:
    kind = AddressKind.EMAIL if channel == Channel.EMAIL else AddressKind.PHONE
    rows = Suppression.objects.filter(kind=kind).of(hashes).active(at)
    return {row.value_sha256: row for row in rows if channel in row.channels}


def _attempts(contacts: Sequence[Contact], channel: str, at: datetime) -> dict[UUID, list[datetime]]:
    limited: set[UUID] = set()
    laws: set[Law] = set()
    for contact in contacts:
        limits = [law for law in laws_for(whereabouts_of(contact).places, channel) if law.limit]
        if limits:
            limited.add(contact.pk)
            laws.update(limits)
    if not laws:
        return {}
    longest = max(law.limit.span for law in laws if law.limit)
    return attempts_since(limited, frozenset().union(*(law.channels for law in laws)), at - longest)


def address_of(contact: Contact, channel: str) -> str:
    """The phone number or e-mail address that the channel reaches; empty where there is none."""
    return contact.email if channel == Channel.EMAIL else contact.phone_e164


def address_hash(contact: Contact, channel: str) -> str:
    address = address_of(contact, channel)
    return sha256_hex(address) if address else ""
