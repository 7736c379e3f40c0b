"""Countries and their parts: which zones each spans, and which of them a number or an address points at."""

from __future__ import annotations

import importlib.resources
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import phonenumbers

from crm.core.text import fold

Place = tuple[str, str]  # country and region, by ISO 3166; the region is empty where the country has no parts here


@dataclass(frozen=True)
class Region:
    code: str
    name: str
    zones: tuple[str, ...]
    area_codes: frozenset[str]


@cache
def read_data(name: str) -> dict[str, Any]:
    """A data file of `laws/`."""
    return tomllib.loads(importlib.resources.files("crm.compliance").joinpath("laws", name).read_text("utf-8"))


@cache
def regions() -> Mapping[str, Mapping[str, Region]]:
    """Country → code → region, of the countries that span zones or have laws by region."""
    data = read_data("places.toml")
    return {
        country: {
            code: Region(code, row["name"], tuple(row["zones"]), frozenset(row.get("codes", "").split()))
            for code, row in rows.items()
        }
        for country, rows in data.items()
        if isinstance(rows, dict)
    }


def region_name(place: Place) -> str:
    """For people: `Florida`, else the country's code."""
    country, code = place
    found = regions().get(country, {}).get(code)
    return found.name if found else "-".join(filter(None, place))


@lru_cache(maxsize=4096)
def region_named(country: str, text: str) -> str:
    """The region's code from what people write: `FL`, `Florida`, `us-fl`; empty where it is none that we know."""
    known, words = regions().get(country, {}), fold(text).strip().removeprefix(f"{country.lower()}-")
    if words.upper() in known:
        return words.upper()
    return next((code for code, region in known.items() if fold(region.name) == words), "")


@cache
def _by_area_code() -> Mapping[str, frozenset[Place]]:
    found: dict[str, set[Place]] = {}
    for country, table in regions().items():
        for code, region in table.items():
            for area in region.area_codes:
                found.setdefault(area, set()).add((country, code))
    return {area: frozenset(places) for area, places in found.items()}


@lru_cache(maxsize=8192)
def places_of_number(e164: str) -> frozenset[Place]:
    """Where the number was given out: by area code in North America, else its country, with no region."""
    if e164.startswith("+1") and (known := _by_area_code().get(e164[2:5])):
        return known
    try:
        country = phonenumbers.region_code_for_number(phonenumbers.parse(e164))
    except phonenumbers.NumberParseException:
        return frozenset()
    return frozenset({(country, "")} if country and country != "001" else ())


@cache
def zones_by_country() -> Mapping[str, tuple[str, ...]]:
    """The zones of each country, from the time zone database's own table."""
    found: dict[str, list[str]] = {}
    for country, zone in _zone_table():
        found.setdefault(country, []).append(zone)
    return {country: tuple(zones) for country, zones in found.items()}


@cache
def country_of_zone(zone: str) -> str:
    """Of a zone that lies in one; empty for `Etc/UTC` and the like."""
    return next((country for country, name in _zone_table() if name == current_name(zone)), "")


@cache
def current_name(zone: str) -> str:
    """The name that the database uses today: `Asia/Calcutta` → `Asia/Kolkata`."""
    names = {name for _, name in _zone_table()}
    target = zone
    while target not in names and (renamed := _links().get(target)):
        target = renamed
    return target if target in names else zone


def zones_in(place: Place) -> tuple[str, ...]:
    country, code = place
    region = regions().get(country, {}).get(code)
    return region.zones if region else zones_by_country().get(country, ())


def parts_in(country: str, zones: Iterable[str]) -> frozenset[Place]:
    """The regions of a country that keep one of these zones: where it lies, when nobody says which."""
    wanted = set(zones)
    return frozenset((country, code) for code, region in regions()[country].items() if wanted & set(region.zones))


@cache
def _zone_table() -> list[tuple[str, str]]:
    rows = (line.split("\t") for line in _tzdata("zone.tab") if line and not line.startswith("#"))
    return [(row[0], row[2]) for row in rows]


@cache
def _links() -> Mapping[str, str]:
    rows = (line.split() for line in _tzdata("tzdata.zi") if line.startswith("L "))
    return {old: target for _, target, old in rows}


def _tzdata(name: str) -> list[str]:
    return importlib.resources.files("tzdata").joinpath("zoneinfo", name).read_text("utf-8").splitlines()
