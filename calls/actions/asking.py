"""Somebody wants a lead called: it goes to the front, past business hours and retry delay."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.timezone import now

from agents.models import Agent, Kind
from calls.errors import AgentIsOff, LeadIsDone, NoAttemptsLeft, NobodyCalls, NotPermitted
from crm.compliance.channels import Channel
from crm.compliance.gate import decide
from crm.core.actors import Actor
from crm.core.errors import InvalidField
from crm.core.tasks import later
from leads.actions import put_at_front
from leads.actions.editing import lock_lead
from leads.assignment import assign_lead
from leads.errors import LeadIsDeleted
from leads.models import Lead

FARTHEST = timedelta(days=366 * 10)


@dataclass(frozen=True)
class Scheduled:
    """`held_until`: the first moment at which the contact may be called, where that is not when it was asked for."""

    lead: Lead
    held_until: datetime | None


@transaction.atomic
def schedule_lead(
    lead: Lead, *, by: Actor, wanted_at: datetime | None = None, agent: Agent | None = None, at: datetime | None = None
) -> Scheduled:
    """Have the lead called from `wanted_at` on (none, or past: now), by `agent` where one is named.

    A voice agent dials as soon as it has a line; a person finds the lead at the top of the queue. Raises
    `LeadIsDeleted`, `LeadIsDone`, `NobodyCalls`, `AgentIsOff`, `NoAttemptsLeft`, `NotPermitted`, what assigning
    raises, and `InvalidField` for a moment more than ten years ahead.
    """
    moment = at or now()
    wanted = max(wanted_at or moment, moment)
    if wanted > moment + FARTHEST:
        raise InvalidField("at", "Must be within ten years")
    row = lock_lead(lead)
    holder = _holder(row, agent, by=by)
    if row.attempts_count >= holder.max_attempts:
        raise NoAttemptsLeft(row.attempts_count, holder)
    held = _held_until(row, wanted, by=by)
    row = put_at_front(row, wanted, by=by, held_until=held)
    if holder.kind == Kind.VOICE and wanted <= moment and held is None:
        later("calls.call_agent", holder.pk)
    return Scheduled(row, held)


def _holder(lead: Lead, agent: Agent | None, *, by: Actor) -> Agent:
    if lead.deleted_at is not None:
        raise LeadIsDeleted
    if not lead.is_open:
        raise LeadIsDone
    if agent is not None and agent.pk != lead.agent_id:
        assign_lead(lead, agent, by=by, locked=True)
    if lead.agent is None:
        raise NobodyCalls
    if not lead.agent.is_active:
        raise AgentIsOff(lead.agent)
    return lead.agent


def _held_until(lead: Lead, wanted: datetime, *, by: Actor) -> datetime | None:
    verdict = decide(lead.contact, Channel.VOICE, at=wanted, actor=by, lead=lead)
    if verdict.allowed:
        return None
    if verdict.next_permitted_at is None:
        raise NotPermitted(verdict)
    return verdict.next_permitted_at
