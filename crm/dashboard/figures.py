"""An agent's own day: numbers and lists, each of which the list behind its link shows again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, F, Q
from django.utils.timezone import localtime

from agents.models import Agent
from leads.models import Lead, Stage
from leads.sla import SlaStatus, has_sla_status

WINDOW = timedelta(days=30)
SHOWN = 8


def still_late(at: datetime) -> Q:
    """Past the deadline and untouched: what was answered late, and is worked on, asks for nothing any more."""
    return Q(status="new") & has_sla_status(SlaStatus.BREACHED, at)


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
