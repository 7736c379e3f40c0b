"""What people and providers tell us outside the product: text replies, calls, complaints; each becomes consent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from crm.accounts.models import Company
from crm.compliance.actions.consent import Statement, record_consents
from crm.compliance.actions.suppressions import Address, lift_suppression, suppress_many
from crm.compliance.channels import ALL, CHANNELS, Channel
from crm.compliance.models import AddressKind, ConsentEvent, ConsentSource, ConsentState, Suppression
from crm.compliance.replies import Meaning, Reply, read_reply
from crm.compliance.transcripts import request_in_transcript
from crm.core.actors import Actor
from crm.core.tenancy import current_company_id
from leads.hashes import sha256_hex
from leads.models import Contact, Lead

FROM_REPLY = "text reply"
REQUEST = "The person's own request"
ANSWERS = {
    Meaning.STOP: "{company}: you will get no more messages from us. Reply START to get them again.",
    Meaning.START: "{company}: you will get our messages again. Reply STOP to end them, HELP for help.",
    Meaning.HELP: "{company}: reply STOP to get no more messages, START to get them again.",
}


@dataclass(frozen=True)
class ReplyTaken:
    """What a text reply was: none of the keywords (`meaning` is none), or one with the answer that is due for it."""

    meaning: Meaning | None
    contact: Contact | None = None
    lines: tuple[ConsentEvent, ...] = ()
    answer: str = ""


@transaction.atomic
def take_reply(phone: str, text: str, *, at: datetime, by: Actor, channel: str = Channel.SMS) -> ReplyTaken:
    """Take a text that came from this number (E.164): STOP blocks what it covers from now on, START lifts that again.

    A number that no contact has is put on the suppression list, and taken off it, since it may become one's. The
    answer is to be sent back at once: it is the one message that may follow a STOP.
    """
    contact, reply = Contact.objects.alive().filter(phone_e164=phone).first() if phone else None, read_reply(text)
    if reply is None:
        return ReplyTaken(None, contact)
    answer = ANSWERS[reply.meaning].format(company=Company.objects.get(pk=current_company_id()).name)
    lines: list[ConsentEvent] = []
    if reply.meaning is not Meaning.HELP:
        if contact is not None:
            lines = _said_by(contact, reply, phone, text, at, by, channel)
        elif phone:
            _said_by_nobody(phone, reply, by)
    return ReplyTaken(reply.meaning, contact, tuple(lines), answer)


def _said_by(
    contact: Contact, reply: Reply, phone: str, text: str, at: datetime, by: Actor, channel: str
) -> list[ConsentEvent]:
    state = ConsentState.REVOKED if reply.meaning is Meaning.STOP else ConsentState.GRANTED
    statement = Statement(
        contact_id=contact.pk,
        channels=reply.channels,
        state=state,
        source=ConsentSource.REPLY,
        wording=text[:1000],
        basis=REQUEST,
        origin=Channel(channel).label,
        address=phone,
        at=at,
    )
    return record_consents([statement], by=by)


def _said_by_nobody(phone: str, reply: Reply, by: Actor) -> None:
    digest = sha256_hex(phone)
    if reply.meaning is Meaning.STOP:
        channels = [one for one in reply.channels if one != ALL] or [one for one in CHANNELS if one != Channel.EMAIL]
        address = Address(AddressKind.PHONE, digest, phone, channels, "Asked to stop", FROM_REPLY)
        suppress_many([address], by=by)
    else:
        for row in Suppression.objects.filter(kind=AddressKind.PHONE, source=FROM_REPLY).of([digest]):
            lift_suppression(row, by=by)


@transaction.atomic
def take_transcript(
    lead: Lead, transcript: str | Iterable[Mapping[str, Any]], *, at: datetime, by: Actor, origin: str = ""
) -> list[ConsentEvent]:
    """Look through what the person said in a call of this lead; a request not to be reached again is put on record.

    `transcript`: lines with `speaker` and `text`, or a text. `origin` names the call. The same call twice changes
    nothing more.
    """
    heard = request_in_transcript(transcript)
    if heard is None:
        return []
    taken = ConsentEvent.objects.filter(contact_id=lead.contact_id, source=ConsentSource.TRANSCRIPT, at=at)
    if taken.exists():
        return []
    statement = Statement(
        contact_id=lead.contact_id,
        channels=heard.channels,
        state=ConsentState.REVOKED,
        source=ConsentSource.TRANSCRIPT,
        wording=heard.wording[:1000],
        basis=REQUEST,
        origin=origin,
        at=at,
        lead=lead,
    )
    return record_consents([statement], by=by)


def take_complaint(contact: Contact, channel: str, *, at: datetime, by: Actor, origin: str = "") -> list[ConsentEvent]:
    """A provider or a vendor tells that the person complained about a message or a call: that channel is closed."""
    statement = Statement(
        contact_id=contact.pk,
        channels=[channel],
        state=ConsentState.REVOKED,
        source=ConsentSource.COMPLAINT,
        basis="A complaint",
        origin=origin,
        at=at,
    )
    return record_consents([statement], by=by)
