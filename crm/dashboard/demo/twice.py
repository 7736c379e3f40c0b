"""People of the demo who stand there twice, as it happens: another address, another phone, a second pursuit."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random

from crm.audit.recording import Event
from crm.core.actors import System
from crm.dashboard.demo.lives import Life
from crm.dashboard.demo.people import People
from leads import events
from leads.duplicates.finding import look_for
from leads.duplicates.models import FoundBy
from leads.models import Contact

PAIRS = 6


def meet_again(lives: list[Life], people: People, dice: Random, moment: datetime) -> list[Contact]:
    """Some known people come in once more; not in the database yet."""
    known = [life.contact for life in lives if life.contact_is_new and life.contact.email and life.contact.organization]
    return [_again(contact, people, number, moment) for number, contact in enumerate(dice.sample(known, PAIRS))]


def told(met: list[Contact]) -> list[Event]:
    return [Event(events.CONTACT_CREATED, one, System("web form"), at=one.created_at) for one in met]


def find_again(met: list[Contact]) -> None:
    """Each is found as it comes in."""
    Contact.objects.create_many(met)
    look_for([contact.pk for contact in met], found_by=FoundBy.CREATION)


def _again(contact: Contact, people: People, number: int, moment: datetime) -> Contact:
    """By turns with the same address written otherwise, and with a phone of their own at the same employer."""
    at = moment - timedelta(hours=3 + 7 * number)
    again = people.meet(at, None)
    again.first_name, again.last_name = contact.first_name, contact.last_name
    again.organization, again.title, again.email = contact.organization, "", ""
    if number % 2:
        local, _, domain = contact.email.partition("@")
        again.email, again.phone_e164, again.organization = f"{local.replace('.', '')}+solar@{domain}", "", ""
    again.search_text = again.searchable
    return again
