"""Which agent comes next: the candidates in the strategy's order, kept in order while they fill up.

Nothing here touches the database; `candidates.py` reads, `placing.py` writes.

A voice agent without a maximum counts as wholly free (share 1), and among agents equally free who holds least
comes first. Availability and business hours rank before every strategy but `manual`, whose pool is taken in order.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Collection, Iterator, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import datetime
from math import inf
from typing import Any
from uuid import UUID

from agents.capacity import Capacity
from agents.models import Agent, Availability
from crm.accounts.models import Company
from leads.models import Lead, Strategy

NOBODY = (inf,)  # behind every place in any order
POOL_KEPT = 20  # agents of a named pool that a placement keeps
SHOWN = 5  # agents passed over that a placement names; all are counted


@dataclass
class Candidate:
    """An agent of the pool, with what it holds at this moment of the batch."""

    agent: Agent
    current: int
    within_hours: bool
    index: int  # in the order of the pool: as named, or whoever waited longest for a turn
    score: float | None = None
    turns: int = field(default=0)  # taken in this batch

    @property
    def capacity(self) -> Capacity:
        return Capacity(self.current, self.agent.max_capacity)

    @property
    def is_ready(self) -> bool:
        return self.agent.availability == Availability.AVAILABLE and self.within_hours

    @property
    def obstacle(self) -> str | None:
        """Why it can take no lead at all."""
        return next(self.obstacles(), None)

    def obstacles(self) -> Iterator[str]:
        if not self.agent.is_active:
            yield "inactive"
        if not self.capacity.has_room:
            yield "full"

    def freed(self) -> Candidate:
        """With room for just one more."""
        agent = copy(self.agent)
        agent.max_capacity = self.current + 1
        return replace(self, agent=agent)


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
    """Who gets the lead, if anybody, and who could not: `(agent, why)`, those first who would have come before it.

    `ahead`: how many those are; each would have been chosen but for what stood in its way.
    """

    candidate: Candidate | None
    passed_over: Sequence[tuple[UUID, str]]
    rank: int = 1
    ahead: int = 0


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
        self.missed = {pk: self._place_without(self.by_agent[pk]) for pk in self.left_out}
        self.heap = [(self.order(c), c.index) for c in candidates if not c.obstacle]
        self.by_index = {c.index: c for c in candidates}
        heapq.heapify(self.heap)

    def choose(self, lead: Lead, *, let_pass: Collection[UUID] = ()) -> Choice:
        """The best who may take this lead. `take` follows, or the candidate keeps its place.

        `let_pass`: agents who had it and did not touch it in time.
        """
        unfit: dict[int, tuple[Candidate, str]] = {}
        chosen = None
        while self.heap:
            key, index = heapq.heappop(self.heap)
            candidate = self.by_index[index]
            if key != self.order(candidate) or candidate.obstacle or index in unfit:
                continue  # an older entry of one that has moved since
            if why := self._unfit(candidate, lead, let_pass):
                unfit[index] = candidate, why
                continue
            chosen = candidate
            self._put(candidate)
            break
        for candidate, _ in unfit.values():
            self._put(candidate)
        return self._choice(chosen, [*unfit.values()], lead, let_pass)

    def take(self, lead: Lead, candidate: Candidate) -> None:
        """Count the lead for its new holder, and off its old one."""
        self.taken.add((lead.contact_id, candidate.agent.pk))
        self.count(candidate.agent.pk, 1, turns=1)
        if lead.agent_id and lead.agent_id in self.by_agent:
            self.taken.discard((lead.contact_id, lead.agent_id))
            self.count(lead.agent_id, -1)

    def count(self, agent_id: UUID, number: int, *, turns: int = 0) -> None:
        """The agent holds so many more, by whatever way they came or went."""
        candidate = self.by_agent[agent_id]
        candidate.current += number
        candidate.turns += turns
        self._moved(candidate)

    def unfit(self, candidate: Candidate, lead: Lead, let_pass: Collection[UUID] = ()) -> list[str]:
        """All that stands in this agent's way."""
        return [*candidate.obstacles(), *self._own_reasons(candidate, lead, let_pass)]

    def _unfit(self, candidate: Candidate, lead: Lead, let_pass: Collection[UUID]) -> str | None:
        return next(self._own_reasons(candidate, lead, let_pass), None)

    def _own_reasons(self, candidate: Candidate, lead: Lead, let_pass: Collection[UUID]) -> Iterator[str]:
        """Between this agent and this lead."""
        pk = candidate.agent.pk
        if pk == lead.agent_id:
            yield "holds_it"
        elif (lead.contact_id, pk) in self.taken:
            yield "holds_another"
        if pk in let_pass:
            yield "let_it_pass"

    def _choice(
        self, chosen: Candidate | None, unfit: Sequence[tuple[Candidate, str]], lead: Lead, let_pass: Collection[UUID]
    ) -> Choice:
        """Those who would have been chosen but for one thing stand before the others."""
        limit = self.order(chosen) if chosen else NOBODY
        passed = {c.agent.pk: why for c, why in unfit} | self.left_out
        near = [c.agent.pk for c, _ in unfit if len(self.unfit(c, lead, let_pass)) == 1]
        near += [
            pk
            for pk in self.left_out
            if (place := self.missed[pk]) is not None
            and place < limit
            and not self._unfit(self.by_agent[pk], lead, let_pass)
        ]
        ahead = [(pk, passed.pop(pk)) for pk in near]
        return Choice(chosen, [*ahead, *passed.items()], 1 + len(unfit), len(ahead))

    def _place_without(self, candidate: Candidate) -> tuple[float, ...] | None:
        """Where it would stand without its obstacle; none where it has two."""
        obstacles = list(candidate.obstacles())
        if len(obstacles) > 1:
            return None
        return self.order(candidate.freed() if obstacles == ["full"] else candidate)

    def _moved(self, candidate: Candidate) -> None:
        if obstacle := candidate.obstacle:
            self.left_out[candidate.agent.pk] = obstacle
            self.missed[candidate.agent.pk] = self._place_without(candidate)
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
        reason["passed_over"] = passed_over_json(choice)
        reason["passed_over_count"] = len(choice.passed_over)
    return reason


def pool_of(company: Company, named: Sequence[UUID] | None) -> dict[str, Any]:
    """A pool that was named, for the way on where the lead is not accepted; of a large one everybody is meant then."""
    kept = named is not None and company.accept_minutes is not None and len(named) <= POOL_KEPT
    return {"pool_ids": [str(pk) for pk in named or ()]} if kept else {}


def passed_over_json(choice: Choice) -> list[dict[str, Any]]:
    """`ahead`: it would have been chosen but for that, and that alone."""
    shown = enumerate(choice.passed_over[:SHOWN])
    return [
        {"agent_id": str(pk), "why": why, **({"ahead": True} if n < choice.ahead else {})} for n, (pk, why) in shown
    ]


def _iso(at: datetime | None) -> str | None:
    return at.isoformat().replace("+00:00", "Z") if at else None
