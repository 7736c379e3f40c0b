"""A dry run: who would get which of the last leads by some rules, as the agents stand at this moment. Writes nothing.

The leads are looked at as if they came in now, one after the other, oldest first, with what they hold today; open
ones are taken off their holders first, so that nobody counts as full by the very leads that are to be placed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.utils.timezone import now

from agents.models import Agent
from crm.core.text import fold
from leads.assignment.desk import Desk
from leads.assignment.words import PASSED
from leads.models import Lead
from leads.routing.rules import Rule, first_match

NO_RULE, NOBODY_FITS = "no_rule", "nobody_fits"
SHOWN_REASONS = 3


@dataclass
class Tried:
    """One lead: the rule that matched, and whom it would go to; `why` it would stay unassigned."""

    lead: Lead
    rule: Rule | None = None
    agent: Agent | None = None
    why: str = ""
    detail: str = ""


@dataclass
class DryRun:
    """What the rules would do to the leads."""

    rules: Sequence[Rule]
    results: list[Tried] = field(default_factory=list)

    @property
    def placed(self) -> int:
        return sum(one.agent is not None for one in self.results)

    @property
    def by_rule(self) -> list[tuple[Rule, int, int]]:
        """Rule, how many leads it matched, and how many of those it would place; in order."""
        matched = Counter(id(one.rule) for one in self.results if one.rule)
        placed = Counter(id(one.rule) for one in self.results if one.rule and one.agent)
        return [(rule, matched[id(rule)], placed[id(rule)]) for rule in self.rules]

    @property
    def by_agent(self) -> list[tuple[Agent, int]]:
        """The most first."""
        agents = {one.agent.pk: one.agent for one in self.results if one.agent}
        counts = Counter(one.agent.pk for one in self.results if one.agent)
        return sorted(((agents[pk], n) for pk, n in counts.items()), key=lambda pair: (-pair[1], fold(pair[0].name)))

    @property
    def unassigned(self) -> dict[str, int]:
        counts = Counter(one.why for one in self.results if one.why)
        return {NO_RULE: counts[NO_RULE], NOBODY_FITS: counts[NOBODY_FITS]}


def try_rules(rules: Sequence[Rule], *, limit: int) -> DryRun:
    """On the company's last leads. As few queries for any number of rules, leads and agents."""
    active = [rule for rule in rules if rule.is_active]
    run, at = DryRun(rules), now()
    found = Lead.objects.alive().select_related("contact", "vendor").order_by("-created_at", "-pk")[:limit]
    leads = list(found)[::-1]
    matches = {lead.pk: first_match(active, lead) for lead in leads}
    used = {rule.way for rule in matches.values() if rule}
    if not used:
        run.results = [Tried(lead, why=NO_RULE) for lead in leads]
        return run
    desk = Desk(used, {lead.contact_id for lead in leads}, at=at, lock=False)
    for lead in leads:
        if lead.is_open:
            desk.leave(lead)
    names = {agent.pk: agent for agent in desk.agents}
    run.results = [_tried(lead, matches[lead.pk], desk, names) for lead in leads]
    return run


def _tried(lead: Lead, rule: Rule | None, desk: Desk, agents: dict[UUID, Agent]) -> Tried:
    if rule is None:
        return Tried(lead, why=NO_RULE)
    newcomer = Lead(pk=lead.pk, contact_id=lead.contact_id)  # held by nobody
    choice = desk.choose(rule.way, newcomer)
    if choice.candidate is None:
        return Tried(lead, rule, why=NOBODY_FITS, detail=_who_not(choice.passed_over, agents))
    desk.take(rule.way, newcomer, choice.candidate)
    return Tried(lead, rule, choice.candidate.agent)


def _who_not(passed: Sequence[tuple[UUID, str]], agents: dict[UUID, Agent]) -> str:
    named = [f"{agents[pk].name}: {PASSED.get(why, why)}" for pk, why in passed[:SHOWN_REASONS]]
    rest = len(passed) - len(named)
    return "; ".join([*named, *([f"and {rest} more"] if rest > 0 else [])])


def dry_run_json(run: DryRun) -> dict[str, Any]:
    return {
        "leads": len(run.results),
        "placed": run.placed,
        "unassigned": run.unassigned,
        "rules": [
            {**rule.as_json(), "is_active": rule.is_active, "matched": matched, "placed": placed}
            for rule, matched, placed in run.by_rule
        ],
        "agents": [
            {"id": agent.pk, "agent_id": agent.email or str(agent.pk), "name": agent.name, "leads": count}
            for agent, count in run.by_agent
        ],
        "results": [_result_json(one) for one in run.results],
    }


def _result_json(one: Tried) -> dict[str, Any]:
    return {
        "lead_id": one.lead.pk,
        "name": one.lead.contact.name,
        "rule_id": one.rule.pk if one.rule else None,
        "rule_name": one.rule.name if one.rule else None,
        "agent_id": one.agent.pk if one.agent else None,
        "agent_name": one.agent.name if one.agent else None,
        "why": one.why or None,
        "detail": one.detail,
    }
