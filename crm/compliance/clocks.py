"""When something is open on the clocks of several zones at once; exact across changes of the clocks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

Window = tuple[int, int]  # minutes from midnight, the end left out; 1440 is the day's end
Timetable = Callable[[date], Sequence[Window]]  # what is open on a day, in order, without overlaps

DAY_MINUTES = 24 * 60
WHOLE_DAY: tuple[Window, ...] = ((0, DAY_MINUTES),)
HORIZON = timedelta(days=400)  # what does not open within it, never opens
SECOND = timedelta(seconds=1)
zone_named = lru_cache(maxsize=1024)(ZoneInfo)


def is_open(timetable: Timetable, zones: Iterable[str], at: datetime) -> bool:
    """Whether the clocks of every zone show an open time."""
    return all(_is_open(timetable, at.astimezone(zone_named(zone))) for zone in zones)


def next_open(timetable: Timetable, zones: Sequence[str], at: datetime) -> datetime | None:
    """The first moment from `at` on, in UTC, at which it is open in every zone; none where there never is one."""
    reached, end = at.astimezone(UTC), at + HORIZON
    while reached <= end:
        moved = max((_opens(timetable, zone_named(zone), reached, end) for zone in zones), default=reached)
        if moved == reached:
            return reached
        reached = moved
    return None


def common(first: Sequence[Window], second: Sequence[Window]) -> tuple[Window, ...]:
    """What lies in a window of both."""
    found = [(max(a, c), min(b, d)) for a, b in first for c, d in second if max(a, c) < min(b, d)]
    return tuple(sorted(found))


def minutes_of(text: str) -> int:
    """From `HH:MM`; `24:00` is the day's end."""
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


def clock_of(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def spans_of(windows: Sequence[Window]) -> str:
    """For people: `10:00–13:00 and 14:00–20:00`, `not at all`."""
    return " and ".join(f"{clock_of(start)}–{clock_of(end)}" for start, end in windows) or "not at all"


def _is_open(timetable: Timetable, local: datetime) -> bool:
    minute = local.hour * 60 + local.minute
    return any(start <= minute < end for start, end in timetable(local.date()))


def _opens(timetable: Timetable, zone: ZoneInfo, reached: datetime, end: datetime) -> datetime:
    """The first open moment in this zone, or one past the end. No step passes midnight or a change of the clocks."""
    while reached <= end and not _is_open(timetable, local := reached.astimezone(zone)):
        wall = _next_wall(timetable, local)
        ahead = reached + (wall - local.replace(tzinfo=None))
        reached = ahead if _offset(ahead, zone) == local.utcoffset() else _change(zone, reached, ahead)
    return reached


def _next_wall(timetable: Timetable, local: datetime) -> datetime:
    """The next start of a window on this day, else midnight, as the clocks would show it."""
    midnight, seconds = datetime.combine(local.date(), time()), (local.hour * 60 + local.minute) * 60
    later = (start for start, _ in timetable(local.date()) if start * 60 > seconds)
    return midnight + timedelta(minutes=min(later, default=DAY_MINUTES))


def _offset(at: datetime, zone: ZoneInfo) -> timedelta | None:
    return at.astimezone(zone).utcoffset()


def _change(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """The moment, to the second, at which the offset that holds at `before` ends."""
    old, before = _offset(before, zone), before.replace(microsecond=0)
    while after - before > SECOND:
        middle = before + ((after - before) // 2 // SECOND) * SECOND
        before, after = (middle, after) if _offset(middle, zone) == old else (before, middle)
    return after
