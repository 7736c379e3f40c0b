"""What an assignment mail says, in the agent's own time zone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings

from agents.models import Agent
from crm.core.actors import Actor
from crm.mail.actions import Outgoing
from crm.mail.models import Mail
from leads.models import Lead

ONE, MANY = "lead_assigned", "leads_assigned"


@dataclass(frozen=True)
class Told:
    """A lead as the mail shows it."""

    name: str
    organization: str
    phone: str
    email: str
    source: str
    priority: str
    stage: str
    score: int
    deadline: str
    notes: str
    url: str


def mail_of_one(
    agent: Agent,
    lead: Any,
    *,
    giver: str | None,
    before: Agent | None = None,
    resend_of: Mail | None = None,
    requested_by: Actor | None = None,
) -> Outgoing:
    """`lead` carries its contact and `said`; `giver` is none where the product itself placed it."""
    context = {**_common(agent, giver), "lead": told(lead, agent), "before": before and before.name}
    return Outgoing(ONE, _address(agent), context, lead, resend_of, requested_by)


def mail_of_many(agent: Agent, leads: Iterable[Any], *, count: int, giver: str | None) -> Outgoing:
    shown = sorted(leads, key=lambda lead: (lead.deadline is None, lead.deadline))
    context = {
        **_common(agent, giver),
        "count": count,
        "leads": [told(lead, agent) for lead in shown],
        "more": count - len(shown),
        "url": f"{settings.PUBLIC_URL}{list_of(agent)}",
    }
    return Outgoing(MANY, _address(agent), context)


def told(lead: Any, agent: Agent) -> Told:
    contact = lead.contact
    return Told(
        name=contact.name,
        organization=contact.organization,
        phone=contact.phone_e164,
        email=contact.email,
        source=lead.source,
        priority=lead.get_priority_display(),
        stage=lead.get_stage_display(),
        score=lead.score,
        deadline=in_words(lead.deadline, agent),
        notes=lead.said or "",
        url=lead_url(lead),
    )


def list_of(agent: Agent) -> str:
    """Its leads, those due first."""
    return f"/leads/?agent_id={agent.pk}&ordering=deadline"


def lead_url(lead: Lead) -> str:
    return f"{settings.PUBLIC_URL}/leads/{lead.pk}/"


def in_words(moment: datetime | None, agent: Agent) -> str:
    """ "Mon 23 Nov, 09:30 (Europe/Berlin)"."""
    if moment is None:
        return ""
    zone = agent.timezone or agent.company.timezone
    local = moment.astimezone(ZoneInfo(zone))
    return f"{local:%a} {local.day} {local:%b}, {local:%H:%M} ({zone})"


def _common(agent: Agent, giver: str | None) -> dict[str, Any]:
    return {"name": agent.user.first_name or agent.name, "giver": giver, "company": agent.company.name}  # type: ignore[union-attr]


def _address(agent: Agent) -> str:
    return agent.user.email  # type: ignore[union-attr]
