"""One lead changes hands: assigned, handed on, given back, claimed, or returned as it reopens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Count, Exists, OuterRef, Q
from django.utils.timezone import now

from agents.capacity import Capacity
from agents.models import Agent
from crm.accounts.permissions_table import allows
from crm.audit.recording import Event, record
from crm.core.actors import Actor, as_user
from crm.core.errors import Refused
from leads.assignment.candidates import candidates, default_pool, lock_agents, taken_pairs, works_at
from leads.assignment.errors import (
    AgentInactive,
    CapacityExceeded,
    ClaimingIsOff,
    LeadIsClosed,
    NobodyFits,
    NobodyHolds,
)
from leads.assignment.placing import Placement, give_back, lock_lead, place
from leads.assignment.strategies import Candidate, Choice, Ranking, pool_of, reason_for
from leads.errors import DuplicateLead, LeadIsDeleted
from leads.events import LEAD_UPDATED
from leads.models import Assignment, Lead, Strategy


def _together() -> AbstractContextManager[Any]:
    """A transaction, or the caller's own without a savepoint: everything is checked before anything is written."""
    return nullcontext() if connection.in_atomic_block else transaction.atomic()


def assign_lead(
    lead: Lead,
    agent: Agent,
    *,
    by: Actor,
    strategy: str = Strategy.MANUAL,
    notes: str = "",
    priority: int | None = None,
    reason: Mapping[str, Any] | None = None,
    locked: bool = False,
    first: Sequence[Event] = (),
) -> Lead:
    """Give the lead to the agent and start its clock; a lead that somebody else holds is handed on.

    `lead` itself is brought up to date and returned. `locked`: the caller has locked its row in this transaction, or
    has not inserted it yet (then it is inserted with its holder, and the events of `first` go before the assignment's).
    An agent who holds it already keeps it: priority is set, notes are kept, the clock runs on.
    Refuses with `LeadIsClosed`, `AgentInactive`, `CapacityExceeded` or `DuplicateLead`.
    """
    with _together():
        _lock_open(lead, locked)
        if lead.agent_id == agent.pk:
            return _keep(lead, by=by, notes=notes, priority=priority)
        at = now()
        candidate = _locked_candidate(agent.pk, lead, by=by, at=at)
        choice = Choice(candidate, ())
        _set_priority(lead, priority, by=by)
        placement = Placement(lead, candidate.agent, reason or reason_for(strategy, choice, 1))
        company = candidate.agent.company
        place([placement], company, strategy=strategy, by=by, at=at, notes=notes, first=first)
    return lead


def reassign_lead(
    lead: Lead,
    agent: Agent,
    *,
    by: Actor,
    strategy: str = Strategy.MANUAL,
    notes: str = "",
    priority: int | None = None,
) -> Lead:
    """Hand on a lead that somebody holds: the clock starts again, a breach stays on record. `NobodyHolds` else."""
    with _together():
        lock_lead(lead)
        if lead.agent_id is None:
            raise NobodyHolds
        return assign_lead(lead, agent, by=by, strategy=strategy, notes=notes, priority=priority, locked=True)


def assign_by_strategy(
    lead: Lead,
    *,
    strategy: str,
    pool: Sequence[UUID] | None = None,
    by: Actor,
    notes: str = "",
    priority: int | None = None,
    only_held: bool = False,
) -> Lead:
    """Give the lead to whom the strategy names of the pool (none: `default_pool`); its holder is passed over.

    Refuses with `NobodyFits`, naming whom it passed over; of a pool of one, with what stands in that agent's way.
    `only_held`: a lead that nobody holds is refused with `NobodyHolds`.
    """
    with _together():
        _lock_open(lead, False)
        if only_held and lead.agent_id is None:
            raise NobodyHolds
        at = now()
        found = candidates(default_pool() if pool is None else pool, strategy=strategy, at=at)
        pairs = taken_pairs([lead.contact_id], [c.agent.pk for c in found])
        choice = Ranking(found, strategy, set(pairs)).choose(lead)
        if choice.candidate is None:
            raise _why_nobody(choice, found)
        agent = choice.candidate.agent
        _set_priority(lead, priority, by=by)
        reason = reason_for(strategy, choice, len(found)) | pool_of(agent.company, pool)
        placement = Placement(lead, agent, reason)
        place([placement], agent.company, strategy=strategy, by=by, at=at, notes=notes)
        if strategy == Strategy.ROUND_ROBIN:
            Agent.objects.filter(pk=agent.pk).update(last_placed_at=at)
    return lead


def unassign_lead(lead: Lead, *, by: Actor, reason: str = "") -> Lead:
    """Return the lead to the queue; never fails for its contact's sake, but flags it where a duplicate waits there."""
    with _together():
        _lock_open(lead, False)
        if lead.agent_id is None:
            raise NobodyHolds
        give_back([Placement(lead, None, {"returned": "by_hand"})], by=by, at=now(), notes=reason)
    return lead


