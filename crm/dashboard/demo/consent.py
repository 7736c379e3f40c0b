"""What people of the demo said: a ledger that agrees with their fields, some STOP replies, a short suppression list."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from random import Random

from crm.accounts.models import User
from crm.compliance.channels import ALL, BY_PHONE, TEXTS
from crm.compliance.models import (
    AddressKind,
    ConsentEvent,
    ConsentSource,
    ConsentState,
    StricterHours,
    Suppression,
)
from crm.compliance.standing import missing_lines
from crm.core.actors import System
from crm.core.ids import uuid7
from leads.hashes import sha256_hex
from leads.models import Contact

WEBSITE = "I agree to calls, texts and e-mails about my enquiry."
STOPS = ("STOP", "Stop", "stop please", "Unsubscribe")
STOP_SHARE = 0.03
SUPPRESSED = (("by hand", "Asked by letter"), ("state registry", ""), ("text reply", "Asked to stop"))


def tell_consent(contacts: Iterable[Contact], manager: User, at: datetime, dice: Random) -> None:
    people = list(contacts)
    ConsentEvent.objects.create_many(line for person in people for line in _ledger(person, manager, at, dice))
    Suppression.objects.create_many(_suppressed(manager, at, number, dice) for number in range(12))
    StricterHours.objects.create(
        country="US",
        region="CA",
        channels=list(BY_PHONE),
        hours={day: [["09:00", "19:00"]] for day in ("mon", "tue", "wed", "thu", "fri", "sat")},
        note="Our own rule since the complaints of last spring",
    )


def _ledger(person: Contact, manager: User, at: datetime, dice: Random) -> Iterator[ConsentEvent]:
    act = uuid7()
    for channel, state in missing_lines(person, {}):
        source = ConsentSource.DISPOSITION if channel == ALL else ConsentSource.STATUS
        agreed = state == ConsentState.GRANTED
        yield ConsentEvent(
            contact=person,
            act=act,
            channel=channel,
            state=state,
            source=source,
            wording=WEBSITE if agreed else "",
            basis="Express consent" if agreed else "",
            origin="website" if agreed else "",
            user=manager if channel == ALL else None,
            actor_label="" if channel == ALL else System("website").name,
            at=person.updated_at if channel == ALL else person.created_at,
        )
    if person.phone_e164 and dice.random() < STOP_SHARE:
        yield from _stop(person, at, dice)


def _stop(person: Contact, at: datetime, dice: Random) -> Iterator[ConsentEvent]:
    act, words = uuid7(), dice.choice(STOPS)
    said_at = person.created_at + (at - person.created_at) * dice.random()
    for channel in TEXTS:
        yield ConsentEvent(
            contact=person,
            act=act,
            channel=channel,
            state=ConsentState.REVOKED,
            source=ConsentSource.REPLY,
            wording=words,
            basis="The person's own request",
            origin="Text messages",
            address=person.phone_e164,
            actor_label="sms",
            at=said_at,
        )


def _suppressed(manager: User, at: datetime, number: int, dice: Random) -> Suppression:
    source, reason = dice.choice(SUPPRESSED)
    phone = f"+1{dice.choice(('312', '415', '206'))}555{100 + number:04d}"
    return Suppression(
        kind=AddressKind.PHONE,
        value=phone,
        value_sha256=sha256_hex(phone),
        channels=list(TEXTS if source == "text reply" else BY_PHONE),
        reason=reason,
        source=source,
        created_by=manager,
        expires_at=at + timedelta(days=365) if source == "state registry" else None,
        created_at=at - timedelta(days=dice.randrange(1, 60)),
    )
