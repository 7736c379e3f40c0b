"""Why a lead is routed as it is, why nobody holds it, and whether an accept clock runs: sections of `leads/why`.

Nothing here remembers what was decisive: the decision is made again, in memory, on what is true at this moment. A
cause is decisive where it is the only thing in the way; then doing away with it, and with nothing else, changes the
answer. Agents' names are told to whoever may see the lead; of other leads only that there is one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from django.utils.timezone import localtime

from agents.models import Kind
from crm.accounts.models import Company, User
from crm.core.tenancy import current_company_id
from leads.assignment.desk import Desk
from leads.assignment.strategies import Candidate, Choice
from leads.models import Lead, Strategy
from leads.routing.accepting import past_of
from leads.routing.conditions import Condition, Facts, shown
from leads.routing.models import RoutingRule
from leads.routing.rules import Rule, rules_of
from leads.why.registry import Cause, Detail, Section

ROUTED, ACCEPTED = "Routed", "Accept time"
SHOWN_AGENTS = 20


@dataclass
class Standing:
    """One lead held against the company's rules as they stand, and the agents as they are; reads on demand."""

    lead: Lead
    at: datetime
    let_pass: set[UUID] = field(default_factory=set)

    @cached_property
    def facts(self) -> Facts:
        return Facts(self.lead)

    @cached_property
    def rules(self) -> list[Rule]:
        """All of them in order, those that are off too."""
        return rules_of(RoutingRule.objects.in_order())

    def fails(self, rule: Rule) -> list[Condition]:
        return [one for one in rule.conditions if not one.holds(self.facts.of(one))]

    @cached_property
    def matched(self) -> Rule | None:
        return next((rule for rule in self.rules if rule.is_active and not self.fails(rule)), None)

    @cached_property
    def desk(self) -> Desk | None:
        ways = [self.matched.way] if self.matched else []
        return Desk(ways, {self.lead.contact_id}, at=self.at, lock=False) if ways else None

    @cached_property
    def choice(self) -> Choice | None:
        """Whom the matching rule would choose now."""
        if self.desk is None or self.matched is None:
            return None
        return self.desk.choose(self.matched.way, self.lead, let_pass=self.let_pass)

    @property
    def candidates(self) -> Sequence[Candidate]:
        return self.desk.rankings[self.matched.way].candidates if self.desk and self.matched else ()

    def obstacles(self, candidate: Candidate) -> list[str]:
        assert self.desk is not None
        assert self.matched is not None
        return self.desk.rankings[self.matched.way].unfit(candidate, self.lead, self.let_pass)


def standing_of(lead: Lead, at: datetime) -> Standing:
    return Standing(lead, at, past_of([lead])[lead.pk].let_pass if lead.agent_id is None else set())


# --- Which rule --------------------------------------------------------------------------------------------------


def routing_section(lead: Lead, user: User, at: datetime) -> Section | None:
    """Two queries. None where the company has no rules."""
    standing = Standing(lead, at)
    if not standing.rules:
        return None
    matched = standing.matched
    answer = f"“{matched.name}” is the first rule that matches it." if matched else "No rule matches it."
    return Section(ROUTED, answer, [_rule_cause(rule, standing) for rule in standing.rules])


def _rule_cause(rule: Rule, standing: Standing) -> Cause:
    """A rule decides where it matches first, or would but for one condition or for being off."""
    matched, failing = standing.matched, standing.fails(rule)
    is_before = matched is None or standing.rules.index(rule) < standing.rules.index(matched)
    if rule is matched:
        code, text, is_decisive = "rule_matches", f"“{rule.name}” matches it.", True
    elif not is_before:
        code, text, is_decisive = "rule_not_reached", f"“{rule.name}” is not asked: a rule before it matches.", False
    elif not rule.is_active:
        code, text, is_decisive = "rule_off", f"“{rule.name}” is off.", not failing
    else:
        code, text, is_decisive = "rule_does_not_match", f"“{rule.name}” does not match it.", len(failing) == 1
    data = {**rule.as_json(), "rule_id": str(rule.pk)}
    del data["id"]
    return Cause(code, text, is_decisive, [_condition(one, standing) for one in rule.conditions], data)


def _condition(condition: Condition, standing: Standing) -> Detail:
    value = standing.facts.of(condition)
    told = shown(value)
    data = {**condition.as_json(), "value": told or None}
    return Detail(f"{condition.text}: it is {told or 'nothing'}", condition.holds(value), data)


