"""One row of a file, checked and turned into the fields of a contact and a lead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from crm.accounts.models import Company
from crm.core.errors import Refused
from leads.importing import values
from leads.importing.mapping import CUSTOM, SKIP
from leads.phone_numbers import normalize

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

LONGEST_EMAIL = 254


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
        given: dict[str, str] = {}
        custom: dict[str, str] = {}
        for position, header, target in self._columns:
            text = cells[position].strip() if position < len(cells) else ""
            if text[:1] == "'" and text[1:2] in FORMULA_SIGNS:  # as spreadsheets mark text, and as we defuse it
                text = text[1:]
            if text:
                (custom if target == CUSTOM else given)[header if target == CUSTOM else target] = text
        try:
            return Prepared(row, self._contact(given), self._lead(given, custom))
        except ValueError as error:
            return RowError(row, str(error))
        except Refused as refusal:
            return RowError(row, f"{refusal.message}: {given.get('phone', '')}")

    def _contact(self, given: Mapping[str, str]) -> dict[str, Any]:
        contact = {name: _short(name, given[name]) for name in CONTACT_FIELDS if name in given}
        if "name" in given and "first_name" not in contact:
            first, _, last = given["name"].partition(" ")
            contact["first_name"] = _short("first_name", first)
            contact.setdefault("last_name", _short("last_name", last.strip()))
        if not contact.get("first_name"):
            raise ValueError("The first name is missing")
        if "phone" in given:
            contact["phone_e164"] = normalize(values.phone_text(given["phone"]), self.company.default_country)
        if "email" in given:
            contact["email"] = _email(given["email"])
        if not {"phone_e164", "email"} & contact.keys():
            raise ValueError("The phone number and the e-mail address are both missing")
        if country := given.get("country"):
            if len(country) != 2 or not country.isalpha():
                raise ValueError(f"Not a country's two-letter code: {country}")
            contact["country"] = country.upper()
        return contact

    def _lead(self, given: Mapping[str, str], custom: dict[str, str]) -> dict[str, Any]:
        lead: dict[str, Any] = {"custom_fields": custom}
        if "source" in given:
            lead["source"] = _short("source", given["source"])
        if "schedule_at" in given:
            lead["schedule_at"] = values.moment(given["schedule_at"], self._zone, self.company.default_country)
        if "priority" in given:
            lead["priority"] = values.priority(given["priority"])
        if "tags" in given:
            lead["tags"] = values.tags(given["tags"])
        if "deal_value" in given:
            lead["deal_value"] = values.money(given["deal_value"])
        return lead


def _short(name: str, text: str) -> str:
    if len(text) > LONGEST[name]:
        raise ValueError(f"The {name.replace('_', ' ')} is longer than {LONGEST[name]} characters")
    return text


def _email(text: str) -> str:
    text = text.removeprefix("mailto:").strip().lower()
    if len(text) > LONGEST_EMAIL:
        raise ValueError(f"The e-mail address is longer than {LONGEST_EMAIL} characters")
    try:
        validate_email(text)
    except ValidationError:
        raise ValueError(f"Invalid e-mail address: {text}") from None
    return text
