"""How well an agent has done over the last 30 days, 0 to 100 (`domain.md`, "Assignment")."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Count, F, Q
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
    """The four rates, each 0 to 1 and shrunk toward the company's mean, and their weighted sum."""

    conversion: float  # closed as customer ÷ closed
    sla_met: float  # answered before the deadline ÷ answered, or past it without an answer
    contact_rate: float  # calls that reached a person ÷ calls
    completion: float  # received in the window and closed by this agent ÷ received in the window

    @property
    def score(self) -> float:
        """100 × (0.4·conversion + 0.3·sla_met + 0.2·contact_rate + 0.1·completion), in tenths to stay exact."""
        return 10 * (4 * self.conversion + 3 * self.sla_met + 2 * self.contact_rate + self.completion)


def performances(agent_ids: Collection[UUID], *, at: datetime | None = None) -> dict[UUID, Performance]:
    """Of these agents, measured against all of the active company's; three statements, however many there are."""
    at = at or now()
    since = at - WINDOW
    no_calls: dict[UUID, Evidence] = {}  # calls stand on a higher floor and tell nothing yet
    counts = (_closed(since, at), _answered(since, at), no_calls, _completed(since, at))
    rates = [_shrunk(evidence, agent_ids) for evidence in counts]
    return {pk: Performance(*(rate[pk] for rate in rates)) for pk in agent_ids}


def performance_scores(agent_ids: Collection[UUID], *, at: datetime | None = None) -> dict[UUID, float]:
    """0 to 100 by agent; who has no evidence yet stands at the company's mean."""
    return {pk: performance.score for pk, performance in performances(agent_ids, at=at).items()}


def _shrunk(evidence: dict[UUID, Evidence], agent_ids: Collection[UUID]) -> dict[UUID, float]:
    cases, good = (sum(part) for part in zip(*evidence.values(), strict=True)) if evidence else (0, 0)
    mean = good / cases if cases else NO_EVIDENCE
    nothing = Evidence()
    found = {pk: evidence.get(pk, nothing) for pk in agent_ids}
    return {pk: (e.good + PRIOR_WEIGHT * mean) / (e.cases + PRIOR_WEIGHT) for pk, e in found.items()}


def _closed(since: datetime, at: datetime) -> dict[UUID, Evidence]:
    leads = Agent.objects.filter(
        leads__closed_at__gte=since, leads__closed_at__lte=at, leads__status="done", leads__deleted_at__isnull=True
    )
    return _evidence(leads, Count("leads"), Count("leads", filter=Q(leads__stage="customer")))


def _answered(since: datetime, at: datetime) -> dict[UUID, Evidence]:
    """A lead that is neither answered nor due tells nothing yet."""
    leads = Agent.objects.filter(
        Q(leads__first_response_at__isnull=False) | Q(leads__deadline__lt=at),
        leads__assigned_at__gte=since,
        leads__assigned_at__lte=at,
        leads__deadline__isnull=False,
        leads__deleted_at__isnull=True,
    )
    in_time = Q(leads__first_response_at__lte=F("leads__deadline"))
    return _evidence(leads, Count("leads"), Count("leads", filter=in_time))


def _completed(since: datetime, at: datetime) -> dict[UUID, Evidence]:
    """A lead counts once for whoever received it, and as closed for whoever holds it."""
    leads = Agent.objects.filter(received__at__gte=since, received__at__lte=at, received__lead__deleted_at__isnull=True)
    closed = Q(received__lead__agent=F("pk"), received__lead__status="done", received__lead__closed_at__lte=at)
    return _evidence(
        leads,
        Count("received__lead", distinct=True),
        Count("received__lead", distinct=True, filter=closed),
    )


def _evidence(leads: Any, cases: Count, good: Count) -> dict[UUID, Evidence]:
    rows = leads.order_by().values("pk").annotate(cases=cases, good=good).values_list("pk", "cases", "good")
    return {pk: Evidence(cases, good) for pk, cases, good in rows}
