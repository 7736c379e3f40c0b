"""Several ways of choosing an agent over one staff: what one way places, every other one sees at once.

The agents of all ways are locked together, in the order of ids, counted once, and kept up to date in memory; so a
batch costs the same statements whatever the number of ways and agents.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from agents.capacity import held_counts
from agents.models import Agent
from agents.performance import performance_scores
from leads.assignment.candidates import default_pool, keep_turns, line_up, lock_agents, taken_pairs, works_at
from leads.assignment.strategies import Candidate, Choice, Ranking
from leads.models import Lead, Strategy


@dataclass(frozen=True)
class Way:
    """A strategy and the agents it chooses from; none means `default_pool`."""

    strategy: str
    pool: tuple[UUID, ...] | None = None


class Desk:
    """The agents of some ways at one moment of a batch."""

    def __init__(
        self, ways: Collection[Way], contact_ids: Collection[UUID], *, at: datetime, lock: bool = True
    ) -> None:
        """`lock=False`: only to look, for a dry run or an explanation."""
        self.at = at
        needs_default = any(way.pool is None for way in ways)
        self.default = default_pool() if needs_default else []
        ids = {pk for way in ways for pk in self.pool_of(way)}
        self.agents = self._agents(ids, lock=lock)
        self.taken = set(taken_pairs(contact_ids, [agent.pk for agent in self.agents]) if self.agents else ())
        self.rankings = self._rankings(ways)
        self.turns: Counter[UUID] = Counter()  # agent → leads it got in turn; in the order of the first

    def pool_of(self, way: Way) -> Sequence[UUID]:
        return self.default if way.pool is None else way.pool

    def choose(self, way: Way, lead: Lead, *, let_pass: Collection[UUID] = ()) -> Choice:
        return self.rankings[way].choose(lead, let_pass=let_pass)

    def take(self, way: Way, lead: Lead, candidate: Candidate) -> None:
        """Count the lead for its new holder and off its old one, wherever they stand."""
        old, new = lead.agent_id, candidate.agent.pk
        in_turn = way.strategy == Strategy.ROUND_ROBIN
        if in_turn:
            self.turns[new] += 1
        self.rankings[way].take(lead, candidate)
        for other in self._others(way):
            if new in other.by_agent:
                other.count(new, 1, turns=int(in_turn))
            if old and old in other.by_agent:
                other.count(old, -1)
        if old:
            self.taken.discard((lead.contact_id, old))

    def leave(self, lead: Lead) -> None:
        """As if its holder did not have it."""
        if lead.agent_id is None:
            return
        self.taken.discard((lead.contact_id, lead.agent_id))
        for ranking in self.rankings.values():
            if lead.agent_id in ranking.by_agent:
                ranking.count(lead.agent_id, -1)

    def keep_turns(self) -> None:
        """Whoever got a lead in turn goes to the end of the rotation."""
        keep_turns(sorted(self.turns, key=lambda pk: self.turns[pk]), self.at)

    def _others(self, way: Way) -> Iterable[Ranking]:
        return (ranking for other, ranking in self.rankings.items() if other != way)

    def _agents(self, ids: Collection[UUID], *, lock: bool) -> list[Agent]:
        if not ids:
            return []
        if lock:
            return lock_agents(ids)
        return list(Agent.objects.filter(pk__in=ids).select_related("user", "company").order_by("pk"))

    def _rankings(self, ways: Collection[Way]) -> dict[Way, Ranking]:
        ids = [agent.pk for agent in self.agents]
        held = held_counts(ids) if ids else {}
        by_score = ids and any(way.strategy == Strategy.PERFORMANCE for way in ways)
        scores = performance_scores(ids, at=self.at) if by_score else {}
        open_now = {agent.pk: works_at(agent, self.at) for agent in self.agents}
        return {
            way: Ranking(
                line_up(
                    self.agents, self.pool_of(way), way.strategy,
                    held=held, open_now=open_now, scores=scores, at=self.at,
                ),
                way.strategy,
                self.taken,
            )
            for way in ways
        }  # fmt: skip
