"""Rules for tests, made by their action."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from agents.models import Agent
from crm.core.actors import System
from leads.models import Strategy
from leads.routing.actions import create_rule
from leads.routing.models import RoutingRule


def condition(field: str, operator: str, *values: Any) -> dict[str, Any]:
    return {"field": field, "operator": operator, "values": list(values)}


def rule(
    name: str,
    *conditions: dict[str, Any],
    agents: Iterable[Agent] = (),
    strategy: str = Strategy.ROUND_ROBIN,
    **more: Any,
) -> RoutingRule:
    fields = {"name": name, "conditions": list(conditions), "agents": list(agents), "strategy": strategy, **more}
    return create_rule(fields, by=System("test"))