# --- Whom the rule finds -----------------------------------------------------------------------------------------


def queue_causes(lead: Lead, at: datetime) -> tuple[str, list[Cause]]:
    """What stands between an open lead in the queue and an agent, by the rules as they are: an answer and its causes.

    At most nine queries, whatever the number of rules and agents.
    """
    standing = standing_of(lead, at)
    if not any(rule.is_active for rule in standing.rules):
        return "No routing rule is on.", [Cause("no_rules", "The company has no routing rule that is on.")]
    if standing.matched is None or standing.choice is None:
        near = [rule for rule in standing.rules if rule.is_active and len(standing.fails(rule)) == 1]
        return "No routing rule matches it.", [_no_rule(standing, near)]
    name = standing.matched.name
    if (chosen := standing.choice.candidate) is not None:
        why = "Rules are asked when a lead comes in, and this one was in the queue already."
        return f"By the rule “{name}” it would go to {chosen.agent.name} now.", [Cause("came_before", why, False)]
    answer = f"By the rule “{name}” it would go to nobody now."
    return answer, [_obstacle(one, standing) for one in standing.candidates[:SHOWN_AGENTS]] or [_nobody(name)]


def _no_rule(standing: Standing, near: Sequence[Rule]) -> Cause:
    """Removing it: any rule that is but one condition away would match."""
    tail = f"; {len(near)} of them fail by one condition alone" if near else ""
    text = f"None of the {sum(rule.is_active for rule in standing.rules)} rules that are on matches it{tail}."
    return Cause("no_rule_matches", text)


def _nobody(name: str) -> Cause:
    return Cause("no_agents", f"The rule “{name}” has no active agent.")


def _obstacle(candidate: Candidate, standing: Standing) -> Cause:
    """Decisive where it is the one thing in this agent's way."""
    found = standing.obstacles(candidate)
    code = f"agent_{found[0]}" if len(found) == 1 else "agent_" + "_and_".join(found)
    text = f"{candidate.agent.name} {' and '.join(_words(why, candidate) for why in found)}."
    data = {"agent_id": candidate.agent.pk, "obstacles": found}
    return Cause(code, text, len(found) == 1, data=data)


def _words(why: str, candidate: Candidate) -> str:
    return {
        "full": f"has no room ({candidate.current} of {candidate.agent.max_capacity} open leads)",
        "inactive": "is inactive",
        "holds_another": "has another open lead of this contact",
        "let_it_pass": "let it pass before",
        "holds_it": "holds it",
    }.get(why, why)


# --- The accept clock --------------------------------------------------------------------------------------------


def accept_section(lead: Lead, user: User, at: datetime) -> Section | None:
    """One query. None where nobody holds it, or the company has no accept time."""
    if lead.agent is None or not lead.is_open:
        return None
    company = Company.objects.get(pk=current_company_id())
    if company.accept_minutes is None:
        return None
    name, due = lead.agent.name, lead.accept_due_at
    if due is not None and lead.first_response_at is None:
        is_today = localtime(due).date() == localtime(at).date()
        until = f"{localtime(due):%H:%M}" if is_today else f"{localtime(due):%d %b %H:%M}"
        untouched = Cause("not_touched", f"{name} has not touched it yet: no call, message, outcome or stage move.")
        setting = Cause("accept_time", f"The company’s accept time is {company.accept_minutes} minutes.")
        answer = f"{name} has until {until} to touch it; then it goes on." if due > at else "Its accept time is over."
        return Section(ACCEPTED, answer, [untouched, setting])
    return Section(ACCEPTED, "No accept clock runs.", [_no_clock(lead)])


def _no_clock(lead: Lead) -> Cause:
    assert lead.agent is not None
    if lead.first_response_at is not None:
        return Cause("touched", f"{lead.agent.name} has touched it.")
    if lead.agent.kind == Kind.VOICE:
        return Cause("voice_agent", f"{lead.agent.name} is an AI voice agent and calls by its own hours.")
    last: Any = lead.assignments.filter(to_agent_id=lead.agent_id).order_by("-at", "-pk").first()
    if last is not None and (last.strategy == Strategy.CLAIM or (last.user_id and last.user_id == lead.agent.user_id)):
        return Cause("taken", f"{lead.agent.name} took it itself.")
    if last is not None and "undone" in last.reason:
        return Cause("undone", "It came back by an undo, which starts no clock.")
    return Cause("placed_before", "It was placed before the accept time was set, or the clock would never strike.")
