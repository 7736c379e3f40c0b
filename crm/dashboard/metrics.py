"""The figures of `GET /dashboard/metrics` and `GET /dashboard/leads-per-assignee`, of all leads that one may see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, Sum

from crm.dashboard.figures import still_late
from crm.sla.querysets import TimerQuerySet
from crm.sla.rates import Rate, rates
from leads.models import Stage, Status
from leads.querysets import IS_OPEN, LeadQuerySet
from leads.sla import SlaStatus, has_sla_status


@dataclass(frozen=True)
class Metrics:
    """`late`: open, past the deadline and without a response."""

    total: int
    open: int
    unassigned: int
    new_unassigned: int
    due_soon: int
    late: int
    won: int
    lost: int
    pipeline: Decimal
    statuses: dict[str, int]
    stages: dict[str, int]
    week: Rate
    month: Rate


def metrics_of(leads: LeadQuerySet, timers: TimerQuerySet, at: datetime) -> Metrics:
    """Two statements, whatever there is."""
    rows: list[Any] = list(
        leads.order_by().values("status", "stage").annotate(
            n=Count("pk"),
            open=Count("pk", filter=IS_OPEN),
            unassigned=Count("pk", filter=IS_OPEN & Q(agent__isnull=True)),
            due_soon=Count("pk", filter=IS_OPEN & has_sla_status(SlaStatus.DUE_SOON, at)),
            late=Count("pk", filter=IS_OPEN & still_late(at)),
            value=Sum("deal_value", filter=IS_OPEN),
        )
    )  # fmt: skip
    judged = rates(timers, at)

    def counted(name: str, **where: str) -> int:
        return sum(row[name] for row in rows if all(row[key] == value for key, value in where.items()))

    return Metrics(
        total=counted("n"),
        open=counted("open"),
        unassigned=counted("unassigned"),
        new_unassigned=counted("unassigned", status=Status.NEW),
        due_soon=counted("due_soon"),
        late=counted("late"),
        won=counted("n", stage=Stage.CUSTOMER),
        lost=counted("n", stage=Stage.LOST),
        pipeline=sum((row["value"] or Decimal() for row in rows), Decimal()),
        statuses={status.value: counted("n", status=status) for status in Status},
        stages={stage.value: counted("n", stage=stage) for stage in Stage},
        week=sum((one.week for one in judged), Rate()),
        month=sum((one.month for one in judged), Rate()),
    )


@dataclass(frozen=True)
class Assignee:
    """What one agent holds; `agent_id` none: what waits in the queue."""

    agent_id: UUID | None
    user_id: UUID | None
    name: str
    email: str
    total: int
    open: int
    new: int
    in_progress: int
    done: int
    due_soon: int
    late: int


def leads_per_assignee(leads: LeadQuerySet, at: datetime) -> list[Assignee]:
    """Whoever holds leads, the most open ones first, and the queue last; one statement."""
    rows = leads.order_by().values("agent_id", "agent__user_id", "agent__name", "agent__user__email").annotate(
        n=Count("pk"),
        open=Count("pk", filter=IS_OPEN),
        new=Count("pk", filter=IS_OPEN & Q(status="new")),
        in_progress=Count("pk", filter=IS_OPEN & Q(status="in_progress")),
        done=Count("pk", filter=Q(status="done")),
        due_soon=Count("pk", filter=IS_OPEN & has_sla_status(SlaStatus.DUE_SOON, at)),
        late=Count("pk", filter=IS_OPEN & still_late(at)),
    )  # fmt: skip
    found = [_assignee(row) for row in rows]
    return sorted(found, key=lambda one: (one.agent_id is None, -one.open, one.name))


def _assignee(row: Any) -> Assignee:
    same = {name: row[name] for name in ("open", "new", "in_progress", "done", "due_soon", "late")}
    name, email = row["agent__name"] or "", row["agent__user__email"] or ""
    return Assignee(row["agent_id"], row["agent__user_id"], name, email, row["n"], **same)


@dataclass(frozen=True)
class Share:
    """One bar of the chart: in percent of the fullest."""

    of: Assignee
    calm: float
    late: float


def shares_of(assignees: Sequence[Assignee], limit: int) -> list[Share]:
    """Of those who hold open leads; of these the late ones."""
    holders = [one for one in assignees if one.agent_id and one.open][:limit]
    fullest = max((one.open for one in holders), default=1)
    return [Share(one, 100 * (one.open - one.late) / fullest, 100 * one.late / fullest) for one in holders]
