"""What a rule may ask of a new lead: one registry, to which higher floors add what they know of leads.

`register(Kind("campaign", "Campaign", TEXT, read))` in an app's `ready()` is all that a new condition takes: the API,
the page, the dry run and the explanation read it from here. `read` costs no query: it gets the lead with its contact
and vendor at hand.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import phonenumbers
from phonenumbers import NumberParseException

from crm.core.errors import InvalidField
from crm.vendors.models import Vendor
from leads.models import Lead, Priority, Stage

TEXT, CHOICE, RANKED, NUMBER, TAGS, ANY = "text", "choice", "ranked", "number", "tags", "any"
IS_ONE_OF, IS_NOT, CONTAINS = "is_one_of", "is_not", "contains"
AT_LEAST, AT_MOST, IS_EMPTY, IS_PRESENT = "at_least", "at_most", "is_empty", "is_present"
OPERATORS = {
    IS_ONE_OF: "is one of",
    IS_NOT: "is none of",
    CONTAINS: "contains",
    AT_LEAST: "is at least",
    AT_MOST: "is at most",
    IS_EMPTY: "is empty",
    IS_PRESENT: "is present",
}
FITTING: Mapping[str, tuple[str, ...]] = {
    TEXT: (IS_ONE_OF, IS_NOT, CONTAINS, IS_EMPTY, IS_PRESENT),
    CHOICE: (IS_ONE_OF, IS_NOT),
    RANKED: (IS_ONE_OF, IS_NOT, AT_LEAST, AT_MOST),
    NUMBER: (AT_LEAST, AT_MOST, IS_EMPTY, IS_PRESENT),
    TAGS: (IS_ONE_OF, IS_NOT, CONTAINS, IS_EMPTY, IS_PRESENT),
    ANY: tuple(OPERATORS),
}
CUSTOM = "custom."


def no_check(values: list[str]) -> list[str]:
    return values


@dataclass(frozen=True)
class Kind:
    """A field that conditions may name.

    `choices`: the values that it can have, in their order (of a `RANKED` one from low to high). `check` refuses values
    that name nothing, by `InvalidField`, and brings them into the form in which `read` gives them.
    """

    name: str
    label: str
    type: str
    read: Callable[[Lead], Any]
    choices: Mapping[str, str] | None = None
    check: Callable[[list[str]], list[str]] = no_check

    @property
    def operators(self) -> tuple[str, ...]:
        return FITTING[self.type]


_kinds: dict[str, Kind] = {}


def register(kind: Kind) -> None:
    """The same name again replaces it."""
    _kinds[kind.name] = kind


def known() -> list[Kind]:
    return list(_kinds.values())


def find(name: str) -> Kind | None:
    """By name; `custom.<key>` reads the lead's own field of that key."""
    if name.startswith(CUSTOM):
        key = name.removeprefix(CUSTOM)
        return Kind(name, f"Field “{key}”", ANY, lambda lead: read_custom(lead, key)) if key else None
    return _kinds.get(name)


def read_custom(lead: Lead, key: str) -> Any:
    """Of the lead, else of its contact."""
    for fields in (lead.custom_fields, lead.contact.custom_fields):
        if isinstance(fields, dict) and fields.get(key) not in (None, ""):
            return fields[key]
    return None


def country_of(lead: Lead) -> str:
    """The contact's, as stated, else that of its phone number."""
    contact = lead.contact
    if contact.country or not contact.phone_e164:
        return contact.country.upper()
    try:
        region = phonenumbers.region_code_for_number(phonenumbers.parse(contact.phone_e164))
    except NumberParseException:
        return ""
    return region if region and region.isalpha() else ""  # 001: a number of no country


def check_countries(values: list[str]) -> list[str]:
    for value in values:
        if len(value) != 2 or not (value.isascii() and value.isalpha()):
            raise InvalidField("conditions", f"“{value}” is no country's two-letter code")
    return [value.upper() for value in values]


def check_vendors(values: list[str]) -> list[str]:
    """A vendor's code as the company writes it."""
    known_codes = {code.lower(): code for code in Vendor.objects.values_list("code", flat=True)}
    for value in values:
        if value.lower() not in known_codes:
            raise InvalidField("conditions", f"No vendor has the code “{value}”")
    return [known_codes[value.lower()] for value in values]


STAGES = {stage.value: str(stage.label) for stage in Stage}
PRIORITIES = {priority.name.lower(): str(priority.label) for priority in Priority}

for _kind in (
    Kind("source", "Source", TEXT, lambda lead: lead.source),
    Kind("vendor", "Vendor", TEXT, lambda lead: lead.vendor.code if lead.vendor else "", check=check_vendors),
    Kind("score", "Score", NUMBER, lambda lead: lead.score),
    Kind("stage", "Stage", CHOICE, lambda lead: str(lead.stage), STAGES),
    Kind("priority", "Priority", RANKED, lambda lead: Priority(lead.priority).name.lower(), PRIORITIES),
    Kind("deal_value", "Deal value", NUMBER, lambda lead: lead.deal_value),
    Kind("country", "Country", TEXT, country_of, check=check_countries),
    Kind("tags", "Tags", TAGS, lambda lead: lead.tags),
):
    register(_kind)
