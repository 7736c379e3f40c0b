"""The demo's routing rules: who gets what comes in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crm.audit.recording import Event
from crm.dashboard.demo.cast import Setting
from leads.models import Strategy
from leads.routing.conditions import checked
from leads.routing.events import RULE_CREATED
from leads.routing.models import RoutingRule, RuleAgent


@dataclass(frozen=True)
class Wanted:
    """A rule of the demo; agents by name, none for all people."""

    name: str
    conditions: tuple[dict[str, Any], ...]
    strategy: str
    agents: tuple[str, ...] = ()
    is_active: bool = True


def asks(field: str, operator: str, *values: Any) -> dict[str, Any]:
    return {"field": field, "operator": operator, "values": list(values)}


WANTED = (
    Wanted(
        "Large projects",
        (asks("deal_value", "at_least", 25_000),),
        Strategy.PERFORMANCE,
        ("Priya Sethi", "Leila Farrow", "Mara Bellamy", "Celia Navarro"),
    ),
    Wanted("Bought leads are called first", (asks("vendor", "is_present"),), Strategy.MANUAL, ("Echo", "Nova")),
    Wanted(
        "Flat and metal roofs",
        (asks("custom.roof", "is_one_of", "flat", "metal"),),
        Strategy.CAPACITY,
        ("Jonas Thorne", "Nadia Iversen", "Stella Moreau"),
    ),
    Wanted(
        "From the web, in turn",
        (asks("source", "is_one_of", "Website", "Google Ads", "Facebook"),),
        Strategy.ROUND_ROBIN,
    ),
    Wanted("The Denver desk", (asks("tags", "is_one_of", "new build"),), Strategy.CAPACITY, ("Edith Stone",), False),
)


def make_rules(setting: Setting, by: Any, at: datetime) -> None:
    """As if the manager had set them up; a company without the agents that a rule names does without it."""
    known = {agent.name: agent for agent in setting.agents}
    wanted = [one for one in WANTED if all(name in known for name in one.agents)] if setting.vendors else []
    for place, one in enumerate(wanted, 1):
        rule = RoutingRule.objects.create(
            name=one.name,
            position=place,
            is_active=one.is_active,
            conditions=checked(list(one.conditions)),
            strategy=one.strategy,
            created_by=by,
            created_at=at,
        )
        RuleAgent.objects.bulk_create(
            RuleAgent(rule=rule, agent=known[name], position=n) for n, name in enumerate(one.agents, 1)
        )
        setting.events.append(Event(RULE_CREATED, rule, by, {"name": (None, rule.name)}, at=at))
