"""Pages of routing rules: the list in its order, the editor, and the dry run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from agents.models import Agent
from crm.accounts.access import requires
from crm.core.errors import Refused
from crm.core.http import Request
from crm.core.pages import answer_part
from crm.core.tenancy import get_or_refuse
from leads.routing import actions
from leads.routing.conditions import read_stored
from leads.routing.forms import (
    STRATEGY_WORDS,
    ConditionRow,
    RuleForm,
    TryForm,
    after_button,
    field_choices,
    initial_of,
    posted_rows,
    row_of,
)
from leads.routing.kinds import FITTING, OPERATORS, known
from leads.routing.models import RoutingRule
from leads.routing.representation import shown
from leads.routing.rules import active_rules, pools_of
from leads.routing.trying import try_rules

SHOWN_AGENTS = 4


@requires("routing.manage")
@require_safe
def rule_list(request: Request) -> HttpResponse:
    """A constant number of queries."""
    return render(request, "routing/list.html", list_context())


def list_context() -> dict[str, Any]:
    rules = shown(RoutingRule.objects.in_order())
    return {
        "rules": [
            {
                "shown": one,
                "rule": one.rule,
                "how": STRATEGY_WORDS.get(one.rule.strategy, one.rule.strategy),
                "first": one.agents[:SHOWN_AGENTS],
                "rest": max(len(one.agents) - SHOWN_AGENTS, 0),
            }
            for one in rules
        ],
        "active": sum(one.rule.is_active for one in rules),
    }


@requires("routing.manage")
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: Request) -> HttpResponse:
    return edited(request, None)


@requires("routing.manage")
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: Request, pk: UUID) -> HttpResponse:
    return edited(request, get_or_refuse(RoutingRule.objects.all(), pk))


def edited(request: Request, rule: RoutingRule | None) -> HttpResponse:
    """A button that adds or takes away a row answers the form as it was typed; saving leads back to the list."""
    button = request.POST.get("do", "save")
    form = form_of(request, rule, button)
    if request.method == "POST" and button == "save" and form.is_valid():
        try:
            save(rule, form.cleaned_data, request)
        except Refused as refused:
            form.add_error(None, f"{refused.message}.")
        else:
            messages.success(request, f"“{form.cleaned_data['name']}” is saved.")
            return redirect("routing:list")
    wrong = button == "save" and bool(form.errors)
    context = {
        "form": form,
        "rule": rule,
        "fields": field_choices(),
        "operators": list(OPERATORS.items()),
        "hints": [(kind.label, [OPERATORS[name] for name in FITTING[kind.type]], kind.choices) for kind in known()],
    }
    return render(request, "routing/edit.html", context, status=422 if wrong else 200)


def form_of(request: Request, rule: RoutingRule | None, button: str) -> RuleForm:
    pool = pools_of([rule.pk]).get(rule.pk, []) if rule else []
    team = team_of(pool)
    if request.method != "POST":
        rows = [row_of(n, condition) for n, condition in enumerate(read_stored(rule.conditions))] if rule else []
        initial = initial_of(rule) if rule else {"is_active": True}
        return RuleForm(team=team, rows=rows or [ConditionRow(0)], pool=pool, initial=initial)
    rows = posted_rows(request.POST)
    return RuleForm(request.POST, team=team, rows=rows if button == "save" else after_button(rows, button), pool=pool)


def team_of(pool: Sequence[UUID]) -> list[Agent]:
    """Everybody who may be chosen, and whoever stands in the pool though inactive by now."""
    agents = Agent.objects.order_by("-is_active", "name", "pk")
    return [agent for agent in agents if agent.is_active or agent.pk in pool]


def save(rule: RoutingRule | None, fields: dict[str, Any], request: Request) -> RoutingRule:
    if rule is None:
        return actions.create_rule(fields, by=request.user)
    return actions.update_rule(rule, fields, by=request.user)


@requires("routing.manage")
@require_POST
def move(request: Request, pk: UUID) -> HttpResponse:
    """One place up or down."""
    rule = get_or_refuse(RoutingRule.objects.all(), pk)
    step = -1 if request.POST.get("to") == "up" else 1
    order = list(RoutingRule.objects.in_order().values_list("pk", flat=True))
    actions.move_rule(rule, order.index(rule.pk) + 1 + step, by=request.user)
    return answered(request)


@requires("routing.manage")
@require_POST
def switch(request: Request, pk: UUID) -> HttpResponse:
    rule = get_or_refuse(RoutingRule.objects.all(), pk)
    rule = actions.update_rule(rule, {"is_active": not rule.is_active}, by=request.user)
    messages.success(request, f"“{rule.name}” is {'on' if rule.is_active else 'off'} now.")
    return answered(request)


@requires("routing.manage")
@require_POST
def delete(request: Request, pk: UUID) -> HttpResponse:
    rule = get_or_refuse(RoutingRule.objects.all(), pk)
    actions.delete_rule(rule, by=request.user)
    messages.success(request, f"“{rule.name}” is removed. What it placed stays where it is.")
    return redirect("routing:list")


def answered(request: Request) -> HttpResponse:
    if request.htmx:
        return answer_part(request, "routing/_rules.html", list_context())
    return redirect("routing:list")


@requires("routing.manage")
@require_safe
def dry_run(request: Request) -> HttpResponse:
    """Of the saved rules, on the last leads; writes nothing, so that its address can be shared."""
    form = TryForm(request.GET if "limit" in request.GET else {"limit": 100})
    run = try_rules(active_rules(), limit=form.cleaned_data["limit"]) if form.is_valid() else None
    return render(request, "routing/dry_run.html", {"form": form, "run": run}, status=422 if form.errors else 200)
