"""Home by role, and what the pages of leads need from floors above them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Subquery
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.timezone import get_current_timezone_name, localtime, now
from django.views.decorators.http import require_GET, require_POST

from agents.models import Agent
from agents.performance import performances
from agents.team import Member, member_of, rank, summary_of
from calls.cockpit.desk import today_of
from crm.accounts.access import requires
from crm.accounts.models import Company
from crm.accounts.permissions_table import allows
from crm.audit.models import AuditEntry
from crm.core.errors import Refused
from crm.core.http import Request
from crm.core.pages import optional_url
from crm.core.tenancy import NoCompany, get_or_refuse
from crm.dashboard.decisions import OPEN, decisions
from crm.dashboard.figures import call_backs_of, own_figures, queue_of
from crm.dashboard.kept import kept
from crm.dashboard.metrics import Assignee, assignees_of, figures_of, month_of, shares_of
from crm.dashboard.tally import tally
from crm.notifications.actions import resend_assignment_mail
from crm.sla.models import Timer
from crm.sla.rates import MONTH, Rate, by_day, drawn
from leads.models import Lead

ROOMY = 8
DAYS = 14
HOLDERS = 10


@login_required
@require_GET
def home(request: Request) -> HttpResponse:
    """The manager's desk, or the agent's day."""
    if request.company is None:
        raise NoCompany("no company is chosen")
    if allows(request.user, "leads.view_all"):
        return render(request, "dashboard/manager.html", manager_context(request))
    return render(request, "dashboard/agent.html", agent_context(request))


def manager_context(request: Request) -> dict[str, Any]:
    """Three queries, whatever the company's size: its agents, its leads, its clocks; the first alone when one comes
    back and nothing has happened since.
    """
    at, leads_url, agents_url = now(), reverse("leads:list"), reverse("agents:list")
    newest = AuditEntry.objects.order_by("-pk").values("pk")[:1]
    agents: list[Any] = list(Agent.objects.select_related("user").annotate(newest_entry=Subquery(newest)))
    cells, days = kept(
        request.company.pk,
        agents[0].newest_entry if agents else None,
        get_current_timezone_name(),
        lambda: (tally(Lead.objects.all(), at), by_day(Timer.objects.all(), at - MONTH, at)),
    )
    figures, assignees = figures_of(cells), assignees_of(cells, agents)
    members = members_of(request.company, agents, assignees, at)
    team = summary_of(members)
    todo = decisions(figures, assignees, team, members, at, leads_url=leads_url, agents_url=agents_url)
    return {
        "today": localtime(at),
        "at": at,
        "figures": figures,
        "team": team,
        "roomy": [m for m in members if m.agent.is_active][:ROOMY],
        "decisions": todo,
        "days": drawn(days, at, DAYS),
        "month": sum(days.values(), Rate()),
        "assignees": [one for one in assignees if one.agent_id and one.open],
        "shares": shares_of(assignees, HOLDERS),
        "leads_url": leads_url,
        "open_query": OPEN,
        "share_url": f"{reverse('leads:share')}?unassigned=true&{OPEN}",
        "import_url": optional_url("leads:import"),
        "has_leads": figures.total > 0,
    }


def members_of(company: Company, agents: Sequence[Agent], assignees: Iterable[Assignee], at: datetime) -> list[Member]:
    """The most room first, inactive ones last."""
    held = {one.agent_id: (one.open, one.due_soon) for one in assignees}
    members = [member_of(agent, company, *held.get(agent.pk, (0, 0)), None, at) for agent in agents]
    return sorted(members, key=rank)


def agent_context(request: Request) -> dict[str, Any]:
    """The agent's own work; nobody's where the user is no agent."""
    at = now()
    agent: Any = Agent.objects.select_related("user").with_load().filter(user=request.user).first()
    if agent is None:
        return {"today": localtime(at), "agent": None}
    own = own_figures(agent, at)
    done = performances([agent.pk], at=at)[agent.pk]
    member = member_of(agent, request.company, agent.held, own.due_soon, done, at)
    claims = agent.is_active and request.company.agents_may_claim and allows(request.user, "leads.claim")
    mine = f"{reverse('leads:list')}?agent_id={agent.pk}"
    return {
        "today": localtime(at),
        "at": at,
        "agent": agent,
        "member": member,
        "own": own,
        "goals": today_of(agent, at),
        "month": month_of(Timer.objects.filter(agent=agent), at),
        "queue": queue_of(agent),
        "call_backs": call_backs_of(agent, at),
        "may_claim": claims,
        "cockpit_url": optional_url("cockpit:home"),
        "mine": mine,
        "mine_open": f"{mine}&{OPEN}",
        "trail": quote(f"agent_id={agent.pk}&{OPEN}&ordering=deadline"),
    }


@requires("leads.view")
@require_POST
def resend(request: Request, pk: UUID) -> HttpResponse:
    """Tell the lead's holder once more by mail, and back to the lead."""
    lead = get_or_refuse(Lead.objects.alive().visible_to(request.user).select_related("contact", "agent"), pk)
    try:
        resend_assignment_mail(lead, by=request.user)
    except Refused as refused:
        messages.error(request, refused.message)
    else:
        messages.success(request, "The assignment mail is on its way again.")
    trail = request.GET.urlencode()
    return redirect(f"{reverse('leads:detail', args=[pk])}{'?' if trail else ''}{trail}")
