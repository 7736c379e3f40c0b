"""The list of addresses that are never to be reached, one row for each; changed by set, whatever the door."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.timezone import now

from crm.audit.recording import Event, record, record_many
from crm.compliance import events
from crm.compliance.channels import BY_PHONE, CHANNELS, Channel
from crm.compliance.models import AddressKind, Suppression
from crm.core.actors import Actor, as_user
from crm.core.bulk_rows import insert_rows, update_rows
from crm.core.errors import InvalidField
from leads.actions.contacts import default_country
from leads.hashes import sha256_hex
from leads.phone_numbers import normalize

EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
OF_KIND = {AddressKind.PHONE: BY_PHONE, AddressKind.EMAIL: (Channel.EMAIL,)}


@dataclass(frozen=True)
class Address:
    """One address to be put on the list; `value` is empty where only its hash is known."""

    kind: AddressKind
    sha256: str
    value: str = ""
    channels: Sequence[str] = ()  # none: all by which that kind is reached
    reason: str = ""
    source: str = ""
    expires_at: datetime | None = None

    @property
    def key(self) -> tuple[str, str]:
        return self.kind, self.sha256

    @property
    def covers(self) -> list[str]:
        return sorted(self.channels or OF_KIND[self.kind], key=CHANNELS.index)  # type: ignore[arg-type]


def phone_address(text: str, *, country: str) -> tuple[AddressKind, str, str]:
    """Kind, hash and number in E.164. Raises `InvalidPhone`."""
    number = normalize(text, country)
    return AddressKind.PHONE, sha256_hex(number), number


def email_address(text: str) -> tuple[AddressKind, str, str]:
    """Kind, hash and address in lower case. Raises `InvalidField`."""
    address = text.strip().lower()
    if len(address) > 254 or not EMAIL.fullmatch(address):
        raise InvalidField("email", "Not an e-mail address")
    return AddressKind.EMAIL, sha256_hex(address), address


def checked_channels(kind: AddressKind, channels: Iterable[str]) -> list[str]:
    """Raises `InvalidField` for a channel that does not reach such an address."""
    wanted = list(dict.fromkeys(channels))
    if strange := [channel for channel in wanted if channel not in OF_KIND[kind]]:
        allowed = ", ".join(OF_KIND[kind])
        raise InvalidField("channels", f"“{strange[0]}” does not reach this address; choose of {allowed}")
    return wanted


def suppress(
    *,
    by: Actor,
    phone: str = "",
    email: str = "",
    channels: Iterable[str] = (),
    reason: str = "",
    source: str = "",
    expires_at: datetime | None = None,
) -> tuple[Suppression, bool]:
    """Put one address on the list; the row, and whether it is new. See `suppress_many`.

    Raises `InvalidField` without exactly one address, for a bad one, for a strange channel or an end in the past.
    """
    if bool(phone) == bool(email):
        raise InvalidField("phone", "Give either a phone number or an e-mail address")
    if expires_at is not None and expires_at <= now():
        raise InvalidField("expires_at", "Lies in the past")
    kind, digest, value = phone_address(phone, country=default_country(by)) if phone else email_address(email)
    address = Address(kind, digest, value, checked_channels(kind, channels), reason, source, expires_at)
    added, _ = suppress_many([address], by=by)
    return Suppression.objects.get(kind=kind, value_sha256=digest), bool(added)


def suppress_many(addresses: Sequence[Address], *, by: Actor) -> tuple[list[Suppression], list[Suppression]]:
    """Put them on the list; the rows that are new, and those there already that were widened. By set.

    One that is on the list is never narrowed: it covers what both said, until the later end of the two, and keeps its
    reason. What two callers add at once is there once.
    """
    try:
        with transaction.atomic():
            return _suppress_many(addresses, by)
    except IntegrityError:  # somebody was first with one of them: it is there now, and is widened
        with transaction.atomic():
            return _suppress_many(addresses, by)


def _suppress_many(addresses: Sequence[Address], by: Actor) -> tuple[list[Suppression], list[Suppression]]:
    rows = Suppression.objects.of(address.sha256 for address in addresses).order_by("pk").select_for_update(no_key=True)
    known = {(row.kind, row.value_sha256): row for row in rows}
    old, added, widened = set(known), [], {}
    before = {row.pk: (list(row.channels), row.expires_at) for row in known.values()}
    for address in addresses:
        row = known.get(address.key)
        if row is None:
            known[address.key] = row = _new(address, by)
            added.append(row)
        elif _widen(row, address) and address.key in old:
            widened[row.pk] = row
    insert_rows(Suppression, added)
    update_rows(Suppression, list(widened.values()), {"channels", "expires_at", "value", "updated_at"})
    record_many(
        [Event(events.SUPPRESSION_ADDED, row, by, data=_told(row)) for row in added]
        + [Event(events.SUPPRESSION_CHANGED, row, by, _changes(row, before), _told(row)) for row in widened.values()]
    )
    return added, list(widened.values())


def _new(address: Address, by: Actor) -> Suppression:
    return Suppression(
        kind=address.kind,
        value_sha256=address.sha256,
        value=address.value,
        channels=address.covers,
        reason=address.reason[:300],
        source=address.source[:100],
        expires_at=address.expires_at,
        created_by=as_user(by),
    )


def _widen(row: Suppression, address: Address) -> bool:
    """Whether anything changed; one that had run out begins anew, with what is said now."""
    at = now()
    ended = row.expires_at is not None and row.expires_at <= at
    channels = address.covers if ended else sorted({*row.channels, *address.covers}, key=CHANNELS.index)  # type: ignore[arg-type]
    both = (row.expires_at, address.expires_at)
    ends = address.expires_at if ended else None if None in both else max(end for end in both if end)
    value = row.value or address.value
    if (channels, ends, value) == (row.channels, row.expires_at, row.value):
        return False
    row.channels, row.expires_at, row.value, row.updated_at = channels, ends, value, at
    return True


def _told(row: Suppression) -> dict[str, object]:
    """Nothing by which the person could be known."""
    return {"kind": row.kind, "channels": row.channels, "source": row.source}


def _changes(
    row: Suppression, before: dict[UUID, tuple[list[str], datetime | None]]
) -> dict[str, tuple[object, object]]:
    channels, ends = before[row.pk]
    pairs = {"channels": (channels, row.channels), "expires_at": (ends, row.expires_at)}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


@transaction.atomic
def lift_suppression(row: Suppression, *, by: Actor) -> None:
    """Take it off the list, from now on; that it was there stands in the audit log."""
    locked = Suppression.objects.select_for_update().filter(pk=row.pk).first()
    if locked is not None:
        record(events.SUPPRESSION_LIFTED, locked, by=by, data=_told(locked))
        locked.delete()
