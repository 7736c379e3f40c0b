"""How well an agent has done over the last 30 days, 0 to 100 (`domain.md`, "Assignment")."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import CharField, Count, F, Q, Value
from django.utils.timezone import now

from agents.models import Agent

WINDOW = timedelta(days=30)
PRIOR_WEIGHT = 10  # leads: how much evidence the company's mean counts for
NO_EVIDENCE = 0.5  # a rate of which the whole company has no case


class Evidence(NamedTuple):
    """How many cases there were and how many of them went well."""

    cases: int = 0
    good: int = 0


@dataclass(frozen=True)
class Performance:
    """The four rates, each 0 to 1 and shrunk toward the company's mean, their evidence, and their weighted sum."""

    conversion: float  # closed as customer ÷ closed
    sla_met: float  # clocks answered before their deadline ÷ those answered so, or past it without an answer
    contact_rate: float  # calls that reached a person ÷ calls
    completion: float  # received in the window and closed by this agent ÷ received in the window
    evidence: Mapping[str, Evidence]  # the agent's own, by the name of the rate

    @property
    def score(self) -> float:
        """100 × (0.4·conversion + 0.3·sla_met + 0.2·contact_rate + 0.1·completion), in tenths to stay exact."""
        return 10 * (4 * self.conversion + 3 * self.sla_met + 2 * self.contact_rate + self.completion)


Counting = Callable[[datetime, datetime], Any]  # (since, until) → what `by_agent` gives
_counted: dict[str, Counting] = {}


def register(rate: str, counting: Counting) -> None:
    """Called at start by the higher floor that knows the cases of this rate: clocks, calls."""
    _counted[rate] = counting


def performances(agent_ids: Collection[UUID], *, at: datetime | None = None) -> dict[UUID, Performance]:
    """Of these agents, measured against all of the active company's; one statement, however many there are."""
    found = _found(at or now())
    rates = {rate: _shrunk(evidence, agent_ids) for rate, evidence in found.items()}
    return {
        pk: Performance(
            **{rate: shrunk[pk] for rate, shrunk in rates.items()},
            evidence={rate: evidence.get(pk, Evidence()) for rate, evidence in found.items()},
        )
        for pk in agent_ids
    }


def _found(at: datetime) -> dict[str, dict[UUID, Evidence]]:
    first, *rest = (
        counting(at - WINDOW, at).annotate(rate=Value(rate, CharField())) for rate, counting in _counted.items()
    )
    found: dict[str, dict[UUID, Evidence]] = {rate: {} for rate in _counted}
    for pk, cases, good, rate in first.union(*rest, all=True):
        found[rate][pk] = Evidence(cases, good)
    return found


def performance_scores(agent_ids: Collection[UUID], *, at: datetime | None = None) -> dict[UUID, float]:
    """0 to 100 by agent; who has no evidence yet stands at the company's mean."""
    return {pk: performance.score for pk, performance in performances(agent_ids, at=at).items()}


def _shrunk(evidence: dict[UUID, Evidence], agent_ids: Collection[UUID]) -> dict[UUID, float]:
    cases, good = (sum(part) for part in zip(*evidence.values(), strict=True)) if evidence else (0, 0)
    mean = good / cases if cases else NO_EVIDENCE
    nothing = Evidence()
    found = {pk: evidence.get(pk, nothing) for pk in agent_ids}
    return {pk: (e.good + PRIOR_WEIGHT * mean) / (e.cases + PRIOR_WEIGHT) for pk, e in found.items()}


def _closed(since: datetime, at: datetime) -> Any:
    leads = Agent.objects.filter(
        leads__closed_at__gte=since, leads__closed_at__lte=at, leads__status="done", leads__deleted_at__isnull=True
    )
    return by_agent(leads, Count("leads"), Count("leads", filter=Q(leads__stage="customer")), of="pk")


def _completed(since: datetime, at: datetime) -> Any:
    """A lead counts once for whoever received it, and as closed for whoever holds it."""
    leads = Agent.objects.filter(received__at__gte=since, received__at__lte=at, received__lead__deleted_at__isnull=True)
    closed = Q(received__lead__agent=F("pk"), received__lead__status="done", received__lead__closed_at__lte=at)
    good = Count("received__lead", distinct=True, filter=closed)
    return by_agent(leads, Count("received__lead", distinct=True), good, of="pk")


def by_agent(rows: Any, cases: Count, good: Count, *, of: str = "agent") -> Any:
    """Rows of agent's id and two numbers, from which a rate is counted."""
    return rows.order_by().values_list(of).annotate(cases=cases, good=good)


register("conversion", _closed)
register("completion", _completed)
