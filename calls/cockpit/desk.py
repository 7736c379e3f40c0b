"""What lies on an agent's desk: today's numbers, who is next, and who is to be called back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Q, Sum
from django.utils.timezone import localtime

from agents.goals import goals_of
from agents.models import Agent
from calls.models import Call, Outcome
from crm.accounts.models import User
from crm.compliance.channels import Channel
from crm.compliance.gate import decide_many
from crm.compliance.verdict import Verdict
from crm.core.templatetags.ui import clock, span
from leads.models import Lead
from leads.next_step import local_times
from leads.querysets import LeadQuerySet

SHOWN = 30
LOOKED_AT = 60  # of the queue: those who may be called now come first
CALL_BACKS = 8
QUALIFIED = "qualified"


@dataclass(frozen=True)
class Figure:
    """One of today's numbers, and the goal for it."""

    label: str
    value: str
    beside: str
    share: float | None  # of the goal; none where there is no goal


def today_of(agent: Agent, at: datetime) -> list[Figure]:
    """Since midnight by the reader's clock; two statements."""
    start = localtime(at).replace(hour=0, minute=0, second=0, microsecond=0)
    calls = Call.objects.filter(agent=agent, created_at__gte=start, placed_at__isnull=False)
    made = calls.order_by().aggregate(
        calls=Count("pk"),
        reached=Count("pk", filter=Q(outcome=Outcome.ANSWERED)),
        qualified=Count("pk", filter=Q(disposition=QUALIFIED)),
        seconds=Sum("duration_seconds", filter=Q(outcome=Outcome.ANSWERED), default=0),
    )
    goal, minutes = goals_of(agent), made["seconds"] // 60
    reached = f"{100 * made['reached'] / made['calls']:.1f}%" if made["calls"] else ""
    return [
        _figure("Calls", made["calls"], goal.calls),
        _figure("Reached", made["reached"], goal.reached, reached),
        _figure("Qualified", made["qualified"], goal.qualified),
        _figure("Talk time", minutes, goal.talk_minutes, unit="min"),
    ]


def _figure(label: str, value: int, goal: int | None, otherwise: str = "", unit: str = "") -> Figure:
    beside = f"of {goal:,}{' ' if unit else ''}{unit}" if goal else otherwise or unit
    return Figure(label, f"{value:,}", beside, min(value / goal, 1) if goal else None)


@dataclass(frozen=True)
class Next:
    """One lead that waits: why it stands where it does, and the clock where the contact is."""

    lead: Lead
    why: str
    icon: str
    css: str
    local: str
    verdict: Verdict


def queue_of(agent: Agent, at: datetime, user: User) -> list[Next]:
    """The first of the agent's queue, those first who may be called now; a constant number of statements."""
    leads = Lead.objects.queue_of(agent, at).select_related("contact").telling_merges()[:LOOKED_AT]
    rows = waiting_rows(list(leads), agent, at, user)
    return sorted(rows, key=lambda row: not row.verdict.allowed)[:SHOWN]


def waiting_rows(leads: Sequence[Lead], agent: Agent, at: datetime, user: User) -> list[Next]:
    """In the order given."""
    verdicts = decide_many([lead.contact for lead in leads], Channel.VOICE, at=at, actor=user)
    return [_waiting(lead, verdicts[lead.contact_id], agent, at) for lead in leads]


def _waiting(lead: Lead, verdict: Verdict, agent: Agent, at: datetime) -> Next:
    why, icon, css = _why(lead, agent, at) if verdict.allowed else _why_not(verdict)
    return Next(lead, why, icon, css, local_times(lead.contact, at).split(",")[0], verdict)


def _why_not(verdict: Verdict) -> tuple[str, str, str]:
    if verdict.next_permitted_at is None:
        return "May not be called", "ban", "bad"
    return f"From {moment(verdict.next_permitted_at, verdict.at)}", "moon", "mut"


def moment(then: datetime, at: datetime) -> str:
    """In few words, for a narrow column: the clock of today, else the day with it."""
    local, days = localtime(then), (localtime(then).date() - localtime(at).date()).days
    if days == 0:
        return clock(local)
    return (
        f"{'tomorrow' if days == 1 else f'{local:%a}' if 0 < days < 7 else f'{local.day} {local:%b}'}, {clock(local)}"
    )


def _why(lead: Lead, agent: Agent, at: datetime) -> tuple[str, str, str]:
    if lead.front_at is not None:
        return "Asked for", "arrow-up-to-line", "acc"
    if lead.disposition == "callback" and lead.next_attempt_at is not None:
        return f"Call-back {moment(lead.next_attempt_at, at)}", "calendar-clock", "mut"
    if lead.first_response_at is None and lead.deadline is not None:
        seconds = (lead.deadline - at).total_seconds()
        css = "bad" if seconds < 0 else "warn" if seconds < 1800 else "mut"
        icon = "triangle-alert" if seconds < 0 else "clock-alert" if seconds < 1800 else "clock"
        return f"{span(seconds)} {'late' if seconds < 0 else 'left'}", icon, css
    if lead.attempts_count:
        return f"Attempt {lead.attempts_count + 1} of {agent.max_attempts}", "rotate-cw", "mut"
    return "Waiting", "circle-dot", "mut"


@dataclass(frozen=True)
class Promise:
    """A call-back that somebody asked for."""

    lead: Lead
    when: str
    is_due: bool


def call_backs(leads: LeadQuerySet, at: datetime) -> list[Promise]:
    """The earliest first; one statement."""
    open_ones = leads.open().filter(disposition="callback", next_attempt_at__isnull=False)
    rows = open_ones.select_related("contact", "agent").order_by("next_attempt_at", "pk")[:CALL_BACKS]
    return [_promise(lead, at) for lead in rows]


def _promise(lead: Lead, at: datetime) -> Promise:
    due: Any = lead.next_attempt_at
    return Promise(lead, moment(due, at), due <= at)
