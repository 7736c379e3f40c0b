"""The team at a glance: what each agent holds, may hold and is about to miss, and how well it does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Count

from agents.capacity import Capacity
from agents.hours import hours_of
from agents.models import Agent, Availability, Kind
from agents.performance import Performance, performances
from crm.accounts.models import Company
from crm.core.templatetags.ui import clock
from crm.core.working_hours import WEEKDAYS

DUE_SOON = timedelta(minutes=30)
WAITING_LIMIT = 10_000
CHARTED = 12  # agents in a chart; the table has them all
NEAR_FULL = 80  # percent


@dataclass(frozen=True)
class Member:
    """One agent with its figures at one moment."""

    agent: Agent
    capacity: Capacity
    due_soon: int
    performance: Performance | None  # none where nobody asked
    works_now: bool
    hours_today: str
    local_clock: str

    @property
    def is_ready(self) -> bool:
        return self.agent.is_active and self.agent.availability == Availability.AVAILABLE and self.works_now

    @property
    def over(self) -> int:
        return max(self.capacity.current - (self.capacity.max or self.capacity.current), 0)

    @property
    def level(self) -> str:
        """The word beside the meter; empty where there is nothing to say."""
        if not self.agent.is_active:
            return "Inactive"
        percent = self.capacity.percentage
        if percent is None:
            return "No limit"
        if self.over:
            return "Over"
        return "Full" if percent >= 100 else "Nearly full" if percent >= NEAR_FULL else ""

    @property
    def level_css(self) -> str:
        return {"Over": "bad", "Full": "bad", "Nearly full": "warn"}.get(self.level, "mut")

    @property
    def short_name(self) -> str:
        """ "Dario F." for charts; the table has the whole name."""
        first, *rest = self.agent.name.split() or [""]
        return f"{first} {rest[-1][0]}." if rest else first

    @property
    def score(self) -> int:
        return round(self.performance.score) if self.performance else 0


@dataclass(frozen=True)
class Bar:
    """One agent's bar of a chart: parts in percent of the chart's width."""

    member: Member
    room: float  # the outline: all that it may hold
    held: float  # of which not due soon
    due: float
    over: float  # beyond the outline

    @property
    def outline(self) -> float:
        """A little less than the room, so that its right edge is not cut off."""
        return max(self.room - 0.4, 0)

    @property
    def due_from(self) -> float:
        return self.held

    @property
    def over_from(self) -> float:
        return self.room


@dataclass(frozen=True)
class Summary:
    """Over active agents; those without a maximum count for nothing in utilisation."""

    active: int
    held: int
    room: int
    free: int
    ready: int
    full: list[str]
    total: int

    @property
    def utilisation(self) -> float | None:
        return self.held / self.room if self.room else None


def team_of(company: Company, at: datetime) -> list[Member]:
    """All agents, the most room first and inactive ones last; three statements, however many there are."""
    agents: Any = list(Agent.objects.select_related("user").with_load())
    due, rates = due_soon(at), performances([agent.pk for agent in agents], at=at)
    members = [member_of(agent, company, agent.held, due.get(agent.pk, 0), rates[agent.pk], at) for agent in agents]
    return sorted(members, key=rank)


def rank(member: Member) -> tuple[bool, float, str]:
    free = member.capacity.available_slots
    return not member.agent.is_active, -(float("inf") if free is None else free - member.over), member.agent.name


def member_of(
    agent: Agent, company: Company, held: int, due: int, performance: Performance | None, at: datetime
) -> Member:
    local = at.astimezone(ZoneInfo(agent.timezone or company.timezone))
    hours = company.business_hours if agent.business_hours is None else agent.business_hours
    windows = hours.get(WEEKDAYS[local.weekday()], [])
    return Member(
        agent=agent,
        capacity=Capacity(held, agent.max_capacity),
        due_soon=due,
        performance=performance,
        works_now=hours_of(agent, company).is_open(at),
        hours_today=", ".join(f"{start}–{end}" for start, end in windows) or "off today",
        local_clock=clock(local),
    )


def due_soon(at: datetime) -> dict[UUID, int]:
    """Open leads by agent whose first response is due within half an hour."""
    leads = Agent.objects.all().open_leads()
    near = leads.filter(first_response_at__isnull=True, deadline__gte=at, deadline__lte=at + DUE_SOON)
    return dict(near.order_by().values_list("agent_id").annotate(n=Count("pk")))


def waiting() -> int:
    """Open leads that nobody holds, counted to a limit and one more."""
    leads = Agent.objects.all().open_leads().filter(agent__isnull=True)
    return int(leads.order_by()[: WAITING_LIMIT + 1].count())


def summary_of(members: Sequence[Member]) -> Summary:
    active = [m for m in members if m.agent.is_active]
    limited = [m for m in active if m.capacity.max is not None]
    return Summary(
        active=len(active),
        held=sum(m.capacity.current for m in limited),
        room=sum(m.capacity.max or 0 for m in limited),
        free=sum(m.capacity.available_slots or 0 for m in limited),
        ready=sum(m.is_ready for m in active),
        full=[m.agent.name for m in limited if not m.capacity.has_room],
        total=len(members),
    )


def bars_of(members: Sequence[Member], kind: str) -> list[Bar]:
    """People and voice agents each on a scale of their own: the largest capacity or load is the full width."""
    shown = [m for m in members if m.agent.is_active and m.agent.kind == kind and m.capacity.max is not None][:CHARTED]
    widest = max((max(m.capacity.max or 0, m.capacity.current) for m in shown), default=0)
    return [bar_of(m, widest) for m in shown] if widest else []


def bar_of(member: Member, widest: int) -> Bar:
    room, held = member.capacity.max or 0, member.capacity.current
    within = min(held, room)
    due = min(member.due_soon, within)
    share = 100 / widest
    return Bar(member, room * share, (within - due) * share, due * share, (held - within) * share)


def at_work(members: Sequence[Member]) -> list[tuple[str, str, str, int]]:
    """Icon, class, words and number of active agents, by what can be asked of them now."""
    active = [m for m in members if m.agent.is_active]
    ready = sum(m.is_ready for m in active)
    closed = sum(m.agent.availability == Availability.AVAILABLE and not m.works_now for m in active)
    count = {kind: sum(m.agent.availability == kind for m in active) for kind in Availability}
    return [
        ("circle-check", "ok", "Available, within hours", ready),
        ("moon", "mut", "Available, outside hours", closed),
        ("phone", "warn", "Busy", count[Availability.BUSY]),
        ("coffee", "mut", "Away", count[Availability.AWAY]),
        ("power", "mut", "Offline", count[Availability.OFFLINE]),
    ]


def is_voice(member: Member) -> bool:
    return member.agent.kind == Kind.VOICE
