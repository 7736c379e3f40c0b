"""The pages of agents: who has room, one agent, and what managers set."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.forms.models import model_to_dict
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.timezone import now
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from agents import actions
from agents.forms import AgentForm, AvailabilityForm, CapacityForm, GoalsForm, NewAgentForm, agent_initial
from agents.goals import goals_of, set_goals
from agents.models import Agent, Availability, Kind
from agents.performance import performances
from agents.team import WAITING_LIMIT, at_work, bars_of, due_soon, member_of, summary_of, team_of, waiting
from crm.accounts.access import requires
from crm.accounts.permissions_table import allows
from crm.core.errors import InvalidField, Refused
from crm.core.forms import CleanForm
from crm.core.http import Request
from crm.core.pages import answer_part, optional_url
from crm.core.tenancy import get_or_refuse
from crm.lists.menus import export_menu

HISTORY = 20
PARTS = (  # label, weight, attribute, of what, what went well
    ("Conversion", 40, "conversion", "closed leads", "as customer"),
    ("SLA met", 30, "sla_met", "first responses", "before the deadline"),
    ("Contact rate", 20, "contact_rate", "calls", "reached a person"),
    ("Completion", 10, "completion", "received leads", "were closed"),
)


@requires("agents.view")
@require_GET
def agent_list(request: Request) -> HttpResponse:
    """The capacity dashboard; a constant number of queries."""
    at = now()
    members = team_of(request.company, at)
    waits = waiting() if allows(request.user, "leads.assign") else 0
    return render(request, "agents/list.html", {
        "members": [{"of": m, "may_set": may_set_availability(request, m.agent)} for m in members],
        "summary": summary_of(members),
        "people": bars_of(members, Kind.HUMAN),
        "voices": bars_of(members, Kind.VOICE),
        "at_work": at_work(members),
        "waiting": waits,
        "waiting_words": f"{WAITING_LIMIT:,}+" if waits > WAITING_LIMIT else f"{waits:,}",
        "share_url": f"{reverse('leads:share')}?unassigned=true&status=new,in_progress" if waits else "",
        "may_manage": allows(request.user, "agents.manage"),
        "export": export_menu("agents", {}),
    })  # fmt: skip


@requires("agents.view")
@require_GET
def detail(request: Request, pk: UUID) -> HttpResponse:
    return render(request, "agents/detail.html", agent_context(request, found(request, pk)))


def found(request: Request, pk: UUID) -> Agent:
    return get_or_refuse(Agent.objects.select_related("user").with_load(), pk)


def agent_context(request: Request, agent: Any) -> dict[str, Any]:
    """`agent` from `found`, with its load."""
    at = now()
    rates = performances([agent.pk], at=at)[agent.pk]
    member = member_of(agent, request.company, agent.held, due_soon(at).get(agent.pk, 0), rates, at)
    hours = request.company.business_hours if agent.business_hours is None else agent.business_hours
    history = agent.received.select_related("lead__contact", "user", "from_agent").order_by("-at")[:HISTORY]  # type: ignore[attr-defined]
    manages = allows(request.user, "agents.manage")
    return {
        "member": member,
        "agent": agent,
        "parts": [
            {
                "label": label,
                "weight": weight,
                "rate": getattr(rates, name),
                "points": weight * getattr(rates, name),
                "width": 100 * getattr(rates, name),
                "evidence": rates.evidence[name],
                "of": of,
                "good": good,
            }
            for label, weight, name, of, good in PARTS
        ],
        "hours": [(label, ", ".join(f"{a}–{b}" for a, b in hours.get(day, []))) for day, label in DAYS],
        "has_own_hours": agent.business_hours is not None,
        "history": list(history) if sees_history(request, agent) else None,
        "leads_url": f"{optional_url('leads:list')}?agent_id={agent.pk}&status=new,in_progress",
        "may_manage": manages,
        "may_set": may_set_availability(request, agent),
        "availabilities": Availability.choices,
        "goals": GoalsForm(initial=model_to_dict(goals_of(agent))) if may_set_goals(request, agent) else None,
    }


DAYS = tuple(
    zip(
        ("mon", "tue", "wed", "thu", "fri", "sat", "sun"),
        ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
        strict=True,
    )
)


def sees_history(request: Request, agent: Agent) -> bool:
    """It names contacts: managers, and the agent its own."""
    return allows(request.user, "leads.view_all") or agent.user_id == request.user.pk


def may_set_availability(request: Request, agent: Agent) -> bool:
    if allows(request.user, "agents.manage"):
        return True
    return agent.user_id == request.user.pk and allows(request.user, "agents.set_own_availability")


def may_set_goals(request: Request, agent: Agent) -> bool:
    if allows(request.user, "agents.manage"):
        return True
    return agent.user_id == request.user.pk and allows(request.user, "agents.set_own_goals")


# --- What is done to an agent --------------------------------------------------------------------------------------


def tell(request: Request, act: Callable[[], str]) -> None:
    try:
        messages.success(request, act())
    except Refused as refused:
        messages.error(request, refused.message)


@requires("agents.manage")
@require_POST
def capacity(request: Request, pk: UUID) -> HttpResponse:
    agent = found(request, pk)

    def act() -> str:
        form = CapacityForm(request.POST)
        if not form.is_valid():
            raise Refused(form.problem)
        changed = actions.set_capacity(agent, form.cleaned_data["max_capacity"], by=request.user)
        limit = "without limit" if changed.max_capacity is None else f"at most {changed.max_capacity:,} open leads"
        return f"{agent.name} takes {limit} now."

    tell(request, act)
    return redirect("agents:detail", pk)


@requires("agents.view")
@require_http_methods(["GET", "POST"])
def availability(request: Request, pk: UUID) -> HttpResponse:
    """GET by HTMX: the menu of the list's cell. POST: set it; the cell, or back to where it was set."""
    agent = found(request, pk)
    if not may_set_availability(request, agent):
        raise PermissionDenied
    if request.method == "GET":
        if not request.htmx:
            return redirect("agents:detail", pk)
        return answer_part(
            request, "agents/_availability_menu.html", {"agent": agent, "availabilities": Availability.choices}
        )
    form = AvailabilityForm(request.POST)
    if form.is_valid():
        agent = actions.set_availability(agent, form.cleaned_data["availability"], by=request.user)
        messages.success(request, f"{agent.name} is {agent.get_availability_display().lower()} now.")
    else:
        messages.error(request, form.problem)
    if request.htmx:
        return answer_part(request, "agents/_availability_cell.html", {"agent": agent, "may_set": True})
    return redirect("agents:detail", pk)


