"""Which contact a new lead is about: matched by phone, else by e-mail, else made; safe under concurrency."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.db.models import Q

from crm.audit.recording import Event
from crm.core.actors import Actor
from crm.core.errors import Conflict, InvalidField
from leads import events
from leads.actions.contacts import PERSON_FIELDS, Changes, created_event, differing, new_contact, save_contact
from leads.errors import ContactTaken
from leads.models import Contact

REACHED_BY = ("phone_e164", "email")


@dataclass
class Match:
    """The locked contact of a new lead, the events that finding it made, and who else answers to the e-mail."""

    contact: Contact
    is_new: bool = False
    events: list[Event] = field(default_factory=list)
    other_id: UUID | None = None
    by_email: bool = False  # and not by the phone number


def contact_of(contact_id: UUID | None, fields: Mapping[str, Any], *, by: Actor) -> Match:
    """The contact by id, else by phone, else by e-mail, its blanks filled and nothing renamed; else a new one.

    Raises `InvalidField` for an unknown `contact_id`, and `MissingField` where too little is known for a new one.
    """
    if contact_id is not None:
        return filled(by_id(contact_id), fields, by=by)
    return matched(fields, by=by) or merged_into_known(fields, by=by) or made(fields, by=by)


def by_id(contact_id: UUID) -> Contact:
    """The one that it was merged into, where it was."""
    into = Contact.objects.merged().filter(pk=contact_id).values("merged_into")
    contact = locked_if_alive([contact_id]) or locked_if_alive(into)
    if contact is None:
        raise InvalidField("contact_id", "No such contact")
    return contact


def locked_if_alive(ids: Any) -> Contact | None:
    """In a savepoint, which lets the lock go of a row that was merged away while it was waited for."""
    with transaction.atomic():
        found = Contact.objects.alive().select_for_update(no_key=True).filter(pk__in=ids).first()
        transaction.set_rollback(found is None)
    return found


def merged_into_known(fields: Mapping[str, Any], *, by: Actor) -> Match | None:
    """Whom somebody with this phone, else with this e-mail, was merged into: known by it as ever, though it has others.

    Looked up without a lock, so that nobody waits for a merge with a contact in hand.
    """
    merged = merged_away(fields)
    if not merged:
        return None
    first = next(iter(merged.values()))
    contact = Contact.objects.alive().select_for_update(no_key=True).filter(pk=first).first()
    if contact is None:  # it has just been merged on, or deleted
        return None
    others = (pk for pk in merged.values() if pk != contact.pk)
    match = filled(contact, {name: value for name, value in fields.items() if name not in merged}, by=by)
    match.by_email, match.other_id = "phone_e164" not in merged, next(others, None)
    return match


def merged_away(fields: Mapping[str, Any]) -> dict[str, UUID]:
    """Of the phone and the e-mail those by which merged contacts were known, the phone first, each with the survivor,
    who is there still."""
    merged = Contact.objects.merged().filter(reached_by(fields)).order_by("pk")
    rows = list(merged.values_list("phone_e164", "email", "merged_into"))
    if not rows:
        return {}
    alive = set(Contact.objects.alive().filter(pk__in=[into for *_, into in rows]).values_list("pk", flat=True))
    found: dict[str, UUID] = {}
    for place, name in enumerate(REACHED_BY):
        for row in rows:
            if fields.get(name) and row[place] == fields[name] and row[2] in alive:
                found.setdefault(name, row[2])
    return found


def matched(fields: Mapping[str, Any], *, by: Actor) -> Match | None:
    """Phone of one contact, e-mail of another: the phone's is used and the e-mail not copied. Whose phone or e-mail was
    merged into another contact is that one by it."""
    rows = list(Contact.objects.alive().filter(reached_by(fields)).select_for_update(no_key=True).order_by("id"))
    if not rows:
        return None
    owners = {name: row.pk for name in REACHED_BY for row in rows if fields.get(name) == getattr(row, name) != ""}
    known = {row.pk: row for row in rows}
    if loose := {name: fields[name] for name in REACHED_BY if fields.get(name) and name not in owners}:
        owners |= merged_away(loose)
    by_email = "phone_e164" not in owners
    first = owners["email" if by_email else "phone_e164"]
    contact = known[first] if first in known else in_hand(first)
    others = {pk for pk in owners.values() if pk != contact.pk}
    taken = set(loose) & owners.keys() | ({"email"} if others else set())
    match = filled(contact, {name: value for name, value in fields.items() if name not in taken}, by=by)
    match.other_id, match.by_email = next(iter(others), None), by_email
    return match


def in_hand(pk: UUID) -> Contact:
    """A further contact, locked while one is locked already: waiting might be for ever. Raises `Conflict`."""
    skips = connection.features.has_select_for_update_skip_locked
    contact = Contact.objects.alive().select_for_update(no_key=True, skip_locked=skips).filter(pk=pk).first()
    if contact is None:
        raise Conflict("The contact is being changed at this moment; try again")
    return contact


def reached_by(fields: Mapping[str, Any]) -> Q:
    phone, email = fields.get("phone_e164", ""), fields.get("email", "")
    known = Q(phone_e164=phone) if phone else Q(pk__in=())
    return known | Q(email=email) if email else known


def made(fields: Mapping[str, Any], *, by: Actor) -> Match:
    """Insert, unless another transaction was faster: then its row is waited for and matched."""
    contact = new_contact(fields, by=by)
    try:
        with transaction.atomic():
            contact.save(force_insert=True)
    except IntegrityError:
        match = matched(fields, by=by)
        if match is None:  # the faster one has deleted it since
            raise Conflict("The contact has just been deleted; try again") from None
        return match
    return Match(contact, is_new=True, events=[created_event(contact, by=by)])


def filled(contact: Contact, fields: Mapping[str, Any], *, by: Actor) -> Match:
    """Fill its blanks; a phone or e-mail that another contact has stays where it is."""
    changes = written(contact, blanks_of(contact, fields))
    return Match(contact, events=[Event(events.CONTACT_UPDATED, contact, by, changes)] if changes else [])


def blanks_of(contact: Contact, fields: Mapping[str, Any]) -> dict[str, Any]:
    """What of the given fields the contact lacks; half of another name is no filling, it would rename."""
    blanks = {name: fields[name] for name in PERSON_FIELDS if fields.get(name) and not getattr(contact, name)}
    if contact.first_name or contact.last_name:
        blanks.pop("first_name", None)
        if fields.get("first_name", contact.first_name) != contact.first_name:
            blanks.pop("last_name", None)
    return blanks


def written(contact: Contact, blanks: dict[str, Any]) -> Changes:
    """Save what was blank; where another contact has just taken the phone or e-mail, without that."""
    changes = differing(contact, blanks)
    if not changes:
        return {}
    try:
        save_contact(contact, changes)
    except ContactTaken as refusal:
        for name in blanks:
            setattr(contact, name, "")
        return written(contact, {name: value for name, value in blanks.items() if name != refusal.field})
    return changes
