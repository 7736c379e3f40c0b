"""Writing the ledger: whatever the way it came in, the same lines, the same event, and the contact's fields with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.timezone import now

from crm.audit.proof import clean_ip
from crm.audit.recording import Event, record_many
from crm.compliance import events
from crm.compliance.channels import ALL, CHANNELS
from crm.compliance.facts import address_of
from crm.compliance.models import ConsentEvent, ConsentSource, ConsentState
from crm.compliance.querysets import by_contact
from crm.compliance.standing import is_barred, missing_lines, opt_in_of
from crm.core.actors import Actor, System, VendorActor, as_user
from crm.core.bulk_rows import insert_rows, update_rows
from crm.core.errors import InvalidField
from crm.core.http import current_origin
from crm.core.ids import uuid7
from leads.models import Contact, Lead

NAMES = {
    ConsentState.GRANTED: events.CONSENT_GRANTED,
    ConsentState.REVOKED: events.CONSENT_REVOKED,
    ConsentState.CLEARED: events.CONSENT_CLEARED,
}


@dataclass(frozen=True)
class Statement:
    """What one person said, or had said for them. `channels` may hold `all`: everything, and the person as a whole."""

    contact_id: UUID
    channels: Sequence[str]
    state: ConsentState
    source: ConsentSource
    wording: str = ""
    basis: str = ""
    origin: str = ""
    address: str = ""  # empty: the contact's own, as the channel reaches it
    at: datetime | None = None
    lead: Lead | None = None


def record_consent(
    contact: Contact,
    channel: str,
    *,
    granted: bool,
    source: ConsentSource,
    by: Actor,
    wording: str = "",
    basis: str = "",
    origin: str = "",
    lead: Lead | None = None,
) -> list[ConsentEvent]:
    """One grant or revocation; the lines that it made. Raises `InvalidField` for a channel that there is not."""
    if channel not in (*CHANNELS, ALL):
        raise InvalidField("channel", f"Must be one of {', '.join((*CHANNELS, ALL))}")
    state = ConsentState.GRANTED if granted else ConsentState.REVOKED
    statement = Statement(contact.pk, [channel], state, source, wording, basis, origin, lead=lead)
    return record_consents([statement], by=by)


@transaction.atomic
def record_consents(statements: Sequence[Statement], *, by: Actor) -> list[ConsentEvent]:
    """Write the lines and what they mean for the contacts' `opt_in_status` and `do_not_contact`; by set.

    What a contact's fields said before is written down first, so that nothing of it is lost. A second statement of the
    same contact counts after the first. Locks the contacts. Lines that are older than what is known change nothing.
    """
    contacts = _locked({statement.contact_id for statement in statements})
    said = by_contact(ConsentEvent.objects.in_force(contacts))
    lines = [line for contact in contacts.values() for line in _spell_out(contact, said, by)]
    before = {pk: _fields(contact) for pk, contact in contacts.items()}
    told: list[Event] = []
    for statement in statements:
        if (contact := contacts.get(statement.contact_id)) is not None:
            old = _fields(contact)
            made = _take(contact, statement, said.setdefault(contact.pk, {}), by)
            lines += made
            told.append(_event(contact, statement, made[0].act, by, old))
    insert_rows(ConsentEvent, lines)
    changed = [contact for contact in contacts.values() if _fields(contact) != before[contact.pk]]
    for contact in changed:
        contact.updated_at = now()
    update_rows(Contact, changed, {"opt_in_status", "do_not_contact", "updated_at"})
    record_many(told)
    return lines


def _locked(ids: Iterable[UUID]) -> dict[UUID, Contact]:
    rows = Contact.objects.filter(pk__in=list(ids)).order_by("pk").select_for_update(no_key=True)
    return {contact.pk: contact for contact in rows}


def _fields(contact: Contact) -> tuple[str, bool]:
    return contact.opt_in_status, contact.do_not_contact


def _take(contact: Contact, statement: Statement, said: dict[str, ConsentEvent], by: Actor) -> list[ConsentEvent]:
    """The new lines; `said` and the contact's fields in memory are brought up to date."""
    channels = [*CHANNELS, ALL] if ALL in statement.channels else list(dict.fromkeys(statement.channels))
    act, at = uuid7(), statement.at or now()
    made: list[ConsentEvent] = []
    for channel in channels:
        line = new_line(contact, channel, statement.state, statement.source, by=by, at=at, act=act)
        line.wording, line.basis, line.origin = statement.wording, statement.basis[:200], statement.origin[:200]
        line.lead = statement.lead
        if statement.address:
            line.address = statement.address
        made.append(line)
        if channel not in said or said[channel].at <= at:
            said[channel] = line
    contact.opt_in_status = opt_in_of(said)
    if ALL in channels:
        contact.do_not_contact = is_barred(said)
    return made


def _event(contact: Contact, statement: Statement, act: UUID, by: Actor, old: tuple[str, bool]) -> Event:
    """The contact's own changes stand in it, so that its history shows both in one line."""
    pairs = zip(("opt_in_status", "do_not_contact"), old, _fields(contact), strict=True)
    changes = {name: (before, after) for name, before, after in pairs if before != after}
    data = {"channels": list(statement.channels), "source": statement.source, "act": act}
    return Event(NAMES[statement.state], contact, by, changes, data)


def new_line(
    contact: Contact,
    channel: str,
    state: ConsentState,
    source: ConsentSource,
    *,
    by: Actor,
    at: datetime,
    act: UUID,
) -> ConsentEvent:
    """Unsaved, with who and where from."""
    label = by.name if isinstance(by, System) else by.code if isinstance(by, VendorActor) else ""
    return ConsentEvent(
        contact=contact,
        act=act,
        channel=channel,
        state=state,
        source=source,
        address="" if channel == ALL else address_of(contact, channel),
        ip=clean_ip(current_origin().ip),
        user=as_user(by),
        actor_label=label,
        at=at,
    )


def _spell_out(contact: Contact, said: dict[UUID, dict[str, ConsentEvent]], by: Actor) -> list[ConsentEvent]:
    """What the fields say and the ledger does not yet."""
    known = said.setdefault(contact.pk, {})
    lines, act = [], uuid7()
    for channel, state in missing_lines(contact, known):
        line = new_line(contact, channel, state, ConsentSource.STATUS, by=by, at=contact.created_at, act=act)
        line.origin = "as the contact stood before"
        lines.append(line)
        known[channel] = line
    return lines


@transaction.atomic
def agree_with_fields(causes: Mapping[UUID, tuple[ConsentSource, str, Actor]]) -> list[ConsentEvent]:
    """After a change of contacts' own fields: write what the ledger must say now. Contact → source, origin, actor.

    The fields have been written in this transaction, which holds the contacts; three statements at most.
    """
    said = by_contact(ConsentEvent.objects.in_force(causes))
    contacts = Contact.objects.filter(pk__in=list(causes))
    at = now()
    lines: list[ConsentEvent] = []
    told: list[Event] = []
    for contact in contacts:
        source, origin, by = causes[contact.pk]
        act = uuid7()
        states: dict[ConsentState, list[str]] = {}
        for channel, state in missing_lines(contact, said.get(contact.pk, {})):
            line = new_line(contact, channel, state, source, by=by, at=at, act=act)
            line.origin = origin
            lines.append(line)
            states.setdefault(state, []).append(channel)
        for state, channels in states.items():
            data = {"channels": channels, "source": source, "act": act}
            told.append(Event(NAMES[state], contact, by, data=data))
    insert_rows(ConsentEvent, lines)
    record_many(told)
    return lines
