"""Leads as rows of a page: each with its holder's load, its words, and what the reader may do to it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from phonenumbers import NumberParseException, PhoneNumberFormat, format_number, parse

from agents.capacity import Capacity
from agents.models import Agent
from crm.accounts.models import User
from crm.accounts.permissions_table import allows
from crm.core.templatetags.ui import load_level
from leads import dispositions
from leads.models import Lead


@dataclass(frozen=True)
class Holder:
    """An agent as a face with its load."""

    pk: UUID
    name: str
    capacity: Capacity
    is_active: bool
    availability: str
    user_id: UUID | None

    @property
    def first(self) -> str:
        return self.name.split()[0] if self.name.split() else self.name

    @property
    def percent(self) -> int | None:
        return self.capacity.percentage

    @property
    def has_room(self) -> bool:
        return self.is_active and self.capacity.has_room

    @property
    def short(self) -> str:
        """ "18/25", "full", "2 over"; the bare number where there is no maximum."""
        held, room = self.capacity.current, self.capacity.max
        if not self.is_active:
            return "inactive"
        if room is None:
            return f"{held}"
        if held > room:
            return f"{held - room} over"
        return "full" if held == room else f"{held}/{room}"

    @property
    def words(self) -> str:
        held, room = self.capacity.current, self.capacity.max
        return f"holds {held}" if room is None else f"holds {held} of {room}"

    @property
    def css(self) -> str:
        """Red when full; amber is left to the ring."""
        return "bad" if load_level(self.percent) == "bad" else "mut"


def holder_of(agent: Agent) -> Holder:
    """`agent` from `.with_load()`."""
    capacity = Capacity(agent.held, agent.max_capacity)  # type: ignore[attr-defined]
    return Holder(agent.pk, agent.name, capacity, agent.is_active, agent.availability, agent.user_id)


def holders(ids: Collection[UUID] | None = None) -> dict[UUID, Holder]:
    """These agents, else every one of the company, by name; one query, which counts what each of them holds."""
    agents = Agent.objects.all() if ids is None else Agent.objects.filter(pk__in=ids)
    return {agent.pk: holder_of(agent) for agent in agents.with_load().order_by("name", "pk")}


@dataclass(frozen=True)
class Row:
    """One lead (with its contact and agent) and what a list shows of it."""

    lead: Lead
    holder: Holder | None
    disposition: str
    may_change: bool
    may_assign: bool

    @property
    def name(self) -> str:
        return self.lead.contact.name or "No name"

    @property
    def phone(self) -> str:
        return phone_shown(self.lead.contact.phone_e164)


def rows_of(leads: Iterable[Lead], user: User, known: dict[UUID, Holder], labels: dict[str, str]) -> list[Row]:
    """Reads the leads' contacts and nothing else of theirs: the holders are known."""
    changes = allows(user, "leads.update")
    held = [(lead, known.get(lead.agent_id) if lead.agent_id else None) for lead in leads]
    return [
        Row(
            lead=lead,
            holder=holder,
            disposition=labels.get(lead.disposition, lead.disposition),
            may_change=changes,
            may_assign=may_hand_on(user, lead, holder.user_id if holder else None),
        )
        for lead, holder in held
    ]


def may_assign(user: User, lead: Lead) -> bool:
    return may_hand_on(user, lead, lead.agent.user_id if lead.agent else None)


def may_hand_on(user: User, lead: Lead, holders_user: UUID | None) -> bool:
    """Managers any open lead; an agent those it holds."""
    if not lead.is_open:
        return False
    return allows(user, "leads.assign") or (holders_user == user.pk and allows(user, "leads.assign_own"))


def phone_shown(e164: str) -> str:
    """As one reads it: "+1 602-555-0142"."""
    try:
        return format_number(parse(e164), PhoneNumberFormat.INTERNATIONAL)
    except NumberParseException:
        return e164


def disposition_labels() -> dict[str, str]:
    return dispositions.labels()


def with_room(known: dict[UUID, Holder]) -> Sequence[Holder]:
    """Active ones, the most room first."""
    return sorted((h for h in known.values() if h.is_active), key=lambda h: (-h.capacity.free_share, h.name))
