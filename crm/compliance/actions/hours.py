"""The company's own calling hours for a country or a part of it: narrower than the law's, never wider."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils.timezone import localdate, now

from crm.accounts.company_settings import FIRST_CALL, LAST_CALL
from crm.accounts.regions import countries
from crm.audit.recording import record
from crm.compliance import events
from crm.compliance.channels import BY_PHONE
from crm.compliance.clocks import Window, common, minutes_of, spans_of
from crm.compliance.errors import LaxerThanLaw
from crm.compliance.hours import weekly_windows
from crm.compliance.laws import laws_for
from crm.compliance.models import StricterHours
from crm.compliance.places import region_name, regions
from crm.core.actors import Actor
from crm.core.errors import InvalidField
from crm.core.working_hours import validate_hours

DAY_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
Hours = Mapping[str, Sequence[Sequence[str]]]


@transaction.atomic
def set_stricter_hours(
    country: str, region: str, *, hours: Hours, channels: Sequence[str], note: str = "", by: Actor
) -> StricterHours:
    """Set or replace those of the place; in force from now on.

    Raises `InvalidField` for what is malformed, and `LaxerThanLaw` for an hour that a law in force does not permit.
    """
    check_place(country, region)
    channels = check_channels(channels)
    if problem := validate_hours(hours):
        raise InvalidField("hours", problem)
    check_within_law(country, region, hours, channels)
    row = StricterHours.objects.select_for_update().filter(country=country, region=region).first()
    fields: dict[str, Any] = {"channels": channels, "hours": dict(hours), "note": note.strip()[:300]}
    old = {name: getattr(row, name, None) for name in fields}
    row = row or StricterHours(country=country, region=region)
    for name, value in fields.items():
        setattr(row, name, value)
    row.updated_at = now()
    row.save()
    changes = {name: (old[name], value) for name, value in fields.items() if old[name] != value}
    record(events.STRICTER_HOURS_SET, row, by=by, changes=changes, data={"place": str(row)})
    return row


@transaction.atomic
def remove_stricter_hours(row: StricterHours, *, by: Actor) -> None:
    """The law's and the company's usual hours hold there again."""
    record(events.STRICTER_HOURS_REMOVED, row, by=by, data={"place": str(row)})
    row.delete()


def check_place(country: str, region: str) -> None:
    if country not in countries():
        raise InvalidField("country", "Not a country by its two-letter ISO code, such as US")
    if region and region not in regions().get(country, {}):
        raise InvalidField("region", "Not a part of this country that has rules of its own")


def check_channels(channels: Sequence[str]) -> list[str]:
    wanted = [channel.value for channel in BY_PHONE if channel in channels]
    if not wanted or set(channels) - set(BY_PHONE):
        raise InvalidField("channels", f"Choose of {', '.join(BY_PHONE)}")
    return wanted


def check_within_law(country: str, region: str, hours: Hours, channels: Sequence[str]) -> None:
    product: tuple[Window, ...] = ((minutes_of(FIRST_CALL), minutes_of(LAST_CALL)),)
    usual = [("Calls and texts", product, "the product’s own rule")]
    for number, windows in enumerate(weekly_windows(hours)):
        _check_day(number, windows, usual)
        laws = {law for channel in channels for law in laws_for(((country, region),), channel)}
        permitted = [
            (law.title, law.hours[number], law.source)
            for law in sorted(laws, key=lambda law: law.code)
            if law.hours is not None and law.in_force(localdate())
        ]
        _check_day(number, windows, permitted)


def _check_day(number: int, windows: Sequence[Window], permitted: Sequence[tuple[str, Sequence[Window], str]]) -> None:
    for title, allowed, source in permitted:
        if common(windows, allowed) != tuple(windows):
            place = f"{title}: {spans_of(allowed)} on {DAY_NAMES[number]} ({source})"
            raise LaxerThanLaw(f"Only stricter hours than the law's can be set. {place}", source)


def place_name(row: StricterHours) -> str:
    """Florida, United States."""
    country = countries().get(row.country, row.country)
    return f"{region_name((row.country, row.region))}, {country}" if row.region else country
