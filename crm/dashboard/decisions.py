"""What a manager has to decide today, from the figures; nothing is listed that asks for nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse

from agents.team import Member, Summary
from crm.core.templatetags.ui import span
from crm.dashboard.metrics import Assignee, LeadFigures

OPEN = "status=new,in_progress"
NAMED = 3  # agents, in one decision


@dataclass(frozen=True)
class Decision:
    """One matter, what stands behind it, and the page where it is settled."""

    icon: str
    css: str
    title: str
    detail: str
    action: str
    url: str


def decisions(
    figures: LeadFigures,
    assignees: Sequence[Assignee],
    team: Summary,
    members: Sequence[Member],
    at: datetime,
    *,
    leads_url: str,
    agents_url: str,
) -> list[Decision]:
    found = (
        past_deadline(figures, assignees, leads_url),
        waiting(figures, team, at),
        full_agents(team, members, agents_url),
        due_at_absent(members, leads_url),
    )
    return [decision for decision in found if decision]


def past_deadline(figures: LeadFigures, assignees: Sequence[Assignee], leads_url: str) -> Decision | None:
    if not figures.late:
        return None
    late = sorted((one for one in assignees if one.agent_id and one.late), key=lambda one: (-one.late, one.name))
    named = ", ".join(f"{one.late:,} with {one.name}" for one in late[:NAMED])
    url = f"{leads_url}?sla_status=breached&status=new&ordering=deadline"
    return Decision("triangle-alert", "bad", f"{leads(figures.late)} past the deadline", named, "Look at them", url)


def waiting(figures: LeadFigures, team: Summary, at: datetime) -> Decision | None:
    if not figures.unassigned:
        return None
    oldest = span((at - figures.oldest_unassigned).total_seconds()) if figures.oldest_unassigned else ""
    room = f"the team has room for {team.free:,}" if team.free else "nobody has room: raise a capacity or hand leads on"
    url = f"{reverse('leads:share')}?unassigned=true&{OPEN}"
    title = f"{leads(figures.unassigned)} waiting for an agent"
    return Decision("user-plus", "warn", title, f"The oldest waits {oldest}; {room}", "Share out", url)


def full_agents(team: Summary, members: Sequence[Member], agents_url: str) -> Decision | None:
    """Only where somebody else has room: else nothing can be moved."""
    with_room = sum(m.agent.is_active and m.capacity.max is not None and m.capacity.has_room for m in members)
    if not team.full or not with_room:
        return None
    count = len(team.full)
    has = "has" if with_room == 1 else "have"
    title = f"{count} agent{' is' if count == 1 else 's are'} full while {with_room} {has} room"
    more = f" and {count - NAMED} more" if count > NAMED else ""
    return Decision(
        "users-round", "warn", title, f"Full: {', '.join(team.full[:NAMED])}{more}", "See who has room", agents_url
    )


def due_at_absent(members: Sequence[Member], leads_url: str) -> Decision | None:
    """Leads that fall due with somebody who is not at work."""
    absent = [m for m in members if m.due_soon and m.agent.availability in ("away", "offline")]
    if not absent:
        return None
    count = sum(m.due_soon for m in absent)
    ids = ",".join(str(m.agent.pk) for m in absent)
    named = ", ".join(f"{m.agent.name} is {m.agent.availability}" for m in absent[:NAMED])
    url = f"{leads_url}?sla_status=due_soon&agent_id={ids}&ordering=deadline"
    return Decision("clock-alert", "warn", f"{leads(count)} due soon with nobody at work", named, "Hand on", url)


def leads(count: int) -> str:
    return f"{count:,} lead{' is' if count == 1 else 's are'}"
