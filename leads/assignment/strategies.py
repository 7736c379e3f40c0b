"""Which agent comes next: the candidates in the strategy's order, kept in order while they fill up.

Nothing here touches the database; `candidates.py` reads, `placing.py` writes.

A voice agent without a maximum counts as wholly free (share 1), and among agents equally free who holds least
comes first. Availability and business hours rank before every strategy but `manual`, whose pool is taken in order.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from agents.capacity import Capacity
from agents.models import Agent, Availability
from leads.models import Lead, Strategy

SHOWN = 5  # agents passed over that a placement names; all are counted


@dataclass
class Candidate:
    """An agent of the pool, with what it holds at this moment of the batch."""

    agent: Agent
    current: int
    within_hours: bool
    index: int  # in the order of the pool: as named, or whoever waited longest for a turn
    score: float | None = None
    turns: int = field(default=0)  # placed in this batch

    @property
    def capacity(self) -> Capacity:
        return Capacity(self.current, self.agent.max_capacity)

    @property
    def is_ready(self) -> bool:
        return self.agent.availability == Availability.AVAILABLE and self.within_hours

    @property
    def obstacle(self) -> str | None:
        """Why it can take no lead at all."""
        return "inactive" if not self.agent.is_active else None if self.capacity.has_room else "full"


def _manual(c: Candidate) -> tuple[float, ...]:
    return (c.index,)


def _round_robin(c: Candidate) -> tuple[float, ...]:
    return (not c.is_ready, c.turns, c.index)


def _capacity(c: Candidate) -> tuple[float, ...]:
    return (not c.is_ready, -c.capacity.free_share, c.current, c.index)


def _performance(c: Candidate) -> tuple[float, ...]:
    return (not c.is_ready, -(c.score or 0.0), -c.capacity.free_share, c.index)


ORDER: dict[str, Callable[[Candidate], tuple[float, ...]]] = {
    Strategy.MANUAL: _manual,
    Strategy.CLAIM: _manual,
    Strategy.ROUND_ROBIN: _round_robin,
    Strategy.CAPACITY: _capacity,
    Strategy.PERFORMANCE: _performance,
}


@dataclass(frozen=True)
class Choice:
    """Who gets the lead, if anybody, and who stood before it and could not: `(agent, why)`."""

    candidate: Candidate | None
    passed_over: Sequence[tuple[UUID, str]]
    rank: int = 1


class Ranking:
    """A heap of candidates by the strategy's order; each choice costs its logarithm."""

    def __init__(self, candidates: Sequence[Candidate], strategy: str, taken: set[tuple[UUID, UUID]]) -> None:
        """`taken`: pairs of contact and agent between whom an open lead stands already."""
        self.strategy = strategy
        self.candidates = candidates
        self.taken = taken
        self.order = ORDER[strategy]
        self.by_agent = {c.agent.pk: c for c in candidates}
        self.left_out = {c.agent.pk: why for c in candidates if (why := c.obstacle)}
        self.heap = [(self.order(c), c.index) for c in candidates if not c.obstacle]
        self.by_index = {c.index: c for c in candidates}
        heapq.heapify(self.heap)

    def choose(self, lead: Lead) -> Choice:
        """The best who may take this lead. `take` follows, or the candidate keeps its place."""
        unfit: dict[int, tuple[Candidate, str]] = {}
        chosen = None
        while self.heap:
            key, index = heapq.heappop(self.heap)
            candidate = self.by_index[index]
            if key != self.order(candidate) or candidate.obstacle or index in unfit:
                continue  # an older entry of one that has moved since
            if why := self._unfit(candidate, lead):
                unfit[index] = candidate, why
                continue
            chosen = candidate
            self._put(candidate)
            break
        for candidate, _ in unfit.values():
            self._put(candidate)
        passed = [(c.agent.pk, why) for c, why in unfit.values()]
        return Choice(chosen, [*passed, *self.left_out.items()], 1 + len(unfit))

    def take(self, lead: Lead, candidate: Candidate) -> None:
        """Count the lead for its new holder, and off its old one."""
        candidate.current += 1
        candidate.turns += 1
        self.taken.add((lead.contact_id, candidate.agent.pk))
        self._moved(candidate)
        if lead.agent_id and (old := self.by_agent.get(lead.agent_id)):
            old.current -= 1
            self.taken.discard((lead.contact_id, old.agent.pk))
            self._moved(old)

    def _unfit(self, candidate: Candidate, lead: Lead) -> str | None:
        if candidate.agent.pk == lead.agent_id:
            return "holds_it"
        return "holds_another" if (lead.contact_id, candidate.agent.pk) in self.taken else None

    def _moved(self, candidate: Candidate) -> None:
        if obstacle := candidate.obstacle:
            self.left_out[candidate.agent.pk] = obstacle
        else:
            self.left_out.pop(candidate.agent.pk, None)
            self._put(candidate)

    def _put(self, candidate: Candidate) -> None:
        heapq.heappush(self.heap, (self.order(candidate), candidate.index))


def reason_for(strategy: str, choice: Choice, pool_size: int) -> dict[str, Any]:
    """Why this agent, as it stood before the placement; kept with the assignment for good. Ids, no names."""
    c = choice.candidate
    assert c is not None
    reason: dict[str, Any] = {
        "strategy": strategy,
        "rank": choice.rank,
        "pool": pool_size,
        "current": c.current,
        "max": c.agent.max_capacity,
        "availability": c.agent.availability,
        "within_hours": c.within_hours,
    }
    if c.score is not None:
        reason["score"] = round(c.score, 1)
    if strategy == Strategy.ROUND_ROBIN:
        reason["last_turn_at"] = _iso(c.agent.last_placed_at)
    if choice.passed_over:
        reason["passed_over"] = [{"agent_id": str(pk), "why": why} for pk, why in choice.passed_over[:SHOWN]]
        reason["passed_over_count"] = len(choice.passed_over)
    return reason


def _iso(at: datetime | None) -> str | None:
    return at.isoformat().replace("+00:00", "Z") if at else None
