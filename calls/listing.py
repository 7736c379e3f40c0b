"""The history as its page shows it: filters in the address, chips, one window of rows."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse

from agents.models import Agent
from calls.filters import CallFilter, PeriodFilter
from calls.models import Call, Outcome
from calls.words import call_words
from crm.core.api.paging import COUNTED, counted
from crm.core.api.problems import Problem, Unacceptable
from crm.core.http import Request
from crm.core.keyset import Order
from crm.lists.menus import export_menu
from leads import dispositions

PAGE_ROWS = 50
NEWEST = Order(Call, "-created_at")
WORDS = {
    "search": "Search",
    "agent_id": "Agent",
    "outcome": "Outcome",
    "status": "Status",
    "direction": "Direction",
    "is_manual": "Logged by hand",
    "disposition": "Disposition",
    "lead_id": "Lead",
    "start_date": "From",
    "end_date": "Until",
}
PLACES = ("cursor", "back")


def tidied(request: Request, name: str) -> HttpResponse | None:
    """Where a form's empty fields stand in the address: to the address without them."""
    params = QueryDict(mutable=True)
    for key, values in request.GET.lists():
        if value := ",".join(dict.fromkeys(part.strip() for part in values if part.strip())):
            params[key] = value
    if params.urlencode() == request.GET.urlencode():
        return None
    return redirect(f"{reverse(name)}?{params.urlencode()}" if params else name)


def list_context(request: Request) -> dict[str, Any]:
    """Everything that the list shows: a constant number of queries."""
    params = request.GET
    calls, problems = matching(request, CallFilter)
    page = NEWEST.page(calls.with_names(), PAGE_ROWS, cursor=params.get("cursor", ""), back=params.get("back", ""))
    total = counted(calls) if page.rows else 0
    agents, labels = list(Agent.objects.order_by("name")), dispositions.labels()
    return {
        "params": params,
        "problems": problems,
        "rows": [
            {"call": call, "words": call_words(call), "outcome": labels.get(call.disposition)} for call in page.rows
        ],
        "next": page.next,
        "back": page.back,
        "total": f"{COUNTED:,}+" if total > COUNTED else f"{total:,}",
        "filtered": any(name in params for name in WORDS),
        "chips": chips(params, {str(agent.pk): agent.name for agent in agents}, labels),
        "agents": agents,
        "outcomes": Outcome.choices,
        "kept": [(name, params[name]) for name in WORDS if name in params and name not in SHOWN_IN_FORM],
        "export": export_menu("calls", {name: params[name] for name in WORDS if name in params}),
    }


SHOWN_IN_FORM = ("search", "agent_id", "outcome", "start_date", "end_date")


def matching(request: Request, filterset: type[PeriodFilter]) -> tuple[Any, list[Problem]]:
    """What the reader may see and the filters let through; none, and what is wrong, where one is not understood."""
    calls = Call.objects.visible_to(request.user)
    try:
        return filterset(request.GET, calls, request=request, known=PLACES).checked(), []
    except Unacceptable as error:
        return calls.none(), error.problems


def chips(params: QueryDict, agents: dict[str, str], labels: dict[str, str]) -> list[dict[str, str]]:
    """Each filter in force as words, with the address that is left without it."""
    said: dict[str, dict[str, str]] = {
        "agent_id": agents,
        "outcome": {str(value): str(label) for value, label in Outcome.choices},
        "disposition": labels,
    }
    found = []
    for name, label in WORDS.items():
        if name in params:
            rest = params.copy()
            for gone in (name, *PLACES):
                rest.pop(gone, None)
            names = said.get(name, {})
            text = ", ".join(names.get(value, value) for value in str(params[name]).split(","))
            text = f"…{text[-8:]}" if name == "lead_id" else text
            found.append({"label": label, "text": text, "without": f"{reverse('calls:list')}?{rest.urlencode()}"})
    return found
