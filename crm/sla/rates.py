"""How many first responses came in time: by agent, by priority, by day, and the bars that show it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Case, Count, F, Q, When
from django.db.models.functions import TruncDate
from django.utils.timezone import localtime

from agents.performance import by_agent
from crm.sla.models import Timer
from crm.sla.querysets import LATE, MET, TimerQuerySet

WEEK, MONTH = timedelta(days=7), timedelta(days=30)


@dataclass(frozen=True)
class Rate:
    """Clocks answered in time, of those that were answered in time or passed their deadline."""

    met: int = 0
    judged: int = 0

    def __add__(self, other: Rate) -> Rate:
        return Rate(self.met + other.met, self.judged + other.judged)

    @property
    def late(self) -> int:
        return self.judged - self.met

    @property
    def share(self) -> float | None:
        return self.met / self.judged if self.judged else None


@dataclass(frozen=True)
class RateOf:
    """One agent's clocks of one priority, over a week and over a month."""

    agent_id: Any
    agent: str
    priority: int
    week: Rate
    month: Rate


def rates(timers: TimerQuerySet, at: datetime) -> list[RateOf]:
    """One statement."""
    week = (MET & Q(answered_at__gte=at - WEEK)) | (LATE & Q(due_at__gte=at - WEEK))
    rows = timers.judged_since(at - MONTH, at).order_by().values("agent_id", "agent__name", "priority").annotate(
        met_week=Count("pk", filter=week & MET),
        judged_week=Count("pk", filter=week),
        met_month=Count("pk", filter=MET),
        judged_month=Count("pk"),
    )  # fmt: skip
    return [
        RateOf(
            row["agent_id"],
            row["agent__name"],
            row["priority"],
            Rate(row["met_week"], row["judged_week"]),
            Rate(row["met_month"], row["judged_month"]),
        )
        for row in rows
    ]


def met_by_agent(since: datetime, at: datetime) -> Any:
    """Judged clocks of each agent, and how many were answered in time. A lead that was handed on counts
    for whoever let it pass.
    """
    return by_agent(Timer.objects.judged_since(since, at), Count("pk"), Count("pk", filter=MET))


@dataclass(frozen=True)
class Day:
    """The clocks of one day, and their bars: `x` in percent of the width, the rest in pixels from the top."""

    date: date
    met: int
    late: int
    x: float
    width: float
    met_top: float
    met_height: float
    late_top: float
    late_height: float


@dataclass(frozen=True)
class Days:
    """A row of days, the number at the chart's top, and what they hold together."""

    days: list[Day]
    highest: int
    total: Rate

    @property
    def half(self) -> float:
        return self.highest / 2


CHART_TOP, CHART_HEIGHT = 14, 104
CHART_WIDTH = 92  # percent; the axis' numbers stand in the rest


def days_of(timers: TimerQuerySet, at: datetime, count: int) -> Days:
    """The last days by the reader's calendar. One statement."""
    start = localtime(at).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=count - 1)
    return drawn(by_day(timers, start, at), at, count)


def by_day(timers: TimerQuerySet, since: datetime, at: datetime) -> dict[date, Rate]:
    """By the reader's calendar: met ones stand on the day of the response, late ones on that of the deadline. One
    statement.
    """
    moment = Case(When(MET, then=F("answered_at")), default=F("due_at"))
    rows = timers.judged_since(since, at).order_by().annotate(day=TruncDate(moment)).values_list("day").annotate(
        met=Count("pk", filter=MET), n=Count("pk")
    )  # fmt: skip
    return {day: Rate(met, n) for day, met, n in rows}


def drawn(found: Mapping[date, Rate], at: datetime, count: int) -> Days:
    """The last days of these."""
    today = localtime(at).date()
    dates = [today - timedelta(days=back) for back in reversed(range(count))]
    highest = _nice(max((rate.judged for rate in found.values()), default=0))
    step = CHART_WIDTH / len(dates)
    bars = [_bar(day, found.get(day, Rate()), number * step, step, highest) for number, day in enumerate(dates)]
    return Days(bars, highest, sum((found.get(day, Rate()) for day in dates), Rate()))


def _nice(number: int) -> int:
    """The next number above that halves well, so that the axis reads 0, half, whole."""
    steps = (2, 4, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000)
    return next((step for step in steps if step >= number), number)


def _bar(day: date, rate: Rate, x: float, step: float, highest: int) -> Day:
    """Late ones stand on top of those in time, with a gap between."""
    unit, gap = CHART_HEIGHT / highest, 2 if rate.late and rate.met else 0
    met_height, late_height = rate.met * unit, rate.late * unit
    met_top = CHART_TOP + CHART_HEIGHT - met_height
    late_top = max(met_top - late_height - gap, 0)
    return Day(day, rate.met, rate.late, x, step * 0.67, met_top, met_height, late_top, late_height)
