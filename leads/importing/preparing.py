"""One row of a file, checked and turned into the fields of a contact and a lead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from crm.accounts.models import Company
from crm.core.errors import Refused
from leads.errors import InvalidPhone
from leads.importing import moments, people, values
from leads.importing.mapping import CUSTOM, EXTERNAL_ID, OTHERS, SKIP
from leads.phone_numbers import normalize
from leads.reach import is_too_far

READ = frozenset(
    {"do_not_contact", "phone", "email", "schedule_at", "priority", "deal_value", *OTHERS}
)  # other than as text
FORMULA_SIGNS = frozenset("=+-@")
CONTACT_FIELDS = ("first_name", "last_name", "organization", "title", "region", "city")
LONGEST = {
    "first_name": 150,
    "last_name": 150,
    "organization": 200,
    "title": 200,
    "region": 100,
    "city": 100,
    "source": 100,
}


@dataclass(frozen=True)
class Prepared:
    """A row that may become a lead. `contact` and `lead` are the model's fields, present where the row gave them."""

    row: int
    contact: dict[str, Any]
    lead: dict[str, Any]


@dataclass(frozen=True)
class RowError:
    """Why a row was not taken, or what else is worth knowing of it."""

    row: int
    message: str
    extra: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self, key: str) -> dict[str, Any]:
        return {"row": self.row, key: self.message, **self.extra}


@dataclass
class Said:
    """What the cells of one row say, by field; `others` are further columns of phones and e-mails."""

    given: dict[str, str] = field(default_factory=dict)
    custom: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    others: dict[str, list[tuple[str, str]]] = field(default_factory=dict)

    def take(self, target: str, header: str, text: str) -> None:
        if target == CUSTOM:
            self.custom[header] = text
        elif target == EXTERNAL_ID:
            self.custom[EXTERNAL_ID] = text
        elif target in OTHERS:
            self.others.setdefault(OTHERS[target], []).append((header, text))
        else:
            self.given[target], self.headers[target] = text, header

    def keep(self, target: str) -> None:
        """The whole cell, among the custom fields."""
        self.custom[self.headers[target]] = self.given[target]


@dataclass(frozen=True)
class Preparer:
    """Checks rows of one file under one mapping for one company."""

    headers: Sequence[str]
    mapping: Mapping[str, str]
    company: Company

    @cached_property
    def _columns(self) -> list[tuple[int, str, str]]:
        """(position, header, target), those left out excepted."""
        targets = [(n, header, self.mapping.get(header, CUSTOM)) for n, header in enumerate(self.headers)]
        return [column for column in targets if column[2] != SKIP]

    @cached_property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self.company.timezone)

    def prepare(self, row: int, cells: Sequence[str]) -> Prepared | RowError:
        if len(cells) > len(self.headers):
            return RowError(row, f"The row has {len(cells)} cells, the header {len(self.headers)}")
        said = Said()
        for position, header, target in self._columns:
            text = cells[position].strip() if position < len(cells) else ""
            if text[:1] == "'" and text[1:2] in FORMULA_SIGNS:  # as spreadsheets mark text, and as we defuse it
                text = text[1:]
            if text and not (
                target in READ and values.is_nothing(text, zero=target not in ("deal_value", "do_not_contact"))
            ):
                said.take(target, header, text)
        try:
            return Prepared(row, self._contact(said), self._lead(said))
        except ValueError as error:
            return RowError(row, str(error))
        except Refused as refusal:
            return RowError(row, f"{refusal.message}: {said.given.get('phone', '')}")

    def _contact(self, said: Said) -> dict[str, Any]:
        given = said.given
        contact: dict[str, Any] = {name: _short(name, given[name]) for name in CONTACT_FIELDS if name in given}
        if "name" in given and "first_name" not in contact:
            first, last = people.name_parts(given["name"])
            contact["first_name"] = _short("first_name", first)
            contact.setdefault("last_name", _short("last_name", last))
        if "last_name" in contact and not contact.get("first_name"):  # all that most systems ask for
            contact["first_name"], contact["last_name"] = contact["last_name"], ""
        if not contact.get("first_name"):
            raise ValueError("The first name is missing")
        if "do_not_contact" in given:  # kept as it stands too: it may have meant calls alone
            said.keep("do_not_contact")
            contact |= {"do_not_contact": True} if values.yes(given["do_not_contact"]) else {}
        country = ""
        if "country" in given and not (country := people.country_code(given["country"])):
            said.keep("country")
        contact |= {"country": country} if country else {}
        country = country or self.company.default_country
        for name, kept in (("phone", "phone_e164"), ("email", "email")):
            if (found := self._reached(name, said, country)) is not None:
                contact[kept] = found
        if not {"phone_e164", "email"} & contact.keys():
            raise ValueError("The phone number and the e-mail address are both missing")
        return contact

    def _reached(self, name: str, said: Said, country: str) -> str | None:
        """By the field's own column, else by the first other one that holds a good one; what is not used is kept."""
        found = None
        if name in said.given:
            found, several = self._read(name, said.given[name], country)
            if several:
                said.keep(name)
        for header, text in said.others.get(name, ()):
            if found is None:
                with suppress(ValueError, InvalidPhone):
                    found, several = self._read(name, text, country)
                    if not several:
                        continue
            said.custom[header] = text
        return found

    def _read(self, name: str, text: str, country: str) -> tuple[str, bool]:
        return self._phone(text, country) if name == "phone" else people.email(text)

    def _phone(self, text: str, country: str) -> tuple[str, bool]:
        """The number, and whether the cell holds more: an extension, or several numbers; then the first good one.

        Raises `InvalidPhone`.
        """
        alone = values.without_extension(text)
        try:
            return normalize(values.phone_text(alone), country), alone != text
        except InvalidPhone:
            for part in people.several(text):
                with suppress(InvalidPhone):
                    return normalize(values.phone_text(part), country), True
            raise

    def _lead(self, said: Said) -> dict[str, Any]:
        given = said.given
        lead: dict[str, Any] = {"custom_fields": said.custom}
        if "source" in given:
            lead["source"] = _short("source", given["source"])
        if "schedule_at" in given:
            lead["schedule_at"] = moments.moment(given["schedule_at"], self._zone, self.company.default_country)
            if is_too_far(lead["schedule_at"]):
                raise ValueError(f"The call is more than ten years ahead: {given['schedule_at']}")
        if "priority" in given:
            lead["priority"] = values.priority(given["priority"])
        if "tags" in given:
            lead["tags"] = values.tags(given["tags"])
        if "deal_value" in given:
            lead["deal_value"] = values.money(given["deal_value"])
            if values.is_foreign(f"{said.headers['deal_value']} {given['deal_value']}", self.company.currency):
                said.keep("deal_value")
        return lead


def _short(name: str, text: str) -> str:
    if len(text) > LONGEST[name]:
        raise ValueError(f"The {name.replace('_', ' ')} is longer than {LONGEST[name]} characters")
    return text
