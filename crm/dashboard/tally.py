"""All leads counted in one walk, by stage, status and holder: what every figure of the dashboard is added up from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from uuid import UUID

from django.db.models import Count, Min, Sum

from leads.models import CLOSED_STAGES, Stage, Status
from leads.querysets import LeadQuerySet
from leads.sla import SlaStatus, has_sla_status


@dataclass(frozen=True)
class Cell:
    """The undeleted leads of one stage and status that one agent holds; `agent_id` none: nobody.

    `late`: past their deadline, answered late or not at all. `value` is none where no lead has one.
    """

    stage: Stage
    status: Status
    agent_id: UUID | None
    leads: int
    value: Decimal | None
    oldest: datetime
    due_soon: int
    late: int

    @cached_property
    def is_open(self) -> bool:
        return self.status != Status.DONE and self.stage not in CLOSED_STAGES

    @property
    def still_late(self) -> int:
        """Past the deadline and untouched: what was answered late, and is worked on, asks for nothing any more."""
        return self.late if self.status == Status.NEW else 0


def tally(leads: LeadQuerySet, at: datetime) -> list[Cell]:
    """One statement, one walk through the leads."""
    rows = leads.alive().order_by().values_list("stage", "status", "agent_id").annotate(
        n=Count("pk"),
        value=Sum("deal_value"),
        oldest=Min("created_at"),
        due_soon=Count("pk", filter=has_sla_status(SlaStatus.DUE_SOON, at)),
        late=Count("pk", filter=has_sla_status(SlaStatus.BREACHED, at)),
    )  # fmt: skip
    return [Cell(Stage(stage), Status(status), *rest) for stage, status, *rest in rows]


def of_status(cells: Iterable[Cell], status: Status) -> list[Cell]:
    return [cell for cell in cells if cell.status == status]


def counted(cells: Iterable[Cell]) -> int:
    return sum(cell.leads for cell in cells)


def worth(cells: Iterable[Cell]) -> Decimal:
    return sum((cell.value for cell in cells if cell.value), Decimal())
