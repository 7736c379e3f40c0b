"""The figures of home, of `GET /dashboard/metrics` and of `GET /dashboard/leads-per-assignee`, from one tally."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from agents.models import Agent
from crm.dashboard.tally import Cell, counted, of_status, worth
from crm.sla.querysets import TimerQuerySet
from crm.sla.rates import Rate, rates
from leads.models import Stage, Status

Cells = Sequence[Cell]


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
    """`late`: past the deadline and untouched."""

    total: int
    open: int
    unassigned: int
    new_unassigned: int
    oldest_unassigned: datetime | None
    due_soon: int
    late: int
    pipeline: Decimal
    statuses: dict[str, int]
    stages: list[StageFigure]


def figures_of(cells: Cells) -> LeadFigures:
    open_ones = [cell for cell in cells if cell.is_open]
    queue = [cell for cell in open_ones if cell.agent_id is None]
    return LeadFigures(
        total=counted(cells),
        open=counted(open_ones),
        unassigned=counted(queue),
        new_unassigned=counted(of_status(queue, Status.NEW)),
        oldest_unassigned=min((cell.oldest for cell in queue), default=None),
        due_soon=sum(cell.due_soon for cell in cells),
        late=sum(cell.still_late for cell in cells),
        pipeline=worth(open_ones),
        statuses={status.value: counted(of_status(cells, status)) for status in Status},
        stages=_stages(cells),
    )


def _stages(cells: Cells) -> list[StageFigure]:
    by_stage: dict[Stage, list[Cell]] = {stage: [] for stage in Stage}
    for cell in cells:
        by_stage[cell.stage].append(cell)
    fullest = max(map(counted, by_stage.values())) or 1
    return [StageFigure(stage, n := counted(own), worth(own), 100 * n / fullest) for stage, own in by_stage.items()]


def month_of(timers: TimerQuerySet, at: datetime) -> Rate:
    return sum((one.month for one in rates(timers, at)), Rate())


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


def assignees_of(cells: Cells, agents: Iterable[Agent]) -> list[Assignee]:
    """Whoever holds leads, the most open ones first, and the queue last. `agents`: with their users."""
    by_agent: dict[UUID | None, list[Cell]] = defaultdict(list)
    for cell in cells:
        by_agent[cell.agent_id].append(cell)
    known = {agent.pk: agent for agent in agents}
    found = [_assignee(known.get(pk) if pk else None, pk, own) for pk, own in by_agent.items()]
    return sorted(found, key=lambda one: (one.agent_id is None, -one.open, one.name))


def _assignee(agent: Agent | None, pk: UUID | None, cells: Cells) -> Assignee:
    open_ones = [cell for cell in cells if cell.is_open]
    return Assignee(
        agent_id=pk,
        user_id=agent.user_id if agent else None,
        name=agent.name if agent else "",
        email=agent.user.email if agent and agent.user else "",
        total=counted(cells),
        open=counted(open_ones),
        new=counted(of_status(open_ones, Status.NEW)),
        in_progress=counted(of_status(open_ones, Status.IN_PROGRESS)),
        done=counted(of_status(cells, Status.DONE)),
        due_soon=sum(cell.due_soon for cell in open_ones),
        late=sum(cell.still_late for cell in open_ones),
    )


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
