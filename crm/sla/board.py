"""What is due or late, with whom, and how many deadlines are met: for the page and the API."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Count, Q

from crm.sla.querysets import TimerQuerySet
from crm.sla.rates import Rate, rates
from leads.models import Priority


@dataclass
class Standing:
    """Of one agent, one priority, or all: clocks that run, and first responses over a week and a month."""

    key: Any = None
    name: str = ""
    due_soon: int = 0
    late: int = 0
    week: Rate = field(default_factory=Rate)
    month: Rate = field(default_factory=Rate)

    def __iadd__(self, other: Standing) -> Standing:
        self.due_soon, self.late = self.due_soon + other.due_soon, self.late + other.late
        self.week, self.month = self.week + other.week, self.month + other.month
        return self


@dataclass(frozen=True)
class Board:
    total: Standing
    by_agent: list[Standing]
    by_priority: list[Standing]


def board_of(timers: TimerQuerySet, at: datetime) -> Board:
    """Two statements, whatever there is; agents with the most late leads first, urgent before low."""
    cells = [*_pressing(timers, at), *_judged(timers, at)]
    total = Standing()
    for _, cell in cells:
        total += cell
    by_agent = _sum(cells, lambda key: (key[0], key[1]))
    by_priority = _sum(cells, lambda key: (key[2], Priority(key[2]).label))
    by_agent.sort(key=lambda one: (-one.late, -one.due_soon, one.name))
    by_priority.sort(key=lambda one: -one.key)
    return Board(total, by_agent, by_priority)


Key = tuple[Any, str, int]  # agent's id and name, priority


def _pressing(timers: TimerQuerySet, at: datetime) -> Iterable[tuple[Key, Standing]]:
    """By the lead's priority of today: it says what to do first."""
    rows = timers.pressing(at).order_by().values("agent_id", "agent__name", "lead__priority").annotate(
        late=Count("pk", filter=Q(due_at__lt=at)), n=Count("pk")
    )  # fmt: skip
    for row in rows:
        key = row["agent_id"], row["agent__name"], row["lead__priority"]
        yield key, Standing(due_soon=row["n"] - row["late"], late=row["late"])


def _judged(timers: TimerQuerySet, at: datetime) -> Iterable[tuple[Key, Standing]]:
    for one in rates(timers, at):
        yield (one.agent_id, one.agent, one.priority), Standing(week=one.week, month=one.month)


def _sum(cells: Sequence[tuple[Key, Standing]], part: Callable[[Key], tuple[Any, str]]) -> list[Standing]:
    found: dict[Any, Standing] = {}
    for key, cell in cells:
        pk, name = part(key)
        found.setdefault(pk, Standing(pk, name))
        found[pk] += cell
    return list(found.values())
