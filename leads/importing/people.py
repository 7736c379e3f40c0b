"""Names, addresses and countries as people write them; a wrong one raises `ValueError` with a sentence."""

from __future__ import annotations

import re
from functools import cache

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from crm.accounts.regions import countries
from crm.core.text import fold

SPACES = re.compile(r"[^\S\r\n]+")  # made one: thousands of them would be tried one by one
PARTS = re.compile(r"\s*(?::::|[;,|\n\r]|\s/\s|\s(?:or|oder|ou|o|and|und|et|y)\s)\s*", re.IGNORECASE)


def several(text: str) -> list[str]:
    """The parts of a cell that holds more than one number or address."""
    return [part for part in PARTS.split(SPACES.sub(" ", text)) if part]


IN_BRACKETS = re.compile(r"<([^<>]+)>")
LONGEST_EMAIL = 254


def email(text: str) -> tuple[str, bool]:
    """The address in lower case, and whether the cell holds several: then the first that is one."""
    parts = [text, *several(text)]
    for part in parts:
        found = IN_BRACKETS.search(part)
        address = (found[1] if found else part).strip().removeprefix("mailto:").strip().lower()
        if _is_address(address):
            if len(address) > LONGEST_EMAIL:
                raise ValueError(f"The e-mail address is longer than {LONGEST_EMAIL} characters")
            return address, part is not text
    raise ValueError(f"Invalid e-mail address: {text.lower()}")


def _is_address(text: str) -> bool:
    try:
        validate_email(text)
    except ValidationError:
        return False
    return True


HONORIFICS = frozenset({"mr", "mrs", "ms", "miss", "mx", "dr", "prof", "herr", "frau", "mme", "mlle", "sr", "sra"})
SUFFIXES = frozenset({"jr", "sr", "ii", "iii", "iv", "md", "phd", "dds", "esq", "cpa", "mba"})


def name_parts(text: str) -> tuple[str, str]:
    """First and last name of `Ann Lee`, `Lee, Ann`, `Dr. Ann Lee`."""
    last, comma, first = (part.strip() for part in text.partition(","))
    if comma and first and last and first.replace(".", "").lower() not in SUFFIXES and "," not in first:
        return first, last
    words = text.split()
    while len(words) > 2 and words[0].rstrip(".").lower() in HONORIFICS:
        words = words[1:]
    return (words[0], " ".join(words[1:])) if words else ("", "")


NICKNAMES = {
    "usa": "US", "u.s.": "US", "u.s.a.": "US", "united states of america": "US", "uk": "GB", "great britain": "GB",
    "united kingdom": "GB", "england": "GB", "scotland": "GB", "wales": "GB", "deutschland": "DE", "osterreich": "AT",
    "schweiz": "CH", "suisse": "CH", "espana": "ES", "italia": "IT", "nederland": "NL", "holland": "NL",
    "the netherlands": "NL", "belgique": "BE", "belgie": "BE", "brasil": "BR", "mexico": "MX", "polska": "PL",
    "south korea": "KR", "russia": "RU", "czech republic": "CZ", "turkey": "TR", "turkiye": "TR", "uae": "AE",
}  # fmt: skip


def country_code(text: str) -> str:
    """ISO 3166 of a code or a name; none where nobody knows it."""
    code = text.strip().upper()
    if code in countries():
        return code
    folded = fold(text)
    return NICKNAMES.get(folded) or _by_name().get(folded, "")


@cache
def _by_name() -> dict[str, str]:
    return {fold(name): code for code, name in countries().items()}
