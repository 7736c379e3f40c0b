"""What people and providers tell us outside the product: text replies, calls, complaints; each becomes consent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from crm.accounts.models import Company
from crm.audit.recording import record
from crm.compliance import events
from crm.compliance.actions.consent import Statement, record_consents
from crm.compliance.actions.suppressions import Address, lift_suppression, suppress_many
from crm.compliance.channels import ALL, CHANNELS, Channel
from crm.compliance.models import (
    AddressKind,
    ConsentEvent,
    ConsentSource,
    ConsentState,
    IncomingText,
    Suppression,
)
from crm.compliance.replies import Meaning, Reply, read_reply, reply_of
from crm.compliance.transcripts import request_in_transcript
from crm.core.actors import Actor
from crm.core.errors import InvalidField, MissingField
from crm.core.tenancy import current_company_id
from crm.providers.ports import TextReceived
from leads.hashes import sha256_hex
from leads.models import Contact, Lead

FROM_REPLY = "text reply"
LONGEST_TEXT = 5000
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
def take_reply(
    phone: str, text: str, *, at: datetime, by: Actor, channel: str = Channel.SMS, keyword: str = ""
) -> ReplyTaken:
    """Take a text that came from this number (E.164): STOP blocks what it covers from now on, START lifts that again.

    A number that no contact has is put on the suppression list, and taken off it, since it may become one's. The
    answer is to be sent back at once: it is the one message that may follow a STOP. `keyword`: what the provider has
    understood it as.
    """
    contact, reply = person_at(phone), read_reply(text) or reply_of(keyword)
    if reply is None:
        return ReplyTaken(None, contact)
    answer = answer_to(reply.meaning)
    lines: list[ConsentEvent] = []
    if reply.meaning is not Meaning.HELP:
        if contact is not None:
            lines = _said_by(contact, reply, phone, text, at, by, channel)
        elif phone:
            _said_by_nobody(phone, reply, by)
    return ReplyTaken(reply.meaning, contact, tuple(lines), answer)


def person_at(phone: str) -> Contact | None:
    """Who has the number, else whom somebody who had it was merged into."""
    if not phone:
        return None
    into = Contact.objects.merged().filter(phone_e164=phone).values("merged_into")
    people = Contact.objects.alive()
    return people.filter(phone_e164=phone).first() or people.filter(pk__in=into).first()


@transaction.atomic
def take_text(text: TextReceived, *, by: Actor) -> str:
    """Take a text as a provider brought it: what it asks for is done, and it stands in the person's history.

    The words that are due at once, empty where none are or the provider has sent its own. A repeat changes nothing and
    is answered alike. What a number that nobody has sends is kept nowhere, unless it is a keyword.
    """
    words = text.body.replace("\x00", "")
    contact, reply = person_at(text.sender), read_reply(words) or reply_of(text.keyword)
    if contact is None and reply is None:
        return ""
    kept = {
        "contact": contact,
        "channel": text.channel,
        "text": words[:LONGEST_TEXT] if contact else "",
        "meaning": reply.meaning if reply else "",
        "at": text.at,
    }
    row, is_new = IncomingText.objects.get_or_create(
        provider=text.provider, provider_id=text.message_id[:64], defaults=kept
    )
    if is_new:
        if contact is not None:
            data = {"text_id": row.pk, "channel": row.channel, "meaning": row.meaning or None}
            record(events.TEXT_RECEIVED, contact, by=by, data=data)
        take_reply(text.sender, words, at=text.at, by=by, channel=text.channel, keyword=text.keyword)
    return "" if text.keyword or not row.meaning else answer_to(Meaning(row.meaning))


def answer_to(meaning: Meaning) -> str:
    return ANSWERS[meaning].format(company=Company.objects.get(pk=current_company_id()).name)


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


def take_complaint(
    contact: Contact,
    *channels: str,
    at: datetime,
    by: Actor,
    origin: str,
    wording: str = "",
    lead: Lead | None = None,
) -> list[ConsentEvent]:
    """A provider or a vendor (`origin` names it) tells that the person complained about a message or a call.

    These channels are closed; `all` bars the person. Raises `InvalidField` for a channel that there is not, and
    `MissingField` where nobody is named.
    """
    if not origin.strip():
        raise MissingField("source", "Name who passed the complaint on")
    if set(channels) - {*CHANNELS, ALL}:
        raise InvalidField("channel", f"Must be one of {', '.join((*CHANNELS, ALL))}")
    statement = Statement(
        contact_id=contact.pk,
        channels=channels,
        state=ConsentState.REVOKED,
        source=ConsentSource.COMPLAINT,
        wording=wording,
        basis="A complaint",
        origin=origin.strip(),
        at=at,
        lead=lead,
    )
    return record_consents([statement], by=by)
