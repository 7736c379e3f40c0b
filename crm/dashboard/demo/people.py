"""Made-up contacts: each phone number and address once, the numbers from the ranges kept free for fiction."""

from __future__ import annotations

from datetime import datetime
from itertools import product
from random import Random

from crm.accounts.models import User
from crm.core.text import fold
from crm.dashboard.demo.words import ABROAD, AREAS, FIRM_HEADS, FIRM_TAILS, FIRST_NAMES, LAST_NAMES, TITLES
from leads.models import Contact, OptIn

MAIL_DOMAINS = ("example.com", "example.net", "example.org")


class People:
    """A stock of persons that nobody has met yet."""

    def __init__(self, dice: Random) -> None:
        self.dice = dice
        self.names = list(product(FIRST_NAMES, LAST_NAMES))
        self.numbers = [(area, f"{line:04d}") for area in AREAS for line in range(100, 200)]  # 555-0100 to 555-0199
        self.abroad = [(place, f"{place[0]}{line:02d}") for place in ABROAD for line in range(100)]
        dice.shuffle(self.names)
        dice.shuffle(self.numbers)
        dice.shuffle(self.abroad)

    def meet(self, at: datetime, by: User | None, *, abroad: bool = False) -> Contact:
        dice = self.dice
        first, last = self.names.pop()
        number, country, city, state = self._place(abroad)
        contact = Contact(
            first_name=first,
            last_name=last,
            phone_e164=number,
            country=country,
            region=state,
            city=city,
            opt_in_status=dice.choices([*OptIn], (35, 5, 60))[0],
            created_by=by,
            created_at=at,
            updated_at=at,
        )
        if dice.random() < 0.88:
            contact.email = f"{fold(first)}.{fold(last)}@{dice.choice(MAIL_DOMAINS)}"
        if dice.random() < 0.65:
            contact.organization = f"{dice.choice(FIRM_HEADS)} {dice.choice(FIRM_TAILS)}"
            contact.title = dice.choice(TITLES)
        contact.search_text = contact.searchable
        return contact

    def _place(self, abroad: bool) -> tuple[str, str, str, str]:
        """A number, and where it is."""
        if abroad and self.abroad:
            (_, *place), number = self.abroad.pop()
            return number, *place  # type: ignore[return-value]
        (code, city, state), line = self.numbers.pop()
        return f"+1{code}555{line}", "US", city, state
