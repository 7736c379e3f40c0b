"""How calls went: S3's figures, and the same by hour, agent and outcome for the page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from django.db.models import Avg, Count, Exists, OuterRef, Q, Sum
from django.db.models.functions import ExtractHour

from agents.performance import by_agent as counted_by_agent
from calls.models import Call, Direction, Outcome
from calls.querysets import CallQuerySet
from leads.dispositions import BUILT_IN
from leads.models import Disposition

HAS_ENDED = ~Q(outcome="")


@dataclass(frozen=True)
class Metrics:
    """Of calls that have ended: one that rings has no outcome yet, and one called off never had."""

    total: int
    answered: int
    no_answer: int
    failed: int
    leads: int
    agents: int

    @property
    def pickup_rate(self) -> float:
        """Answered of all, in percent with one decimal."""
        return round(100 * self.answered / self.total, 1) if self.total else 0.0

    @property
    def attempts_per_lead(self) -> float:
        return round(self.total / self.leads, 1) if self.leads else 0.0

    def as_json(self) -> dict[str, Any]:
        return {
            "total_calls": self.total,
            "answered_calls": self.answered,
            "no_answer_calls": self.no_answer,
            "failed_calls": self.failed,
            "pickup_rate": self.pickup_rate,
            "average_attempts_per_lead": self.attempts_per_lead,
            "active_agents": self.agents,
        }


def metrics_of(calls: CallQuerySet) -> Metrics:
    """One statement. `agents`: those who made one of these calls."""
    counts = calls.filter(HAS_ENDED).aggregate(
        total=Count("pk"),
        leads=Count("lead", distinct=True),
        agents=Count("agent", distinct=True),
        **BY_OUTCOME,
    )
    return Metrics(**counts)


BY_OUTCOME = {outcome.value: Count("pk", filter=Q(outcome=outcome.value)) for outcome in Outcome}


def by_hour(calls: CallQuerySet, zone: tzinfo) -> list[dict[str, Any]]:
    """Of all 24 hours of the day in the zone; one statement."""
    rows = calls.filter(HAS_ENDED).annotate(hour=ExtractHour("created_at", tzinfo=zone)).order_by()
    found = {row["hour"]: row for row in rows.values("hour").annotate(total=Count("pk"), **BY_OUTCOME)}
    nothing = {"total": 0, **dict.fromkeys(BY_OUTCOME, 0)}
    return [{**nothing, **found.get(hour, {}), "hour": hour} for hour in range(24)]


def by_agent(calls: CallQuerySet) -> list[dict[str, Any]]:
    """Those with the most calls first; one statement."""
    rows: Any = calls.filter(HAS_ENDED, agent__isnull=False).order_by().values("agent_id", "agent__name")
    figures = rows.annotate(total=Count("pk"), seconds=Sum("duration_seconds"), **BY_OUTCOME).order_by("-total")
    return [{**row, "pickup": round(100 * row["answered"] / row["total"], 1)} for row in figures]


def by_result(calls: CallQuerySet) -> list[dict[str, Any]]:
    """Outcome with its detail, the most frequent first; one statement."""
    rows: Any = calls.filter(HAS_ENDED).order_by().values("outcome", "detail")
    return list(rows.annotate(total=Count("pk"), seconds=Avg("duration_seconds")).order_by("-total"))


UNREACHED = [outcome.key for outcome in BUILT_IN.values() if not outcome.reached_person]


def reached_by_agent(since: datetime, at: datetime) -> Any:
    """Calls out that have ended, by agent, and how many of them reached a person: answered, and with no outcome that
    says otherwise (a machine, a wrong number, a company’s own).
    """
    calls = Call.objects.filter(HAS_ENDED, created_at__gte=since, created_at__lte=at, direction=Direction.OUTBOUND)
    nobody = Exists(Disposition.objects.filter(key=OuterRef("disposition"), reached_person=False))
    reached = Q(outcome=Outcome.ANSWERED) & ~Q(disposition__in=UNREACHED) & ~Q(nobody)
    return counted_by_agent(calls.filter(agent__isnull=False), Count("pk"), Count("pk", filter=reached))
