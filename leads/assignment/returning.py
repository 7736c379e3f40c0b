"""Leads that open again, as a set: each stays with its agent where that has room, else it returns to the queue."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db.models import Q

from agents.capacity import Capacity, held_counts
from agents.models import Agent
from crm.audit.recording import Event
from crm.core.actors import as_user
from leads.assignment.candidates import lock_agents
from leads.assignment.placing import actor_label
from leads.events import LEAD_ASSIGNED, LEAD_REASSIGNED, LEAD_UNASSIGNED
from leads.models import Assignment, Lead

if TYPE_CHECKING:
    from leads.actions.editing import LeadEdit

CLOCK = ("assigned_at", "deadline", "first_response_at")


def holders_of(leads: Iterable[Lead], *, lock: bool) -> dict[UUID, Agent]:
    """The agents of these leads, with their users and company; locked in the order of ids, where something may open."""
    ids = {lead.agent_id for lead in leads if lead.agent_id}
    if not ids:
        return {}
    agents = lock_agents(ids) if lock else Agent.objects.filter(pk__in=ids).select_related("user", "company")
    return {agent.pk: agent for agent in agents}


class Room:
    """How much each of the locked agents holds, and who has an open lead of which contact, as leads come and go."""

    def __init__(self, agents: Mapping[UUID, Agent], contacts: Collection[UUID]) -> None:
        self.agents = agents
        self.held = Counter(held_counts(list(agents)))
        here = Q(agent_id__in=list(agents)) | Q(agent__isnull=True)
        standing = Lead.objects.open().filter(here, contact_id__in=contacts).order_by()
        self.taken: Counter[tuple[UUID, UUID | None]] = Counter(standing.values_list("contact_id", "agent_id"))

    def obstacle(self, agent_id: UUID, contact_id: UUID) -> str | None:
        """Why the agent can't hold one more open lead, of this contact."""
        agent = self.agents.get(agent_id)
        if agent is None or not agent.is_active:
            return "inactive"
        if not self.capacity(agent_id).has_room:
            return "full"
        return "holds_another" if self.taken[contact_id, agent_id] else None

    def capacity(self, agent_id: UUID) -> Capacity:
        return Capacity(self.held[agent_id], self.agents[agent_id].max_capacity)

    def take(self, agent_id: UUID | None, contact_id: UUID, number: int = 1) -> None:
        """One more open lead, or with -1 one less."""
        self.taken[contact_id, agent_id] += number
        if agent_id is not None:
            self.held[agent_id] += number


def keep_or_return_many(edits: Sequence[LeadEdit], room: Room) -> list[tuple[LeadEdit, Assignment]]:
    """`keep_or_return` for a set, in the order given; the agents are locked. Sets fields and adds events in memory.

    Answers those that go back to the queue, each with the row of its history, for the caller to write.
    """
    returned = []
    for edit in edits:
        lead = edit.lead
        why = room.obstacle(lead.agent_id, lead.contact_id) if lead.agent_id else None
        if why and lead.agent_id:
            reason: dict[str, Any] = {"returned": why}
            if lead.agent_id in room.agents:
                capacity = room.capacity(lead.agent_id)
                reason |= {"current": capacity.current, "max": capacity.max}
            returned.append((edit, hand_over(edit, None, reason=reason)))
        if lead.agent_id is None and room.taken[lead.contact_id, None]:
            edit.put(is_duplicate=True)
        room.take(lead.agent_id, lead.contact_id)
    return returned


def hand_over(
    edit: LeadEdit,
    to: Agent | None,
    *,
    reason: Mapping[str, Any],
    data: Mapping[str, Any] | None = None,
    keep_clock: bool = False,
    **clock: Any,
) -> Assignment:
    """Change the holder in memory and tell it; the row of the history is the caller's to write.

    `clock`: assigned_at, deadline, first_response_at and is_duplicate; those not named are emptied, or kept.
    """
    lead, before = edit.lead, edit.lead.agent
    edit.put(accept_due_at=None)  # who puts a lead back by undo has decided: no clock asks the holder again
    images = edit.put(agent=to, **({} if keep_clock else dict.fromkeys(CLOCK)), **clock)
    if "agent" in images:
        images["agent"] = (before and before.pk, to and to.pk)
    row = Assignment(
        lead=lead,
        from_agent=before,
        to_agent=to,
        user=as_user(edit.by),
        actor_label=actor_label(edit.by),
        reason=dict(reason),
        deadline=lead.deadline,
        at=edit.at,
    )
    told = {
        "agent_id": str(to.pk) if to else None,
        "from_agent_id": str(before.pk) if before else None,
        "strategy": "",
        "assignment_id": str(row.pk),
        **(data or {}),
    }
    action = LEAD_UNASSIGNED if to is None else LEAD_REASSIGNED if before else LEAD_ASSIGNED
    edit.events.append(Event(action, lead, edit.by, data=told, images=images))
    return row
