"""Calling hours, holidays and limits by law, as dated data: each with its source. Not legal advice."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache, lru_cache
from typing import Any

from crm.compliance.channels import BY_PHONE
from crm.compliance.clocks import WHOLE_DAY, Window, common, minutes_of
from crm.compliance.laws.holidays import is_holiday
from crm.compliance.places import Place, read_data

NOT_LEGAL_ADVICE = (
    "The rules are kept with care and with their sources, and are not legal advice: have your own counsel check them."
)
FILES = (("us.toml", "US"), ("elsewhere.toml", ""))
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True)
class Limit:
    """No more attempts to reach a person than so many in so many hours."""

    attempts: int
    hours: int

    @property
    def span(self) -> timedelta:
        return timedelta(hours=self.hours)


@dataclass(frozen=True)
class Law:
    """One rule of one place, in force between two days (both included), as the clocks of the person called show."""

    code: str
    country: str
    region: str
    title: str
    source: str
    in_force_from: date
    in_force_until: date | None
    is_older: bool  # it was in force before that day, which is the first on which it is applied
    channels: frozenset[str]
    hours: tuple[tuple[Window, ...], ...] | None  # by weekday; none: it sets no hours
    closed_on: tuple[str, ...]  # calendars of public holidays
    limit: Limit | None
    needs_consent: bool

    @property
    def place(self) -> Place:
        return self.country, self.region

    @property
    def is_timed(self) -> bool:
        return self.hours is not None or bool(self.closed_on)

    def in_force(self, day: date) -> bool:
        return self.in_force_from <= day and (self.in_force_until is None or day <= self.in_force_until)

    def windows_on(self, day: date) -> Sequence[Window]:
        """What it permits on a day of the person called; on one when it is not in force, everything."""
        if not self.in_force(day):
            return WHOLE_DAY
        if self.closed_on and is_holiday(self.closed_on, day):
            return ()
        return WHOLE_DAY if self.hours is None else self.hours[day.weekday()]


@cache
def all_laws() -> tuple[Law, ...]:
    rows = ((row, country) for name, country in FILES for row in read_data(name)["law"])
    return tuple(_law(row, country) for row, country in rows)


def checked_on() -> date:
    """When the data was last compared with its sources."""
    days: list[date] = [read_data(name)["checked_on"] for name, _ in FILES]
    return min(days)


@lru_cache(maxsize=4096)
def laws_for(places: tuple[Place, ...], channel: str) -> tuple[Law, ...]:
    """Of all these places, the country's and the region's; whatever their dates."""
    wanted = {*places, *((country, "") for country, _ in places)}
    return tuple(law for law in all_laws() if law.place in wanted and channel in law.channels)


def windows_of(laws: Iterable[Law], day: date) -> Sequence[Window]:
    """What all of them permit on a day."""
    open_at: Sequence[Window] = WHOLE_DAY
    for law in laws:
        open_at = common(open_at, law.windows_on(day))
    return open_at


def _law(row: Mapping[str, Any], country: str) -> Law:
    limit = row.get("limit")
    return Law(
        code=row["code"],
        country=row.get("country", country),
        region=row.get("region", ""),
        title=row["title"],
        source=row["source"],
        in_force_from=row["in_force_from"],
        in_force_until=row.get("in_force_until"),
        is_older=row.get("at_latest", False),
        channels=frozenset(row.get("channels", BY_PHONE)),
        hours=_weekly(row["hours"]) if "hours" in row else None,
        closed_on=tuple(row.get("closed_on", ())),
        limit=Limit(limit["attempts"], limit["hours"]) if limit else None,
        needs_consent=row.get("needs_consent", False),
    )


def _weekly(hours: Mapping[str, str]) -> tuple[tuple[Window, ...], ...]:
    """`week` holds for every day that is not named."""
    return tuple(_windows(hours.get(day, hours["week"])) for day in DAYS)


def _windows(text: str) -> tuple[Window, ...]:
    """`10:00-13:00 14:00-20:00`; nothing: none."""
    pairs = (span.split("-") for span in text.split())
    return tuple((minutes_of(start), minutes_of(end)) for start, end in pairs)
