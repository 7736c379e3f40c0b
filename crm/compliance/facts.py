"""What the gate must know of a set of contacts, read by a number of statements that does not depend on how many."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from crm.accounts.models import Company
from crm.compliance.attempts import attempts_since
from crm.compliance.channels import Channel
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
    suppressed: Mapping[tuple[str, str], Suppression]  # by kind and hash, those in force
    attempts: Mapping[UUID, Sequence[datetime]]  # by contact, of those whom a law protects from too many
    known: dict[Any, Any] = field(default_factory=dict, compare=False)  # what was worked out for one place already

    def suppression_of(self, contact: Contact) -> Suppression | None:
        """The row that covers the channel."""
        row = self.suppressed.get((kind_of(self.channel), address_hash(contact, self.channel)))
        return row if row is not None and self.channel in row.channels else None

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
        stricter=list(StricterHours.objects.order_by("country", "region")),
        consent=by_contact(ConsentEvent.objects.in_force(contact.pk for contact in contacts)),
        suppressed=_suppressed(contacts, at),
        attempts=_attempts(contacts, channel, at),
    )


def for_channel(facts: Facts, channel: str) -> Facts:
    """The same facts asked for another channel, where both have hours or limits alike."""
    return replace(facts, channel=channel, known={})


def _suppressed(contacts: Iterable[Contact], at: datetime) -> dict[tuple[str, str], Suppression]:
    hashes = {address_hash(contact, one) for contact in contacts for one in (Channel.VOICE, Channel.EMAIL)} - {""}
    return {(row.kind, row.value_sha256): row for row in Suppression.objects.of(hashes).active(at)}


def kind_of(channel: str) -> AddressKind:
    return AddressKind.EMAIL if channel == Channel.EMAIL else AddressKind.PHONE


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
