"""The funnel as steps: those behind, with how long the lead stayed, the one it stands on, those ahead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from leads.models import Lead, Stage, StageChange

STEPS = (Stage.LEAD, Stage.MQL, Stage.SQL, Stage.OPPORTUNITY, Stage.CUSTOMER)


@dataclass(frozen=True)
class Step:
    """`stayed` is what was spent there, on one visit or several; none where it never stood there."""

    stage: Stage
    is_done: bool
    is_current: bool
    stayed: timedelta | None


def stage_path(lead: Lead, moves: Sequence[StageChange], at: datetime) -> list[Step]:
    """`moves`: the lead's own, oldest first. A lost lead ends with Lost in place of Customer."""
    spent: dict[str, int] = {}
    for move in moves:
        if move.from_stage:
            spent[move.from_stage] = spent.get(move.from_stage, 0) + move.stayed_seconds
    here = int((at - lead.stage_changed_at).total_seconds())
    steps = (*STEPS[:-1], Stage.LOST) if lead.stage == Stage.LOST else STEPS
    place = steps.index(Stage(lead.stage))
    return [
        Step(
            stage=stage,
            is_done=number < place and (stage in spent or lead.stage != Stage.LOST),
            is_current=number == place,
            stayed=timedelta(seconds=here if number == place else spent[stage])
            if stage in spent or number == place
            else None,
        )
        for number, stage in enumerate(steps)
    ]
