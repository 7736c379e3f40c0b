"""A company's rules as they decide: read once, with their pools, and matched in memory."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from crm.core.tenancy import current_company_id
from leads.assignment.desk import Way
from leads.models import Lead
from leads.routing.conditions import Condition, Facts, read_stored
from leads.routing.kept import kept
from leads.routing.models import RoutingRule, RuleAgent


@dataclass(frozen=True)
class Rule:
    """One rule as it stands at this moment; `pk` is none for one that is only tried."""

    pk: UUID | None
    name: str
    version: int
    conditions: tuple[Condition, ...]
    way: Way
    is_active: bool = True

    def as_json(self) -> dict[str, Any]:
        """What a placement keeps of it."""
        return {"id": str(self.pk) if self.pk else None, "name": self.name, "version": self.version}


def active_rules() -> list[Rule]:
    """In order; kept (`kept.py`), else read by one query where there are none, two else."""
    return kept(current_company_id(), lambda: rules_of(RoutingRule.objects.filter(is_active=True).in_order()))


def rules_of(rows: Iterable[RoutingRule]) -> list[Rule]:
    """With their pools, by one query more."""
    found = list(rows)
    pools = pools_of([row.pk for row in found]) if found else {}
    return [rule_of(row, pools.get(row.pk)) for row in found]


def rule_of(row: RoutingRule, pool: Sequence[UUID] | None) -> Rule:
    way = Way(row.strategy, tuple(pool) if pool else None)
    return Rule(row.pk, row.name, row.version, read_stored(row.conditions), way, row.is_active)


def pools_of(rule_ids: Sequence[UUID]) -> dict[UUID, list[UUID]]:
    """Rule → its agents in the order named."""
    pools: dict[UUID, list[UUID]] = defaultdict(list)
    seats = RuleAgent.objects.filter(rule_id__in=rule_ids).order_by("position", "pk")
    for rule_id, agent_id in seats.values_list("rule_id", "agent_id"):
        pools[rule_id].append(agent_id)
    return pools


def first_match(rules: Iterable[Rule], lead: Lead) -> Rule | None:
    """Of active rules in order."""
    facts = Facts(lead)
    return next((rule for rule in rules if facts.meet(rule.conditions)), None)
