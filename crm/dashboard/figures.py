"""The numbers of the home pages, each of which the list behind its link counts again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Count, F, Min, Q, Sum
from django.utils.timezone import localtime

from agents.models import Agent
from leads.models import Lead, Stage
from leads.querysets import IS_OPEN, LeadQuerySet
from leads.sla import SlaStatus, has_sla_status

WINDOW = timedelta(days=30)
SHOWN = 8


def still_late(at: datetime) -> Q:
    """Past the deadline and untouched: what was answered late, and is worked on, asks for nothing any more."""
    return Q(status="new") & has_sla_status(SlaStatus.BREACHED, at)


@dataclass(frozen=True)
class StageFigure:
    """How many leads stand in a stage, and what they are worth together."""

    stage: Stage
    leads: int
    value: Decimal
    share: float  # percent of the fullest stage

    @property
    def icon(self) -> str:
        return f"s-{self.stage}"


@dataclass(frozen=True)
class LeadFigures:
    """Over all leads at one moment."""

    stages: list[StageFigure]
    new_unassigned: int
    unassigned: int
    oldest_unassigned: datetime | None
    late: int
    due_soon: int
    pipeline: Decimal


def lead_figures(leads: LeadQuerySet, at: datetime) -> LeadFigures:
    """One statement: everything is counted by stage and added up here."""
    rows = leads.order_by().values("stage").annotate(
        n=Count("pk"),
        value=Sum("deal_value"),
        open_value=Sum("deal_value", filter=IS_OPEN),
        new_unassigned=Count("pk", filter=Q(status="new", agent__isnull=True)),
        unassigned=Count("pk", filter=IS_OPEN & Q(agent__isnull=True)),
        oldest=Min("created_at", filter=IS_OPEN & Q(agent__isnull=True)),
        late=Count("pk", filter=still_late(at)),
        due_soon=Count("pk", filter=has_sla_status(SlaStatus.DUE_SOON, at)),
    )  # fmt: skip
    by_stage: dict[str, dict[str, Any]] = {row["stage"]: {**row} for row in rows}
    return LeadFigures(
        stages=stage_figures(by_stage),
        new_unassigned=total(by_stage, "new_unassigned"),
        unassigned=total(by_stage, "unassigned"),
        oldest_unassigned=min((row["oldest"] for row in by_stage.values() if row["oldest"]), default=None),
        late=total(by_stage, "late"),
        due_soon=total(by_stage, "due_soon"),
        pipeline=sum((row["open_value"] or Decimal() for row in by_stage.values()), Decimal()),
    )


def total(by_stage: dict[str, dict[str, Any]], name: str) -> int:
    return sum(row[name] for row in by_stage.values())


def stage_figures(by_stage: dict[str, dict[str, Any]]) -> list[StageFigure]:
    fullest = max((row["n"] for row in by_stage.values()), default=0) or 1
    nothing: dict[str, Any] = {"n": 0, "value": None}
    found = ((stage, by_stage.get(stage, nothing)) for stage in Stage)
    return [StageFigure(stage, row["n"], row["value"] or Decimal(), 100 * row["n"] / fullest) for stage, row in found]


def late_by_agent(leads: LeadQuerySet, at: datetime) -> list[tuple[str, int]]:
    """Who holds the leads that are past their deadline, the most first; one statement."""
    late = leads.filter(still_late(at), agent__isnull=False)
    rows = late.order_by().values_list("agent__name").annotate(n=Count("pk")).order_by("-n", "agent__name")
    return list(rows[:3])


# --- An agent's own day ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class OwnFigures:
    """Of the leads that the agent holds."""

    new: int
    due_soon: int
    late: int
    closed_today: int
    won: int


def own_figures(agent: Agent, at: datetime) -> OwnFigures:
    """One statement."""
    today = localtime(at).replace(hour=0, minute=0, second=0, microsecond=0)
    return OwnFigures(**Lead.objects.alive().filter(agent=agent).aggregate(
        new=Count("pk", filter=Q(status="new")),
        due_soon=Count("pk", filter=has_sla_status(SlaStatus.DUE_SOON, at)),
        late=Count("pk", filter=still_late(at)),
        closed_today=Count("pk", filter=Q(closed_at__gte=today)),
        won=Count("pk", filter=Q(closed_at__gte=at - WINDOW, stage=Stage.CUSTOMER)),
    ))  # fmt: skip


def queue_of(agent: Agent) -> Sequence[Lead]:
    """Unanswered leads first by deadline, then the rest by priority and score; one statement."""
    leads = Lead.objects.open().filter(agent=agent).select_related("contact", "agent")
    first = F("deadline").asc(nulls_last=True)
    return list(
        leads.order_by(F("first_response_at").asc(nulls_first=True), first, "-priority", "-score", "pk")[:SHOWN]
    )


def call_backs_of(agent: Agent, at: datetime) -> Sequence[Lead]:
    """Promised or due again within a day, the earliest first; one statement."""
    horizon = at + timedelta(days=1)
    leads = Lead.objects.open().filter(agent=agent).select_related("contact")
    due = Q(next_attempt_at__lte=horizon) | Q(schedule_at__lte=horizon, next_attempt_at__isnull=True)
    moment = F("next_attempt_at").asc(nulls_last=True)
    return list(leads.filter(due | Q(disposition="callback")).order_by(moment, "schedule_at", "pk")[:SHOWN])
