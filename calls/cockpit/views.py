"""The cockpit: who is next, may they be called, the call, how it went, the next one. Every gesture is a plain form."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.timezone import now
from django.views.decorators.http import require_GET, require_POST

from agents.actions import set_availability
from agents.models import Agent, Availability
from calls import actions
from calls.cockpit.desk import call_backs, today_of
from calls.cockpit.forms import SwitchForm, WrapUpForm
from calls.cockpit.telephone import own_call, phone_context, trail_of
from calls.cockpit.way import Way, way_of
from calls.models import Call
from calls.requests import facts_of
from crm.accounts.access import requires
from crm.accounts.permissions_table import allows
from crm.compliance.channels import Channel
from crm.compliance.gate import decide
from crm.core.errors import Refused
from crm.core.http import Request
from crm.core.tenancy import get_or_refuse
from crm.core.tokens import token_pieces
from crm.providers.scripts import said_lines
from leads import dispositions
from leads.assignment import reassign_lead
from leads.happenings import timeline_of
from leads.models import Lead
from leads.next_step import local_times
from leads.rows import phone_shown

HAPPENED = 5
KEYS = "1234567890"


@requires("calls.dial")
@require_GET
def home(request: Request) -> HttpResponse:
    """The call that is not wrapped up, else the first who waits."""
    agent, at = own_agent(request), now()
    if agent is None:
        return render(request, "cockpit/nobody.html", {"call_backs": everybodys(request, at)})
    unfinished = actions.unfinished_call(agent)
    if unfinished is not None:
        return redirect(f"{reverse('cockpit:lead', args=[unfinished.lead_id])}{trail_of(request)}")
    return desk(request, agent, None, at)


@requires("calls.dial")
@require_GET
def lead(request: Request, pk: UUID) -> HttpResponse:
    row, agent = found(request, pk), own_agent(request)
    if agent is None:
        return redirect("leads:detail", pk)
    return desk(request, agent, row, now())


def desk(
    request: Request, agent: Agent, row: Lead | None, at: datetime, *, form: WrapUpForm | None = None, status: int = 200
) -> HttpResponse:
    context = desk_context(request, agent, row, at)
    if form is not None:
        context |= {"problem": form.problem, "typed": form.data}
    return render(request, "cockpit/desk.html", context, status=status)


def own_agent(request: Request) -> Agent | None:
    return Agent.objects.select_related("company").filter(user=request.user).first()


def found(request: Request, pk: UUID) -> Lead:
    """One that may be seen, or that of one's own unfinished call, whoever was given it meanwhile."""
    talked = Call.objects.filter(agent__user=request.user, needs_wrap_up=True).order_by().values("lead")
    leads = Lead.objects.alive().visible_to(request.user) | Lead.objects.filter(pk__in=talked)
    return get_or_refuse(leads.select_related("contact", "agent").telling_merges(), pk)


def everybodys(request: Request, at: datetime) -> Any:
    return call_backs(Lead.objects.visible_to(request.user), at) if allows(request.user, "leads.view_all") else []


# --- What the desk shows -----------------------------------------------------------------------------------------


def desk_context(request: Request, agent: Agent, row: Lead | None, at: datetime) -> dict[str, Any]:
    """A constant number of queries. Without a lead: the first who waits."""
    way = way_of(request, agent, row, at)
    if row is None and way.rows:
        row = way.rows[0].lead
        way = way.at_first()
    shows_all = request.GET.get("backs") == "all" and allows(request.user, "leads.view_all")
    mine = Lead.objects.filter(agent=agent)
    return {
        "agent": agent,
        "at": at,
        "way": way,
        "trail": way.trail,
        "today": today_of(agent, at),
        "call_backs": everybodys(request, at) if shows_all else call_backs(mine, at),
        "shows_all": shows_all,
        "may_see_all": allows(request.user, "leads.view_all"),
        "availabilities": Availability.choices,
        "lead": row,
        **(lead_context(request, agent, row, at, way) if row else {}),
    }