def claim_lead(agent: Agent, *, by: Actor) -> Lead | None:
    """Give the agent the next unassigned lead by priority, score and age; none where none is left.

    Leads of contacts with whom the agent has an open lead are left to others, as is what is being assigned
    at this moment. Refuses with `ClaimingIsOff` (an agent, where the company says so), `AgentInactive` or
    `CapacityExceeded`.
    """
    with _together():
        locked = lock_agents([agent.pk])[0]
        user = as_user(by)
        if user is not None and not allows(user, "leads.assign") and not locked.company.agents_may_claim:
            raise ClaimingIsOff
        at = now()
        candidate = _with_room(locked, _load(locked, None)[0], at)
        lead = _next_unassigned(locked)
        if lead is None:
            return None
        reason = reason_for(Strategy.CLAIM, Choice(candidate, ()), 1)
        place([Placement(lead, locked, reason)], locked.company, strategy=Strategy.CLAIM, by=by, at=at)
    return lead


def keep_or_return(lead: Lead, *, by: Actor) -> bool:
    """Whether the holder keeps a lead that is about to open again; else it is returned to the queue, with why.

    Call it with the lead's row locked, inside the transaction that reopens or restores it, and before the open
    state is saved: the agent's row stays locked until then, so that no room is taken twice.
    """
    if lead.agent_id is None:
        _flag_reopened(lead)
        return True
    agent = lock_agents([lead.agent_id])[0]
    held, other = _load(agent, lead)
    capacity = Capacity(held, agent.max_capacity)
    why = "inactive" if not agent.is_active else "full" if not capacity.has_room else "holds_another" if other else None
    if why is None:
        return True
    reason = {"returned": why, "current": held, "max": agent.max_capacity}
    give_back([Placement(lead, None, reason)], by=by, at=now())
    return False


def _flag_reopened(lead: Lead) -> None:
    waiting = Lead.objects.open().filter(agent__isnull=True, contact_id=lead.contact_id).exclude(pk=lead.pk)
    if not lead.is_duplicate and waiting.exists():
        lead.is_duplicate = True
        lead.save(update_fields=["is_duplicate"])


def _lock_open(lead: Lead, locked: bool) -> None:
    if not locked:
        lock_lead(lead)
    if lead.deleted_at is not None:
        raise LeadIsDeleted
    if not lead.is_open:
        raise LeadIsClosed


def _locked_candidate(agent_id: UUID, lead: Lead, *, by: Actor, at: datetime) -> Candidate:
    agent = lock_agents([agent_id])[0]
    held, other = _load(agent, lead)
    if other:
        raise DuplicateLead(_standing_between(lead, agent), by=by)
    return _with_room(agent, held, at)


def _with_room(agent: Agent, held: int, at: datetime) -> Candidate:
    candidate = Candidate(agent, held, works_at(agent, at), 0)
    if not agent.is_active:
        raise AgentInactive(agent)
    if not candidate.capacity.has_room:
        raise CapacityExceeded(agent, candidate.capacity)
    return candidate


def _load(agent: Agent, lead: Lead | None) -> tuple[int, int]:
    """Open leads held beside this one, and how many of them are of the same contact; one look into `lead_held`."""
    held = Lead.objects.open().filter(agent=agent).order_by()
    if lead is None:
        return held.count(), 0
    counted = held.exclude(pk=lead.pk).aggregate(n=Count("pk"), same=Count("pk", filter=Q(contact_id=lead.contact_id)))
    return counted["n"], counted["same"]


def _standing_between(lead: Lead, agent: Agent) -> Lead:
    others = Lead.objects.open().filter(agent=agent, contact_id=lead.contact_id).exclude(pk=lead.pk)
    return others.select_related("agent")[0]


def _next_unassigned(agent: Agent) -> Lead | None:
    """Rows that another transaction holds are skipped, so that claimers don't wait for each other."""
    dealt_with = Lead.objects.open().filter(agent=agent, contact=OuterRef("contact"))
    waiting = Lead.objects.open().filter(agent__isnull=True).exclude(Exists(dealt_with))
    best = waiting.order_by("-priority", "-score", "created_at", "pk")
    return best.select_for_update(of=("self",), no_key=True, skip_locked=True).first()


def _why_nobody(choice: Choice, found: Sequence[Candidate]) -> Refused:
    if len(found) == 1 and (obstacle := found[0].obstacle):
        only = found[0]
        return AgentInactive(only.agent) if obstacle == "inactive" else CapacityExceeded(only.agent, only.capacity)
    return NobodyFits(choice.passed_over)


def _set_priority(lead: Lead, priority: int | None, *, by: Actor) -> None:
    if priority is None or priority == lead.priority:
        return
    before, lead.priority = lead.priority, priority
    lead.updated_at = now()
    lead.save(update_fields=["priority", "updated_at"])
    record(LEAD_UPDATED, lead, by=by, changes={"priority": (before, priority)})


def _keep(lead: Lead, *, by: Actor, notes: str, priority: int | None) -> Lead:
    _set_priority(lead, priority, by=by)
    if notes:
        Assignment.objects.create(
            lead=lead,
            from_agent_id=lead.agent_id,
            to_agent_id=lead.agent_id,
            user=as_user(by),
            strategy=Strategy.MANUAL,
            notes=notes,
            reason={"kept": "holds_it"},
            deadline=lead.deadline,
        )
    return lead
