"""Routing rules over the API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from crm.accounts.models import User
from crm.core.api.schema import describe
from crm.core.api.views import ApiViewSet
from crm.core.tenancy import NotFound
from leads.api.references import agent_named
from leads.assignment.desk import Way
from leads.models import Strategy
from leads.routing import actions, examples, serializers
from leads.routing.conditions import read_stored
from leads.routing.models import RoutingRule
from leads.routing.representation import rule_json, rule_rows, shown
from leads.routing.rules import Rule, active_rules
from leads.routing.trying import dry_run_json, try_rules

ORDERING = {"position": "position", "name": "name", "created_at": "created_at"}
LOOKED_AT = 100


class RoutingRuleViewSet(ApiViewSet):
    """Rules in order; the first active one whose conditions all hold decides where a new lead goes."""

    schema_tag = "Assignment"
    permissions = {
        "list": "routing.manage",
        "create": "routing.manage",
        "retrieve": "routing.manage",
        "update": "routing.manage",
        "destroy": "routing.manage",
        "reorder": "routing.manage",
        "dry_run": "routing.manage",
    }

    @describe("List routing rules", listing="routing_rules", ordering=ORDERING, answer_example=examples.RULE)
    def list(self, request: Request) -> Response:
        """In the order in which they are asked."""
        return self.listing(
            RoutingRule.objects.all(),
            plural="routing_rules",
            represent=rule_rows,
            ordering=ORDERING,
            default="position",
            per_page=100,
        )

    @describe(
        "Add a routing rule",
        body=serializers.RuleFields,
        status=201,
        errors=(404, 409),
        example=examples.NEW_RULE,
        answer_example=examples.RULE,
    )
    def create(self, request: Request) -> Response:
        """All conditions must hold; without any, every lead matches. `agent_ids` or `agent_emails` are the pool, in
        order; without them all active people are meant. `manual` fills the named agents one after the other."""
        fields = with_agents(self.body(serializers.RuleFields))
        return self._one(actions.create_rule(fields, by=acting(request)), 201)

    @describe("Read a routing rule", answer_example=examples.RULE)
    def retrieve(self, request: Request, pk: str) -> Response:
        return self._one(self.rule(pk))

    @describe(
        "Change a routing rule",
        body=serializers.RuleFields,
        partial=True,
        errors=(404, 409),
        example={"is_active": False},
        answer_example={**examples.RULE, "is_active": False},
    )
    def update(self, request: Request, pk: str) -> Response:
        """PUT and PATCH alike change the named fields alone; conditions and agents are replaced whole."""
        rule = self.rule(pk)
        fields = with_agents(self.body(serializers.RuleFields, partial=True))
        return self._one(actions.update_rule(rule, fields, by=acting(request)))

    @describe("Remove a routing rule", answer_example={"message": "Routing rule removed"})
    def destroy(self, request: Request, pk: str) -> Response:
        """What it placed stays where it is."""
        actions.delete_rule(self.rule(pk), by=acting(request))
        return self.answer({"message": "Routing rule removed"})

    @describe(
        "Put the routing rules in order",
        body=serializers.OrderBody,
        example={"ids": [examples.RULE_ID]},
        answer_example={"routing_rules": [examples.RULE]},
    )
    def reorder(self, request: Request) -> Response:
        """Rules that `ids` leaves out follow those named, in their order."""
        actions.reorder_rules(self.body(serializers.OrderBody)["ids"], by=acting(request))
        return self.answer({"routing_rules": rule_rows(RoutingRule.objects.in_order())})

    @describe(
        "Try routing rules",
        body=serializers.DryRunBody,
        errors=(404,),
        example={"limit": 100, "rules": [examples.NEW_RULE]},
        answer_example=examples.DRY_RUN,
    )
    def dry_run(self, request: Request) -> Response:
        """Who would get which of the last `limit` leads (100; at most 1,000) if they came in now, by the saved rules
        or by those of the body. Open leads are taken off their holders first. Writes nothing."""
        body = self.body(serializers.DryRunBody)
        given = body.get("rules")
        rules = active_rules() if given is None else [tried(number, rule) for number, rule in enumerate(given, 1)]
        return self.answer(dry_run_json(try_rules(rules, limit=body.get("limit") or LOOKED_AT)))

    def rule(self, pk: str) -> RoutingRule:
        try:
            return self.find(RoutingRule.objects.all(), pk)
        except NotFound:
            raise NotFound("Routing rule not found") from None

    def _one(self, rule: RoutingRule, status: int = 200) -> Response:
        rule.refresh_from_db()
        return self.answer(rule_json(shown([rule])[0]), status, row=rule)


def acting(request: Request) -> User:
    user: Any = request.user
    return user  # type: ignore[no-any-return]


def with_agents(body: Mapping[str, Any]) -> dict[str, Any]:
    """`agents` in place of the two lists that name them; absent where neither does."""
    fields = {name: value for name, value in body.items() if name not in ("agent_ids", "agent_emails")}
    named = [name for name in ("agent_ids", "agent_emails") if name in body]
    if named:
        fields["agents"] = list(dict.fromkeys(agent_named(name, one).pk for name in named for one in body[name]))
    return fields


def tried(number: int, body: Mapping[str, Any]) -> Rule:
    """A rule of the body, checked as one that is to be saved."""
    fields = with_agents(body)
    pool: Sequence[UUID] = fields.get("agents") or ()
    strategy = fields.get("strategy") or Strategy.ROUND_ROBIN
    actions.refuse_without_agents(strategy, pool)
    way = Way(strategy, tuple(pool) or None)
    name = fields.get("name") or f"Rule {number}"
    return Rule(None, name, 0, read_stored(fields.get("conditions", [])), way, fields.get("is_active", True))
