"""How many open leads an agent holds and how many more it may."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Count

from agents.models import Agent


@dataclass(frozen=True)
class Capacity:
    """`current` open leads held, and `max`; none where there is no limit (voice agents alone)."""

    current: int
    max: int | None

    @property
    def has_room(self) -> bool:
        return self.max is None or self.current < self.max

    @property
    def available_slots(self) -> int | None:
        """Never below nothing: a maximum may be set under what is held already."""
        return None if self.max is None else max(self.max - self.current, 0)

    @property
    def free_share(self) -> float:
        """Of the maximum, 0 to 1; without a limit all of it is free."""
        if self.max is None:
            return 1.0
        return max(self.max - self.current, 0) / self.max if self.max else 0.0

    @property
    def percentage(self) -> int | None:
        """Used share, rounded; above 100 where the maximum was lowered. A maximum of 0 is always full."""
        if self.max is None:
            return None
        return round(100 * self.current / self.max) if self.max else 100

    def as_json(self) -> dict[str, Any]:
        return {
            "current": self.current,
            "max": self.max,
            "percentage": self.percentage,
            "available_slots": self.available_slots,
        }


def held_counts(agent_ids: Collection[UUID]) -> dict[UUID, int]:
    """Open leads by agent, in one statement; who holds none is 0."""
    rows = Agent.objects.all().open_leads().filter(agent_id__in=agent_ids).order_by().values_list("agent_id")
    return dict.fromkeys(agent_ids, 0) | dict(rows.annotate(held=Count("pk")))


def room_for(agent_ids: Collection[UUID]) -> dict[UUID, Capacity]:
    """The capacity of each agent of the active company; unlocked, so for showing and not for deciding."""
    agents: Any = Agent.objects.filter(pk__in=agent_ids).with_load()
    return {pk: Capacity(held, maximum) for pk, held, maximum in agents.values_list("pk", "held", "max_capacity")}


def capacity_of(agent: Agent) -> Capacity:
    return Capacity(held_counts([agent.pk])[agent.pk], agent.max_capacity)
