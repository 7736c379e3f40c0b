"""Public holidays by calendar, `US-LA` or `FR`: those of the country and the part of it, with the days observed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from functools import lru_cache


def is_holiday(calendars: Iterable[str], day: date) -> bool:
    return any(day in _holidays(calendar, day.year) for calendar in calendars)


def holiday_names(calendars: Iterable[str], day: date) -> list[str]:
    found = (_holidays(calendar, day.year).get(day) for calendar in calendars)
    return list(dict.fromkeys(name for name in found if name))


@lru_cache(maxsize=512)
def _holidays(calendar: str, year: int) -> dict[date, str]:
    import holidays  # late: 30 MB that many a process never needs

    country, _, part = calendar.partition("-")
    return dict(holidays.country_holidays(country, subdiv=part or None, years=year, language="en_US"))
