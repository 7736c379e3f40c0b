"""Routing rules as the API and the pages show them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from agents.models import Agent
from leads.assignment.candidates import default_pool
from leads.routing.conditions import Condition, read_stored
from leads.routing.models import RoutingRule, RuleAgent


@dataclass(frozen=True)
class Shown:
    """A rule with its conditions read and its agents at hand; without agents it means the default pool."""

    rule: RoutingRule
    conditions: Sequence[Condition]
    agents: Sequence[Agent]
    has_default: bool  # whether anybody is in the default pool

    @property
    def active_agents(self) -> int:
        return sum(agent.is_active for agent in self.agents)

    @property
    def has_active_agents(self) -> bool:
        """Whether anybody is left whom the rule could give a lead."""
        return self.active_agents > 0 if self.agents else self.has_default


def shown(rows: Iterable[RoutingRule]) -> list[Shown]:
    """Two queries for any number of rules, and one more where one means the default pool."""
    found = list(rows)
    pools: dict[UUID, list[Agent]] = defaultdict(list)
    seats = RuleAgent.objects.filter(rule_id__in=[rule.pk for rule in found]).order_by("position", "pk")
    for seat in seats.select_related("agent__user") if found else ():
        pools[seat.rule_id].append(seat.agent)
    needs_default = any(rule.pk not in pools for rule in found)
    has_default = needs_default and bool(default_pool())
    return [Shown(rule, read_stored(rule.conditions), pools[rule.pk], has_default) for rule in found]


def rule_rows(rows: Iterable[RoutingRule]) -> list[dict[str, Any]]:
    return [rule_json(one) for one in shown(rows)]


def rule_json(one: Shown) -> dict[str, Any]:
    rule = one.rule
    return {
        "id": rule.pk,
        "name": rule.name,
        "position": rule.position,
        "is_active": rule.is_active,
        "conditions": [{**condition.as_json(), "text": condition.text} for condition in one.conditions],
        "strategy": rule.strategy,
        "agent_ids": [agent.pk for agent in one.agents],
        "agents": [
            {"id": agent.pk, "agent_id": agent.email or str(agent.pk), "name": agent.name, "is_active": agent.is_active}
            for agent in one.agents
        ],
        "has_active_agents": one.has_active_agents,
        "version": rule.version,
        "created_at": rule.created_at,
        "updated_at": rule.updated_at,
    }
