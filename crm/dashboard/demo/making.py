"""Making the demo: every company of the cast with its leads, in a few large inserts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import chain
from random import Random
from typing import Any

from django.db import transaction
from django.utils.timezone import now

from agents.models import Agent
from calls.models import Call
from crm.accounts.permissions_table import Role
from crm.audit.recording import take_over
from crm.compliance.models import ContactDecision
from crm.core.tenancy import company_active
from crm.dashboard.demo.calls import call_history, line_up
from crm.dashboard.demo.cast import CASTS, Cast, Setting, make_company
from crm.dashboard.demo.consent import tell_consent
from crm.dashboard.demo.lives import DAYS_BACK, Ending, Life, Storyteller
from crm.dashboard.demo.notes import notes_of
from crm.dashboard.demo.passed import let_pass
from crm.dashboard.demo.routing import make_rules
from crm.dashboard.demo.twice import find_again, meet_again, told
from crm.dashboard.demo.vendors import give_back, make_keys, tell_of_vendors
from crm.notifications.models import Notification
from crm.sla.actions import take_over_clocks
from crm.vendors.models import VendorReturn
from leads.models import Assignment, Contact, Lead, Note, StageChange

SEED = 20_260_101
FRESH_SHARE = 0.35  # of the open leads that agents hold
RETURNING_SHARE = 0.05  # of the open leads: a contact whose earlier lead was closed


@transaction.atomic
def make_demo(casts: Sequence[Cast] = CASTS) -> int:
    """All companies of the cast; how many leads they have."""
    moment = now().replace(microsecond=0)
    dice = [Random(SEED + number) for number, _ in enumerate(casts)]  # noqa: S311 - no secret hangs on it
    return sum(_make(cast, moment, own) for cast, own in zip(casts, dice, strict=True))


def _make(cast: Cast, moment: datetime, dice: Random) -> int:
    setting = make_company(cast, moment - timedelta(days=DAYS_BACK + 1))
    with company_active(setting.company.pk):
        teller = Storyteller(setting, moment, dice)
        lives = list(_lives(cast, setting, teller, dice))
        make_rules(setting, setting.first(Role.ADMIN), setting.company.created_at + timedelta(days=2))
        _delete_some(lives, cast.deleted, dice)
        line_up((life.lead for life in lives), moment)
        met = meet_again(lives, teller.people, dice, moment)
        setting.events.extend(told(met))
        admin, apart = setting.first(Role.ADMIN), Random(SEED)  # noqa: S311 - changes nothing of the others' stories
        let_pass(lives, teller, apart)
        make_keys(setting, admin, setting.company.created_at + timedelta(days=1))
        VendorReturn.objects.create_many(give_back(setting, lives, teller.manager, apart))
        _write(setting, lives, moment, list(call_history(lives, moment, dice)))
        people = (life.contact for life in lives if life.contact_is_new)
        tell_consent(people, setting.first(Role.ADMIN), moment, Random(dice.random()))  # noqa: S311 - no secret hangs on it
        tell_of_vendors(setting, (life.lead for life in lives), Random(dice.random()))  # noqa: S311 - nor here
        find_again(met)
    return len(lives)


def _lives(cast: Cast, setting: Setting, teller: Storyteller, dice: Random) -> Iterator[Life]:
    """Closed ones first: some of their contacts come back with an open lead."""
    known: list[Contact] = []
    for holder in dice.choices(*_weighted(setting), k=cast.closed):
        life = teller.tell(Ending.CLOSED, holder)
        if not life.contact.do_not_contact:
            known.append(life.contact)
        yield life
    dice.shuffle(known)
    for held_by in _open_holders(cast, setting, dice):
        ending = Ending.WAITING if held_by is None else Ending.FRESH if dice.random() < FRESH_SHARE else Ending.WORKED
        returning = known.pop() if known and ending is not Ending.WORKED and dice.random() < RETURNING_SHARE else None
        yield teller.tell(ending, held_by, returning)


def _weighted(setting: Setting) -> tuple[list[Agent], list[int]]:
    """Who closed more in the past holds more now; those who hold nothing have closed a little too."""
    return [*setting.agents], [load + 6 for load in setting.agents.values()]


def _open_holders(cast: Cast, setting: Setting, dice: Random) -> list[Agent | None]:
    """One for each open lead: as often as the agent's load says, and none for the queue."""
    holders: list[Agent | None] = [agent for agent, load in setting.agents.items() for _ in range(load)]
    holders += [None] * cast.queue
    dice.shuffle(holders)
    return holders


def _delete_some(lives: list[Life], count: int, dice: Random) -> None:
    """Closed leads of long ago, thrown away since."""
    for life in dice.sample([life for life in lives if life.lead.closed_at], count):
        life.lead.deleted_at = life.lead.updated_at


def _write(
    setting: Setting, lives: list[Life], moment: datetime, calls: list[tuple[Call, ContactDecision | None]]
) -> None:
    """Contacts, leads, then what hangs on them; the log last, in the order in which things happened."""
    Contact.objects.create_many(life.contact for life in lives if life.contact_is_new)
    Lead.objects.create_many(life.lead for life in lives)
    Assignment.objects.create_many(_all(life.assignments for life in lives))
    StageChange.objects.create_many(_all(life.moves for life in lives))
    Note.objects.create_many(_all(life.notes for life in lives))
    ContactDecision.objects.create_many(decision for _, decision in calls if decision is not None)
    Call.objects.create_many(call for call, _ in calls)
    history = [*setting.events, *_all(life.events for life in lives)]
    take_over_clocks()
    Notification.objects.create_many(notes_of(setting, lives, moment))
    take_over(sorted(history, key=lambda event: event.at or setting.company.created_at))


def _all(parts: Iterable[list[Any]]) -> Iterator[Any]:
    return chain.from_iterable(parts)
