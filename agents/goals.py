"""What agents mean to reach in a day."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from agents.events import AGENT_GOALS_SET
from agents.models import Agent, AgentGoal
from crm.audit.recording import record
from crm.core.actors import Actor
from crm.core.errors import InvalidField

GOALS = {"calls": 10_000, "reached": 10_000, "qualified": 10_000, "talk_minutes": 24 * 60}  # the most that is meant


def goals_of(agent: Agent) -> AgentGoal:
    """The row, or one with nothing set that is not saved."""
    return AgentGoal.objects.filter(agent=agent).first() or AgentGoal(agent=agent)


@transaction.atomic
def set_goals(agent: Agent, changes: Mapping[str, Any], *, by: Actor) -> AgentGoal:
    """Change the named goals; None takes one away. Raises `InvalidField`."""
    values = {name: _clean(name, changes[name]) for name in GOALS if name in changes}
    AgentGoal.objects.get_or_create(agent=agent)
    goal = AgentGoal.objects.select_for_update().get(agent=agent)
    changed = {name: (getattr(goal, name), value) for name, value in values.items() if getattr(goal, name) != value}
    if changed:
        for name, (_, value) in changed.items():
            setattr(goal, name, value)
        goal.save(update_fields=[*changed, "updated_at"])
        record(AGENT_GOALS_SET, agent, by=by, changes=changed)
    return goal


def _clean(name: str, value: Any) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= GOALS[name]:
        raise InvalidField(name, f"Must be a whole number from 0 to {GOALS[name]}.")
    return value
