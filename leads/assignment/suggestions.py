"""Who might take a lead: all active agents, ranked, each with what speaks for it and against it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.utils.timezone import now

from agents.capacity import Capacity, held_counts
from agents.models import Agent, Availability
from agents.performance import performance_scores
from leads.assignment.candidates import taken_pairs, works_at
from leads.models import Assignment, Contact, Lead
from leads.phone_numbers import zones_of

# What a suggestion's points are made of: at most 100.
PERFORMANCE_POINTS = 40
ROOM_POINTS = 30
SAME_ZONE_POINTS = 15
DEALT_WITH_POINTS = 15


@dataclass(frozen=True)
class Reason:
    """One fact about agent and lead: `room`, `score`, `availability`, `time_zone`, `contact`, `holder`."""

    key: str
    text: str
    speaks_for: bool


@dataclass(frozen=True)
class Suggestion:
    """One agent's fitness for one lead at one moment."""

    agent: Agent
    capacity: Capacity
    score: float
    within_hours: bool
    same_time_zone: bool | None  # none: nobody knows where the contact is
    dealt_with_contact: bool
    holds_it: bool
    holds_another: bool

    @property
    def can_take(self) -> bool:
        return self.capacity.has_room and not self.holds_it and not self.holds_another

    @property
    def is_ready(self) -> bool:
        return self.agent.availability == Availability.AVAILABLE and self.within_hours

    @property
    def points(self) -> float:
        """0 to 100, among agents who are alike able and ready."""
        room, score = ROOM_POINTS * self.capacity.free_share, PERFORMANCE_POINTS * self.score / 100
        zone = SAME_ZONE_POINTS if self.same_time_zone else 0
        return room + score + zone + (DEALT_WITH_POINTS if self.dealt_with_contact else 0)

    @property
    def rank_key(self) -> tuple[bool, bool, float, str, str]:
        return not self.can_take, not self.is_ready, -round(self.points, 6), self.agent.name, str(self.agent.pk)

    @property
    def reasons(self) -> list[Reason]:
        return list(self._reasons())

    def _reasons(self) -> Iterator[Reason]:
        if self.holds_it:
            yield Reason("holder", "Holds this lead now", False)
        if self.holds_another:
            yield Reason("contact", "Has another open lead of this contact", False)
        yield self._room()
        yield Reason("score", f"Performance score {round(self.score)}", self.score >= 50)
        yield self._availability()
        if self.same_time_zone is not None:
            text = "Same time zone as the contact" if self.same_time_zone else "Another time zone than the contact's"
            yield Reason("time_zone", text, self.same_time_zone)
        if self.dealt_with_contact:
            yield Reason("contact", "Has dealt with this contact before", True)

    def _room(self) -> Reason:
        if self.capacity.max is None:
            return Reason("room", f"Takes leads without limit, holds {self.capacity.current}", True)
        free = f"Room for {self.capacity.available_slots} of {self.capacity.max}"
        return Reason("room", free if self.capacity.has_room else "No room", self.capacity.has_room)

    def _availability(self) -> Reason:
        word = Availability(self.agent.availability).label
        hours = "within business hours" if self.within_hours else "outside business hours"
        return Reason("availability", f"{word}, {hours}", self.is_ready)


def suggestions_for(lead: Lead, *, limit: int = 20, at: datetime | None = None) -> list[Suggestion]:
    """The best first; agents who can't take the lead come last, with the reason. As few statements for any number."""
    at = at or now()
    agents = list(Agent.objects.active().select_related("user", "company"))
    ids = [agent.pk for agent in agents]
    held, scores = held_counts(ids), performance_scores(ids, at=at)
    standing = {agent for (_, agent), pk in taken_pairs([lead.contact_id], ids).items() if pk != lead.pk}
    dealt_with, offsets = _dealt_with(lead), _offsets(lead.contact, at)
    found = [
        Suggestion(
            agent=agent,
            capacity=Capacity(held[agent.pk], agent.max_capacity),
            score=scores[agent.pk],
            within_hours=works_at(agent, at),
            same_time_zone=_offset(agent.timezone or agent.company.timezone, at) in offsets if offsets else None,
            dealt_with_contact=agent.pk in dealt_with,
            holds_it=agent.pk == lead.agent_id,
            holds_another=agent.pk in standing,
        )
        for agent in agents
    ]
    return sorted(found, key=lambda s: s.rank_key)[:limit]


def _dealt_with(lead: Lead) -> set[UUID | None]:
    """Agents who were ever given a lead of this contact, this one included."""
    rows = Assignment.objects.filter(lead__contact_id=lead.contact_id, to_agent__isnull=False)
    return set(rows.order_by().values_list("to_agent_id", flat=True).distinct())


def _offsets(contact: Contact, at: datetime) -> set[timedelta | None]:
    """The clocks that the contact may live by: as stated, else wherever the phone number may be."""
    zones = [contact.timezone] if contact.timezone else zones_of(contact.phone_e164) if contact.phone_e164 else []
    return {offset for zone in zones if (offset := _offset(zone, at)) is not None}


def _offset(zone: str, at: datetime) -> timedelta | None:
    try:
        return at.astimezone(ZoneInfo(zone)).utcoffset()
    except (ZoneInfoNotFoundError, ValueError):
        return None
