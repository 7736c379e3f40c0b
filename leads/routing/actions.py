"""Every change of meaning to routing rules: checked, written with their agents, on record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.timezone import now

from agents.models import Agent
from crm.accounts.models import Company
from crm.audit.recording import record
from crm.core.actors import Actor, as_user
from crm.core.errors import InvalidField, MissingField
from crm.core.tenancy import current_company_id
from leads.models import Strategy
from leads.routing.conditions import checked
from leads.routing.errors import MOST_RULES, TooManyRules
from leads.routing.events import RULE_CREATED, RULE_DELETED, RULE_UPDATED, RULES_REORDERED
from leads.routing.kept import forget
from leads.routing.models import STRATEGIES, RoutingRule, RuleAgent
from leads.routing.rules import pools_of

CHANGEABLE = ("name", "is_active", "conditions", "strategy")
DECIDING = frozenset({"conditions", "strategy", "agents"})  # a change of these makes a new version
MOST_AGENTS = 1000


@transaction.atomic
def create_rule(fields: Mapping[str, Any], *, by: Actor) -> RoutingRule:
    """Add a rule behind the others, or at `position` (1 is the first). `agents`: ids in order; none, the default pool.

    Raises `MissingField` and `InvalidField` (a condition is named by its number), `TooManyRules`.
    """
    if not fields.get("name"):
        raise MissingField("name", "Give the rule a name")
    wanted = _clean(fields)
    agents = wanted.pop("agents", [])
    refuse_without_agents(wanted.get("strategy", Strategy.ROUND_ROBIN), agents)
    order = _locked_order()
    if len(order) >= MOST_RULES:
        raise TooManyRules
    rule = RoutingRule(**wanted, created_by=as_user(by), position=len(order) + 1)
    rule.save(force_insert=True)
    _write_seats(rule, agents)
    changes = {name: (None, value) for name, value in {**wanted, "agents": agents}.items() if value not in ([], "")}
    record(RULE_CREATED, rule, by=by, changes=changes)
    forget(current_company_id())
    if fields.get("position"):
        _put_at(rule, order, int(fields["position"]))
    return rule


@transaction.atomic
def update_rule(rule: RoutingRule, changes: Mapping[str, Any], *, by: Actor) -> RoutingRule:
    """Change the named fields; conditions, strategy and agents are replaced whole and make a new version."""
    rule = RoutingRule.objects.select_for_update(no_key=True).get(pk=rule.pk)
    wanted = _clean(changes)
    before_agents = pools_of([rule.pk]).get(rule.pk, [])
    agents = wanted.pop("agents", before_agents)
    refuse_without_agents(wanted.get("strategy", rule.strategy), agents)
    done = {name: (before, wanted[name]) for name in wanted if (before := getattr(rule, name)) != wanted[name]}
    if agents != before_agents:
        done["agents"] = (before_agents, agents)
    if done:
        _write_change(rule, done, by=by)
    if changes.get("position"):
        move_rule(rule, int(changes["position"]), by=by)
    return rule


@transaction.atomic
def delete_rule(rule: RoutingRule, *, by: Actor) -> None:
    """Those behind it move up; what it placed stays where it is, and keeps its name."""
    order = _locked_order()
    found = next((one for one in order if one.pk == rule.pk), None)
    if found is None:
        return
    record(RULE_DELETED, found, by=by, data={"name": found.name, "version": found.version})
    found.seats.all().delete()
    RoutingRule.objects.filter(pk=found.pk).delete()
    forget(current_company_id())
    _renumber([one for one in order if one.pk != found.pk])


@transaction.atomic
def move_rule(rule: RoutingRule, position: int, *, by: Actor) -> RoutingRule:
    """To this place in the order, 1 is the first; beyond the end is the end."""
    order = _locked_order()
    before = [one.pk for one in order]
    after = _put_at(rule, [one for one in order if one.pk != rule.pk], position)
    _record_order(before, after, by=by)
    return rule


@transaction.atomic
def reorder_rules(ids: Sequence[UUID], *, by: Actor) -> None:
    """Put the rules in this order; those not named follow in theirs. Raises `InvalidField` for an unknown one."""
    order = _locked_order()
    known = {rule.pk: rule for rule in order}
    if unknown := [pk for pk in ids if pk not in known]:
        raise InvalidField("ids", f"There is no rule {unknown[0]}")
    named = list(dict.fromkeys(ids))
    after = [*(known[pk] for pk in named), *(rule for rule in order if rule.pk not in set(named))]
    _renumber(after)
    _record_order([rule.pk for rule in order], [rule.pk for rule in after], by=by)


def _clean(fields: Mapping[str, Any]) -> dict[str, Any]:
    given = {name: fields[name] for name in CHANGEABLE if fields.get(name) is not None}
    if "conditions" in given:
        given["conditions"] = checked(given["conditions"])
    if given.get("strategy", STRATEGIES[0]) not in STRATEGIES:
        raise InvalidField("strategy", f"Must be one of {', '.join(STRATEGIES)}")
    if fields.get("agents") is not None:
        given["agents"] = _known_agents(fields["agents"])
    return given


def _known_agents(agents: Sequence[Agent | UUID]) -> list[UUID]:
    ids = list(dict.fromkeys(agent.pk if isinstance(agent, Agent) else agent for agent in agents))
    if len(ids) > MOST_AGENTS:
        raise InvalidField("agent_ids", f"At most {MOST_AGENTS} agents")
    known = set(Agent.objects.filter(pk__in=ids).values_list("pk", flat=True))
    if any(pk not in known for pk in ids):
        raise InvalidField("agent_ids", "No such agent")
    return ids


def refuse_without_agents(strategy: str, agents: Sequence[UUID]) -> None:
    if strategy == Strategy.MANUAL and not agents:
        raise MissingField("agent_ids", "Name the agents that are to be filled in this order")


def _write_change(rule: RoutingRule, done: Mapping[str, tuple[Any, Any]], *, by: Actor) -> None:
    for name, (_, value) in done.items():
        if name != "agents":
            setattr(rule, name, value)
    if DECIDING & done.keys():
        rule.version += 1
    rule.save(update_fields=[*(name for name in done if name != "agents"), "version", "updated_at"])
    if "agents" in done:
        rule.seats.all().delete()
        _write_seats(rule, done["agents"][1])
    forget(current_company_id())
    record(RULE_UPDATED, rule, by=by, changes=done, data={"version": rule.version})


def _write_seats(rule: RoutingRule, agents: Sequence[UUID]) -> None:
    RuleAgent.objects.bulk_create(RuleAgent(rule=rule, agent_id=pk, position=n) for n, pk in enumerate(agents, 1))


def _locked_order() -> list[RoutingRule]:
    """All rules in order, locked, so that two changes of the order follow each other."""
    rows = RoutingRule.objects.select_for_update(no_key=True).order_by("pk")
    return sorted(rows, key=lambda rule: (rule.position, rule.pk))


def _put_at(rule: RoutingRule, others: Sequence[RoutingRule], position: int) -> list[UUID]:
    order = list(others)
    order.insert(max(position, 1) - 1, rule)
    _renumber(order)
    return [one.pk for one in order]


def _renumber(order: Sequence[RoutingRule]) -> None:
    moved = [(place, rule) for place, rule in enumerate(order, 1) if rule.position != place]
    at = now()
    for place, rule in moved:
        rule.position, rule.updated_at = place, at
    RoutingRule.objects.bulk_update([rule for _, rule in moved], ["position", "updated_at"])
    forget(current_company_id())


def _record_order(before: Sequence[UUID], after: Sequence[UUID], *, by: Actor) -> None:
    if list(before) != list(after):
        company = Company.objects.get(pk=current_company_id())
        record(RULES_REORDERED, company, by=by, data={"before": before, "after": after})
