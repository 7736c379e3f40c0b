"""New leads find their agents: matched in memory, placed as a set within capacity, each with the rule that decided.

Routing never refuses a lead: what no rule matches, or whose rule finds nobody with room, waits in the queue, and the
log says why.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.utils.timezone import now

from crm.audit.recording import Event, record_many
from crm.core.actors import System
from crm.core.bulk_rows import insert_rows
from leads.assignment.desk import Desk
from leads.assignment.placing import Placement, place
from leads.assignment.strategies import Choice, passed_over_json, reason_for
from leads.events import LEAD_LEFT_UNASSIGNED
from leads.models import Lead
from leads.routing.events import RULE_APPLIED
from leads.routing.models import RoutingRule
from leads.routing.rules import Rule, active_rules, first_match

ROUTING = System("routing")


@dataclass
class Routed:
    """What became of some leads: placed (nothing is written yet), left though a rule matched, or met by no rule."""

    placements: list[Placement] = field(default_factory=list)
    left: list[tuple[Lead, Rule, Choice]] = field(default_factory=list)
    unmatched: list[Lead] = field(default_factory=list)
    rules: dict[UUID, Rule] = field(default_factory=dict)  # lead → the rule that matched


def insert_routed(leads: Sequence[Lead], told: Sequence[Event], *, locked_contacts: bool = True) -> Routed:
    """Insert new leads with the events of their creation, each with the agent that the rules find for it.

    The caller has locked the leads' contacts. A constant number of statements, whatever the number of leads, rules
    and agents: two for the rules, and where one matches the agents, their loads, their leads of these contacts.
    """
    rules, at = active_rules(), now()
    routed, desk = route([lead for lead in leads if lead.is_open], rules, at=at) if rules else (Routed(), None)
    placed = {p.lead.pk for p in routed.placements}
    insert_rows(Lead, [lead for lead in leads if lead.pk not in placed])
    first = [*told, *(left_event(*one) for one in routed.left), *_applied(routed)]
    if routed.placements and desk is not None:
        company = desk.agents[0].company
        place(routed.placements, company, strategy="", by=ROUTING, at=at, first=first)
        desk.keep_turns()
    else:
        record_many(first)
    return routed


def route(leads: Sequence[Lead], rules: Sequence[Rule], *, at: datetime) -> tuple[Routed, Desk | None]:
    """Decide, with the agents locked; none where no rule matches any lead."""
    routed = Routed()
    for lead in leads:
        if (rule := first_match(rules, lead)) is None:
            routed.unmatched.append(lead)
        else:
            routed.rules[lead.pk] = rule
    if not routed.rules:
        return routed, None
    matched = [lead for lead in leads if lead.pk in routed.rules]
    desk = Desk({rule.way for rule in routed.rules.values()}, {lead.contact_id for lead in matched}, at=at)
    for lead in matched:
        choose(lead, routed.rules[lead.pk], desk, routed)
    return routed, desk


def choose(
    lead: Lead,
    rule: Rule,
    desk: Desk,
    routed: Routed,
    *,
    let_pass: Collection[UUID] = (),
    told: Mapping[str, object] | None = None,
) -> None:
    """Book the lead with its agent, or note that there is none. `told`: what else the placement is to keep."""
    choice = desk.choose(rule.way, lead, let_pass=let_pass)
    if choice.candidate is None:
        routed.left.append((lead, rule, choice))
        return
    reason = reason_for(rule.way.strategy, choice, len(desk.rankings[rule.way].candidates))
    reason |= {"rule": rule.as_json(), **(told or {})}
    routed.placements.append(Placement(lead, choice.candidate.agent, reason, rule.way.strategy))
    desk.take(rule.way, lead, choice.candidate)


def left_event(lead: Lead, rule: Rule, choice: Choice) -> Event:
    """On record: the rule matched, and nobody of its pool could take the lead."""
    named = rule.as_json()
    data = {
        "rule_id": named["id"],
        "rule_name": rule.name,
        "rule_version": rule.version,
        "why": "nobody_fits",
        "passed_over": passed_over_json(choice),
        "passed_over_count": len(choice.passed_over),
    }
    return Event(LEAD_LEFT_UNASSIGNED, lead, ROUTING, data=data)


def _applied(routed: Routed) -> list[Event]:
    """One entry a rule: how many leads it decided on, and what came of them."""
    matched = Counter(rule.pk for rule in routed.rules.values())
    left = Counter(rule.pk for _, rule, _ in routed.left)
    rules = {rule.pk: rule for rule in routed.rules.values()}
    return [
        Event(
            RULE_APPLIED,
            RoutingRule(pk=pk, name=rules[pk].name),
            ROUTING,
            data={"version": rules[pk].version, "matched": count, "placed": count - left[pk], "left": left[pk]},
        )
        for pk, count in matched.items()
    ]
