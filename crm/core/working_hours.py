"""When somebody works: weekly hours in a time zone, without holidays; and clocks that run only then."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
HORIZON_DAYS = 366 * 20  # who does not open within it, never opens
MINUTE = timedelta(minutes=1)
DAY_MINUTES = 24 * 60
TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)|24:00", re.ASCII)

Window = tuple[int, int]  # minutes from the day's midnight; an end past 1440 is on the next day


@dataclass(frozen=True)
class WorkingHours:
    """Weekly windows by weekday (0 is Monday), read on the clocks of a zone, none of them on a holiday.

    A window that begins on a holiday is left out, and one that runs into a holiday ends at midnight. On the day
    the clocks change a window runs from the first moment at which a clock shows its start (or has jumped over
    it) to the first at which one shows its end.
    """

    windows: tuple[tuple[Window, ...], ...]
    zone: ZoneInfo
    holidays: frozenset[date] = frozenset()

    @classmethod
    def read(
        cls, hours: Mapping[str, Sequence[Sequence[str]]], zone: str, holidays: Sequence[str] = ()
    ) -> WorkingHours:
        """From `{"mon": [["09:00", "17:00"]], …}`, a zone and ISO dates, as the checks below let them pass."""
        days = tuple(tuple(sorted(_window(*pair) for pair in hours.get(day, ()))) for day in WEEKDAYS)
        return cls(days, ZoneInfo(zone), frozenset(date.fromisoformat(day) for day in holidays))

    def is_open(self, at: datetime) -> bool:
        opening = self.next_opening(at)
        return opening is not None and opening <= at

    def next_opening(self, at: datetime) -> datetime | None:
        """`at` itself inside a window, else the next window's start, in UTC; none where there never is one."""
        for start, _ in self._open_periods(at):
            return start
        return None

    def add_working_minutes(self, start: datetime, minutes: int) -> datetime | None:
        """The moment at which so many minutes of open time have passed, in UTC; none where they never do.

        No minutes at all are over at once, and a sum that a window fills exactly ends with that window.
        """
        left = minutes * MINUTE
        if left <= timedelta():
            return start.astimezone(UTC)
        for opens, closes in self._open_periods(start):
            if left <= closes - opens:
                return opens + left
            left -= closes - opens
        return None

    def _open_periods(self, at: datetime) -> Iterator[tuple[datetime, datetime]]:
        """What is open from `at` on, in order, without overlaps: half-open intervals in UTC."""
        if any(self.windows):
            with suppress(OverflowError):  # the calendar's end
                yield from self._periods_from(at.astimezone(UTC))

    def _periods_from(self, reached: datetime) -> Iterator[tuple[datetime, datetime]]:
        first = reached.astimezone(self.zone).date()
        for offset in range(-1, HORIZON_DAYS):
            day = first + timedelta(days=offset)
            for window in self._windows_on(day):
                opens, closes = (self._moment(day, minute) for minute in window)
                if closes > (begins := max(opens, reached)):
                    yield begins, closes
                    reached = closes

    def _windows_on(self, day: date) -> Iterator[Window]:
        if day in self.holidays:
            return
        into_holiday = day + timedelta(days=1) in self.holidays
        for start, end in self.windows[day.weekday()]:
            yield start, min(end, DAY_MINUTES) if into_holiday else end

    def _moment(self, day: date, minute: int) -> datetime:
        """The first moment, in UTC, at which the clocks show that time or have jumped over it."""
        days, minute = divmod(minute, DAY_MINUTES)
        wall = datetime.combine(day + timedelta(days=days), time(*divmod(minute, 60)), self.zone)
        earlier, later = sorted((wall.astimezone(UTC), wall.replace(fold=1).astimezone(UTC)))
        shown = earlier.astimezone(self.zone).replace(tzinfo=None) == wall.replace(tzinfo=None)
        return earlier if shown else self._jump_between(earlier, later)

    def _jump_between(self, before: datetime, after: datetime) -> datetime:
        """The moment of the one change of offset after `before` and not after `after`."""
        old = before.astimezone(self.zone).utcoffset()
        while after - before > timedelta(seconds=1):
            middle = before + (after - before) // 2
            if middle.astimezone(self.zone).utcoffset() == old:
                before = middle
            else:
                after = middle
        return after.replace(microsecond=0)


def validate_hours(value: object) -> str | None:
    """What is wrong with weekly hours as a user gave them, in one sentence; none where they are well-formed."""
    if not isinstance(value, dict):
        return 'Business hours are an object such as {"mon": [["09:00", "17:00"]]}.'
    for day, windows in value.items():
        if day not in WEEKDAYS:
            return f"{str(day)[:20]!r} is not a weekday; use {', '.join(WEEKDAYS)}."
        if problem := _problem_of_day(day, windows):
            return problem
    return None


def validate_holidays(value: object) -> str | None:
    """What is wrong with a list of ISO dates, in one sentence; none where it is well-formed."""
    if not isinstance(value, list):
        return 'Holidays are a list of dates such as ["2026-12-25"].'
    for day in value:
        if not _is_iso_date(day):
            return f"{str(day)[:20]!r} is not a date such as 2026-12-25."
    return None


def _problem_of_day(day: str, windows: Any) -> str | None:
    if not isinstance(windows, list) or len(windows) > 24:
        return f'Hours of {day} are a list of at most 24 windows such as [["09:00", "17:00"]].'
    for window in windows:
        if not (isinstance(window, list) and len(window) == 2 and all(_is_time(t) for t in window)):
            return f'A window of {day} is a start and an end from 00:00 to 24:00, such as ["09:00", "17:00"].'
        if window[0] == window[1] or window[0] == "24:00":
            return f"A window of {day} is empty: it starts and ends at {window[0]}; a whole day is 00:00 to 24:00."
    spans = sorted(_window(*window) for window in windows)
    if any(before[1] > after[0] for before, after in pairwise(spans)):
        return f"The windows of {day} overlap."
    return None


def _is_time(value: Any) -> bool:
    return isinstance(value, str) and TIME.fullmatch(value) is not None


def _is_iso_date(value: Any) -> bool:
    try:
        return isinstance(value, str) and len(value) == 10 and bool(date.fromisoformat(value))
    except ValueError:
        return False


def _window(start: str, end: str) -> Window:
    """An end at or before its start is on the next day."""
    begins, ends = _minutes(start), _minutes(end)
    return begins, ends if ends > begins else ends + DAY_MINUTES


def _minutes(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)
