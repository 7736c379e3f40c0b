"""Routing rules on the desk: found, changed, switched and removed by the actions of their own page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse

from crm.core.actors import Actor
from crm.core.admin import CompanyModelAdmin, RefusableForm
from crm.core.admin_fields import ObjectField
from leads.routing.actions import delete_rule, update_rule
from leads.routing.models import RoutingRule
from leads.routing.representation import shown


class RuleForm(RefusableForm):
    conditions = ObjectField(
        kind=list, help_text='[{"field": "source", "operator": "is_one_of", "values": ["Web"]}, …]; all must hold'
    )

    class Meta:
        model = RoutingRule
        fields: ClassVar[list[str]] = []


@admin.register(RoutingRule)
class RoutingRuleAdmin(CompanyModelAdmin):
    """New ones, their agents and their order are made on the page of routing rules."""

    form = RuleForm
    list_display = ("position", "name", "is_active", "strategy", "version", "updated_at")
    list_display_links = ("name",)
    list_filter = ("is_active", "strategy")
    search_fields = ("name",)
    ordering = ("position", "id")
    readonly_fields = ("position", "agents", "version", "created_by", "created_at", "updated_at")
    fields = ("name", "is_active", "conditions", "strategy", *readonly_fields)
    actions = ("switch_on", "switch_off")

    def view_on_site(self, obj: RoutingRule) -> str:  # type: ignore[override]
        return reverse("routing:edit", args=[obj.pk])

    @admin.display(description="Agents")
    def agents(self, rule: RoutingRule) -> str:
        names = [agent.name for agent in shown([rule])[0].agents]
        return ", ".join(names) or "All active people"

    def perform_update(self, rule: RoutingRule, changes: Mapping[str, Any], *, by: Actor) -> RoutingRule:
        return update_rule(rule, changes, by=by)

    def perform_delete(self, rule: RoutingRule, *, by: Actor) -> None:
        delete_rule(rule, by=by)

    @admin.action(description="Switch on", permissions=["act"])
    def switch_on(self, request: HttpRequest, rules: QuerySet[RoutingRule]) -> None:
        self._switch(request, rules, True)

    @admin.action(description="Switch off", permissions=["act"])
    def switch_off(self, request: HttpRequest, rules: QuerySet[RoutingRule]) -> None:
        self._switch(request, rules, False)

    def _switch(self, request: HttpRequest, rules: QuerySet[RoutingRule], is_active: bool) -> None:
        by, words = self.actor(request), "on" if is_active else "off"
        self.each(
            request, rules, lambda rule: update_rule(rule, {"is_active": is_active}, by=by), f"rules switched {words}"
        )
