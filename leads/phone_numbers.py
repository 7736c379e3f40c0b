"""Phone numbers: as people write them, as we store them (E.164), and which time zones they may be in."""

from __future__ import annotations

from functools import lru_cache

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat
from phonenumbers import timezone as number_zones

from leads.errors import InvalidPhone
from leads.plain_numbers import read_plain

UNKNOWN_ZONE = "Etc/Unknown"


def normalize(text: str, country: str = "US") -> str:
    """The number in E.164, its extension dropped; national formats are read as `country`'s (ISO 3166, two letters).

    Understands every script's digits, vanity letters, `tel:` and a leading `00` wherever the country itself does
    not dial so. Raises `InvalidPhone` for what `phonenumbers` calls no valid number.
    """
    written = text.strip()
    if (number := read_plain(written, country)) is not None:
        return number
    for reading in _readings(written):
        if (number := _parsed(reading, country)) is not None:
            return number
    raise InvalidPhone(text)


def _readings(text: str) -> list[str]:
    """`0044 20…` is tried as written first, since somewhere it is a national number."""
    return [text, f"+{text[2:]}"] if text.startswith("00") else [text]


@lru_cache(maxsize=4096)
def _parsed(text: str, country: str) -> str | None:
    try:
        number = phonenumbers.parse(text, country or None)
    except NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


@lru_cache(maxsize=4096)
def zones_of(e164: str) -> tuple[str, ...]:
    """Every time zone that the number may be in, none where nobody knows."""
    try:
        number = phonenumbers.parse(e164)
    except NumberParseException:
        return ()
    zones = number_zones.time_zones_for_number(number)
    return tuple(zone for zone in zones if zone != UNKNOWN_ZONE)
