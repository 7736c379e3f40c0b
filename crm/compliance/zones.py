"""Where a person may be: every time zone and every place that the number, the address or a stated zone allows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache

from phonenumbers import timezone as number_zones

from crm.compliance.places import (
    Place,
    country_of_zone,
    current_name,
    parts_in,
    places_of_number,
    region_named,
    regions,
    zones_in,
)
from leads.models import Contact
from leads.phone_numbers import zones_of


@dataclass(frozen=True)
class Whereabouts:
    """A permitted time must be permitted in all these zones, by the law of all these places; none: nobody knows."""

    zones: tuple[str, ...]
    places: tuple[Place, ...]


def whereabouts_of(contact: Contact) -> Whereabouts:
    return _whereabouts(contact.phone_e164, contact.country, contact.region, contact.timezone)


@lru_cache(maxsize=16384)
def _whereabouts(phone: str, country: str, region: str, stated: str) -> Whereabouts:
    number = places_of_number(phone) if phone else frozenset()
    address = _address(country, region, number)
    zones = {current_name(zone) for zone in _zones_of_number(phone)} if phone else set()
    zones |= {zone for place in address for zone in zones_in(place)}
    zones |= {current_name(stated)} if stated else set()
    known = number | address | ({(abroad, "")} if (abroad := country_of_zone(stated)) else set())
    return Whereabouts(tuple(sorted(zones)), tuple(sorted(_with_regions(known, zones))))


def _zones_of_number(e164: str) -> tuple[str, ...]:
    """In North America all of the area code's: a number moves with its owner inside it, whatever its exchange was."""
    if e164.startswith("+1") and (zones := _zones_by_area_code().get(e164[2:5])):
        return zones
    return zones_of(e164)


@cache
def _zones_by_area_code() -> Mapping[str, tuple[str, ...]]:
    found: dict[str, set[str]] = {}
    for prefix, zones in number_zones.TIMEZONE_DATA.items():  # type: ignore[attr-defined]  # not in its stubs
        if prefix.startswith("1") and len(prefix) >= 4:
            found.setdefault(prefix[1:4], set()).update(zones)
    return {area: tuple(sorted(zones)) for area, zones in found.items()}


def _address(country: str, region: str, number: frozenset[Place]) -> frozenset[Place]:
    """A region without a country is read as one of the number's country."""
    country = country.upper()
    if not country:
        found = {(home, region_named(home, region)) for home, _ in number if region}
        return frozenset(place for place in found if place[1])
    return frozenset({(country, region_named(country, region) if region else "")})


def _with_regions(places: frozenset[Place], zones: set[str]) -> set[Place]:
    """Where a country has laws by region and nobody says which: every region in which these zones are kept."""
    found: set[Place] = set()
    for country in {country for country, _ in places}:
        said = {place for place in places if place[0] == country and place[1]}
        if said or country not in regions():
            found |= said or {(country, "")}
        else:
            found |= parts_in(country, zones) or {(country, "")}
    return found