def lead_context(request: Request, agent: Agent, row: Lead, at: datetime, way: Way) -> dict[str, Any]:
    facts, labels = facts_of(row, agent.name), dispositions.labels()
    unfinished = actions.unfinished_call(agent)
    verdict = way.verdict_on(row) or decide(row.contact, Channel.VOICE, at=at, actor=request.user, lead=row)
    timeline = timeline_of(row, {agent.pk: agent.name}, labels, show="all", before="")
    return {
        "name": row.contact.name or "No name",
        "phone": phone_shown(row.contact.phone_e164),
        "local_times": local_times(row.contact, at),
        "script": [token_pieces(line, facts) for line in said_lines(agent.voice_script)],
        "happened": timeline.entries[:HAPPENED],
        "disposition": labels.get(row.disposition, row.disposition),
        "verdict": verdict,
        "is_held": row.agent_id == agent.pk,
        "may_take": row.agent_id != agent.pk and row.is_open and allows(request.user, "leads.assign"),
        **call_context(unfinished, row),
    }


def call_context(unfinished: Call | None, row: Lead) -> dict[str, Any]:
    """`call`: of this lead; `elsewhere`: another lead's, which is to be wrapped up first."""
    mine = unfinished if unfinished is not None and unfinished.lead_id == row.pk else None
    return {
        "call": mine,
        "elsewhere": unfinished if mine is None else None,
        "outcomes": outcomes_for() if mine else [],
        **(phone_context(mine) if mine else {}),
    }


ORDER = (  # as a caller's day goes; a company's own come after them
    "qualified",
    "contacted",
    "callback",
    "voicemail",
    "no_answer",
    "retainer_sent",
    "not_interested",
    "wrong_number",
    "not_qualified",
    "do_not_call",
)


def outcomes_for() -> list[dict[str, Any]]:
    """The first ten answer to a digit. One query."""
    known = {outcome.key: outcome for outcome in dispositions.choices()}
    keys = [*ORDER, *(key for key in known if key not in ORDER)]
    digits = dict(zip(keys, KEYS, strict=False))
    return [{"outcome": known[key], "digit": digits.get(key, "")} for key in keys]


# --- What is done there ------------------------------------------------------------------------------------------


@requires("calls.dial")
@require_POST
def call(request: Request, pk: UUID) -> HttpResponse:
    row, agent = found(request, pk), own_agent(request)
    if agent is None:
        raise PermissionDenied
    try:
        actions.dial(row, agent, by=request.user)
    except Refused as refused:
        messages.error(request, f"{refused.message}.")
    return redirect(f"{reverse('cockpit:lead', args=[pk])}{trail_of(request)}")


@requires("calls.dial")
@require_POST
def wrap_up(request: Request, pk: UUID) -> HttpResponse:
    """Save how it went, and on to the next; with `pause` the agent is away."""
    row, form, at = own_call(request, pk), WrapUpForm(request.POST), now()
    following = way_of(request, row.agent, row.lead, at).following if row.agent else None  # type: ignore[arg-type]
    if form.is_valid():
        try:
            actions.wrap_up(row, by=request.user, **form.cleaned_data)
        except Refused as refused:
            form.add_error(None, refused.message)
    if form.errors:
        return desk(request, row.agent, found(request, row.lead_id), at, form=form, status=422)  # type: ignore[arg-type]
    messages.success(request, f"Saved: {row.contact.name or 'No name'}.")
    if "pause" in request.POST and row.agent:
        set_availability(row.agent, Availability.AWAY, by=request.user)
        return redirect(f"{reverse('cockpit:home')}{trail_of(request)}")
    if following is None or not Lead.objects.open().filter(pk=following.pk).exists():
        return redirect(f"{reverse('cockpit:home')}{trail_of(request)}")
    return redirect(f"{reverse('cockpit:lead', args=[following.pk])}{trail_of(request)}")


@requires("calls.dial")
@require_POST
def take_over(request: Request, pk: UUID) -> HttpResponse:
    """Somebody else's call-back becomes one's own."""
    row, agent = found(request, pk), own_agent(request)
    if agent is None or not allows(request.user, "leads.assign"):
        raise PermissionDenied
    try:
        reassign_lead(row, agent, by=request.user)
        messages.success(request, f"{row.contact.name or 'The lead'} is yours now.")
    except Refused as refused:
        messages.error(request, f"{refused.message}.")
    return redirect(f"{reverse('cockpit:lead', args=[pk])}{trail_of(request)}")


@requires("calls.dial")
@require_POST
def availability(request: Request) -> HttpResponse:
    agent, form = own_agent(request), SwitchForm(request.POST)
    if agent is None:
        raise PermissionDenied
    if form.is_valid():
        agent = set_availability(agent, form.cleaned_data["availability"], by=request.user)
        messages.success(request, f"You are {agent.get_availability_display().lower()} now.")
    else:
        messages.error(request, form.problem)
    return redirect(f"{reverse('cockpit:home')}{trail_of(request)}")
