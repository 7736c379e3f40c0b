"""Somebody wants a lead called: it goes to the front, past business hours and retry delay."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils.timezone import now

from agents.models import Agent, Kind
from calls.errors import AgentIsOff, LeadIsDone, NoAttemptsLeft, NobodyCalls, NotPermitted
from crm.compliance.channels import Channel
from crm.compliance.gate import decide, decide_many
from crm.compliance.verdict import Verdict
from crm.core.actors import Actor
from crm.core.errors import InvalidField, Refused
from crm.core.tasks import later
from leads.actions import put_at_front
from leads.actions.bulk import as_id
from leads.actions.calling import put_many_at_front
from leads.actions.editing import lock_lead
from leads.assignment import Failure, assign_lead
from leads.assignment.bulk import NO_SUCH_LEAD
from leads.errors import LeadIsDeleted
from leads.models import Lead
from leads.reach import TOO_FAR, is_too_far


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
    wanted = _wanted(wanted_at, moment)
    row = lock_lead(lead)
    holder = _holder(row, agent, by=by)
    held = _held(decide(row.contact, Channel.VOICE, at=wanted, actor=by, lead=row))
    row = put_at_front(row, wanted, by=by, held_until=held)
    if wanted <= moment and held is None:
        _let_dial([holder])
    return Scheduled(row, held)


@dataclass
class ScheduledMany:
    """`held_until`: of those of `done` who may not be called when it was asked for."""

    done: list[UUID] = field(default_factory=list)
    failed: list[Failure] = field(default_factory=list)
    held_until: dict[UUID, datetime] = field(default_factory=dict)


@transaction.atomic
def schedule_many(
    names: Iterable[UUID | str],
    *,
    by: Actor,
    wanted_at: datetime | None = None,
    within: QuerySet[Lead] | None = None,
    at: datetime | None = None,
) -> ScheduledMany:
    """Have all these leads called, each by the rules of `schedule_lead`, by a constant number of statements.

    What is refused for one leaves the others alone. `within` limits ids to what the asker may do this to. Raises
    `InvalidField` for a moment more than ten years ahead.
    """
    moment = at or now()
    wanted, result = _wanted(wanted_at, moment), ScheduledMany()
    ids = list(dict.fromkeys(map(as_id, names)))
    leads = _locked([name for name in ids if isinstance(name, UUID)], within)
    verdicts = decide_many([lead.contact for lead in leads.values()], Channel.VOICE, at=wanted, actor=by)
    front: dict[Lead, datetime | None] = {}
    for name in ids:
        lead = leads.get(name) if isinstance(name, UUID) else None
        try:
            if lead is None:
                raise Refused(NO_SUCH_LEAD)
            refuse_uncallable(lead)
            front[lead] = _held(verdicts[lead.contact_id])
        except Refused as refused:
            result.failed.append(Failure(name, refused.message))
    put_many_at_front(front, wanted, by=by)
    result.done = [lead.pk for lead in front]
    result.held_until = {lead.pk: until for lead, until in front.items() if until is not None}
    if wanted <= moment:
        _let_dial(lead.agent for lead, until in front.items() if until is None)
    return result


def _let_dial(agents: Iterable[Agent | None]) -> None:
    for pk in {agent.pk for agent in agents if agent is not None and agent.kind == Kind.VOICE}:
        later("calls.call_agent", pk)


def _locked(ids: Sequence[UUID], within: QuerySet[Lead] | None) -> dict[UUID, Lead]:
    """In the order of ids, with contact and agent."""
    rows = (Lead.objects.all() if within is None else within).filter(pk__in=ids, deleted_at__isnull=True)
    locked = rows.order_by("pk").select_related("contact", "agent").select_for_update(of=("self",), no_key=True)
    return {lead.pk: lead for lead in locked}


def _holder(lead: Lead, agent: Agent | None, *, by: Actor) -> Agent:
    if lead.deleted_at is not None:
        raise LeadIsDeleted
    if not lead.is_open:
        raise LeadIsDone
    if agent is not None and agent.pk != lead.agent_id:
        assign_lead(lead, agent, by=by, locked=True)
    return refuse_uncallable(lead)


def refuse_uncallable(lead: Lead) -> Agent:
    """Its holder, who can call it."""
    if not lead.is_open:
        raise LeadIsDone
    if lead.agent is None:
        raise NobodyCalls
    if not lead.agent.is_active:
        raise AgentIsOff(lead.agent)
    if lead.attempts_count >= lead.agent.max_attempts:
        raise NoAttemptsLeft(lead.attempts_count, lead.agent)
    return lead.agent


def _wanted(wanted_at: datetime | None, moment: datetime) -> datetime:
    wanted = max(wanted_at or moment, moment)
    if is_too_far(wanted, seen_from=moment):
        raise InvalidField("at", TOO_FAR)
    return wanted


def _held(verdict: Verdict) -> datetime | None:
    if verdict.allowed:
        return None
    if verdict.next_permitted_at is None:
        raise NotPermitted(verdict)
    return verdict.next_permitted_at