@requires("agents.view")
@require_POST
def goals(request: Request, pk: UUID) -> HttpResponse:
    """What it means to reach in a day; its own, or by a manager."""
    agent = found(request, pk)
    if not may_set_goals(request, agent):
        raise PermissionDenied

    def act() -> str:
        form = GoalsForm(request.POST)
        if not form.is_valid():
            raise Refused(form.problem)
        set_goals(agent, form.cleaned_data, by=request.user)
        return "The goals are set."

    tell(request, act)
    return redirect("agents:detail", pk)


@requires("agents.manage")
@require_POST
def activity(request: Request, pk: UUID) -> HttpResponse:
    """Switch it off, which returns its leads to the queue, or on again."""
    agent = found(request, pk)
    wanted = request.POST.get("active") == "true"

    def act() -> str:
        if wanted:
            actions.activate_agent(agent, by=request.user)
            return f"{agent.name} is active again."
        actions.deactivate_agent(agent, by=request.user)
        return f"{agent.name} is inactive; its open leads are back in the queue."

    tell(request, act)
    return redirect("agents:detail", pk)


@requires("agents.manage")
@require_http_methods(["GET", "POST"])
def new(request: Request) -> HttpResponse:
    form = NewAgentForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        given = dict(form.cleaned_data)
        user = given.pop("user")
        try:
            agent = actions.create_agent(user, given_fields(given, user is None), by=request.user)
        except Refused as refused:
            put_on_form(form, refused)
        else:
            messages.success(request, f"{agent.name} can be given leads now.")
            return redirect("agents:detail", agent.pk)
    return render(request, "agents/new.html", {"form": form}, status=422 if form.errors else 200)


def given_fields(given: dict[str, Any], is_voice: bool) -> dict[str, Any]:
    """A person's room is 25 unless told; without a name the user's is taken."""
    left_out = {name for name in ("name",) if not given[name]}
    if not is_voice:
        left_out |= {*AgentForm.VOICE} | ({"max_capacity"} if given["max_capacity"] is None else set())
    return {name: value for name, value in given.items() if name not in left_out}


@requires("agents.manage")
@require_http_methods(["GET", "POST"])
def edit(request: Request, pk: UUID) -> HttpResponse:
    agent = found(request, pk)
    initial = agent_initial(agent, request.company.business_hours)
    form = AgentForm(
        request.POST if request.method == "POST" else None, initial=initial, is_voice=agent.kind == Kind.VOICE
    )
    if request.method == "POST" and form.is_valid():
        try:
            actions.update_agent(agent, form.cleaned_data, by=request.user)
        except Refused as refused:
            put_on_form(form, refused)
        else:
            messages.success(request, "Saved.")
            return redirect("agents:detail", pk)
    context = {"form": form, "agent": agent, "back_url": reverse("agents:detail", args=[pk])}
    return render(request, "agents/edit.html", context, status=422 if form.errors else 200)


def put_on_form(form: CleanForm, refused: Refused) -> None:
    """The refusal beside the field that it is about."""
    field: Any = None
    if isinstance(refused, InvalidField):
        name = (
            "max_capacity"
            if refused.field == "max"
            else "own_hours"
            if refused.field == "business_hours"
            else refused.field
        )
        field = name if name in form.fields else None
    form.add_error(field, refused.message)
