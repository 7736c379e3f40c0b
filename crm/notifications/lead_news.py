"""What is told of leads: gone, near their deadline, past it; one piece of news for each person and batch. And what
their people write."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Q
from django.urls import reverse

from agents.models import Agent
from crm.accounts.models import User
from crm.accounts.permissions_table import Role
from crm.audit.models import AuditEntry
from crm.compliance.channels import Channel
from crm.notifications.kinds import Kind
from crm.notifications.telling import SHOWN, News
from leads.models import Lead

Entries = Sequence[AuditEntry]
FIRST_RESPONSE = "A call, a message, an outcome or a stage move counts as the first response."


def news_of_taken(entries: Iterable[AuditEntry]) -> list[News]:
    """To whom a lead was taken from, unless by that person itself. Two statements."""
    return _to_agents(entries, "from_agent_id", _taken)


def news_of_due_soon(entries: Iterable[AuditEntry]) -> list[News]:
    """To the holder of each lead. Two statements."""
    return _to_agents(entries, "agent_id", _due_soon)


def news_of_unaccepted(entries: Iterable[AuditEntry]) -> list[News]:
    """To the managers. Two statements."""
    batch = list(entries)
    return [_unaccepted(user, batch, _shown([batch])) for user in overseers(_users(()))]


def news_of_breaches(entries: Iterable[AuditEntry]) -> list[News]:
    """To the managers all of them, to whoever created a lead that one. Three statements."""
    batch = list(entries)
    created: dict[UUID, list[AuditEntry]] = defaultdict(list)
    creators = dict(Lead.objects.filter(pk__in=[e.object_id for e in batch]).values_list("pk", "created_by"))
    for entry in batch:
        if creator := creators.get(entry.object_id):
            created[creator].append(entry)
    users = _users(created)
    told = {user: created[user.pk] for user in users if user.pk in created} | dict.fromkeys(overseers(users), batch)
    leads = _shown(told.values())
    return [_breached(user, own, leads) for user, own in told.items()]


def news_of_texts(entries: Iterable[AuditEntry]) -> list[News]:
    """To whoever holds an open lead of the person; not of a keyword, which is done and answered. One statement.

    The words stay where they are kept encrypted, and are read in the lead's timeline.
    """
    texts: dict[UUID, list[AuditEntry]] = defaultdict(list)
    for entry in entries:
        if entry.object_id and not entry.data.get("meaning"):
            texts[entry.object_id].append(entry)
    if not texts:
        return []
    held = Lead.objects.open().filter(contact__in=texts, agent__user__is_active=True)
    leads = held.select_related("contact", "agent__user__company").order_by("pk")
    return [_text(lead, entry) for lead in leads for entry in texts[lead.contact_id]]


def overseers(users: Iterable[User]) -> list[User]:
    """The managers; where a company has none, its administrators."""
    found = list(users)
    return [user for user in found if user.role == Role.MANAGER] or [user for user in found if user.role == Role.ADMIN]


# --- How each reads --------------------------------------------------------------------------------------------------


def _taken(user: User, batch: Entries, leads: Mapping[UUID, Lead]) -> News:
    """An agent may not see it any more: so it leads to the agent's own list."""
    first, giver = batch[0], f" by {batch[0].user.name}" if batch[0].user else ""
    if len(batch) > 1:
        title = f"{len(batch):,} leads of yours were handed on or returned to the queue{giver}"
        return News(user, Kind.TAKEN, title, reverse("leads:list"), **_named(batch, leads, user))
    what = "was handed on" if first.data.get("agent_id") else "was returned to the queue"
    lead = leads.get(first.object_id)
    return News(user, Kind.TAKEN, f"{_name(lead)} {what}{giver}", reverse("leads:list"), obj=lead)


def _due_soon(user: User, batch: Entries, leads: Mapping[UUID, Lead]) -> News:
    if len(batch) > 1:
        title, url = f"{len(batch):,} leads of yours are due within half an hour", f"{_board()}?sla_status=due_soon"
        return News(user, Kind.SLA_DUE_SOON, title, url, FIRST_RESPONSE, **_named(batch, leads, user))
    lead = leads.get(batch[0].object_id)
    title = f"{_name(lead)} is due at {_clock(lead, user)}"
    return News(user, Kind.SLA_DUE_SOON, title, _page(batch[0]), FIRST_RESPONSE, lead)


def _breached(user: User, batch: Entries, leads: Mapping[UUID, Lead]) -> News:
    if len(batch) > 1:
        title, url = f"{len(batch):,} leads passed their deadline without a response", f"{_board()}?sla_status=breached"
        return News(user, Kind.SLA_BREACHED, title, url, **_named(batch, leads, user))
    lead = leads.get(batch[0].object_id)
    holder = f"It is with {lead.agent.name}." if lead and lead.agent else ""
    title = f"{_name(lead)} passed the deadline of {_clock(lead, user)} without a response"
    return News(user, Kind.SLA_BREACHED, title, _page(batch[0]), holder, lead)


def _unaccepted(user: User, batch: Entries, leads: Mapping[UUID, Lead]) -> News:
    if len(batch) > 1:
        title, url = f"{len(batch):,} leads were taken up by nobody", f"{reverse('leads:list')}?unassigned=true"
        return News(user, Kind.UNACCEPTED, title, url, **_named(batch, leads, user))
    lead = leads.get(batch[0].object_id)
    text = "Every agent who might have had it let it pass; it waits in the queue."
    return News(user, Kind.UNACCEPTED, f"{_name(lead)} was taken up by nobody", _page(batch[0]), text, lead)


def _text(lead: Lead, entry: AuditEntry) -> News:
    holder: Any = lead.agent
    title = f"{_name(lead)} wrote by {'WhatsApp' if entry.data['channel'] == Channel.WHATSAPP else 'text message'}"
    url, key = reverse("leads:detail", args=[lead.pk]), f"text:{entry.data['text_id']}"
    return News(holder.user, Kind.TEXT, title, url, "What it says stands in the lead’s timeline.", lead, key)


def _named(batch: Entries, leads: Mapping[UUID, Lead], user: User) -> dict[str, Any]:
    shown = [leads[entry.object_id] for entry in batch[:SHOWN] if entry.object_id in leads]
    lines = [f"{_name(lead)}, due {_clock(lead, user)}" if lead.deadline else _name(lead) for lead in shown]
    return {"lines": lines, "more": len(batch) - len(lines)}


def _name(lead: Lead | None) -> str:
    return lead.contact.name if lead else "A lead"


def _clock(lead: Lead | None, user: User) -> str:
    """ "14:30", on another day "Mon 23 Nov, 14:30": the deadline on the reader's clock."""
    moment = lead and (lead.deadline or lead.breached_at)
    if not moment:
        return "its time"
    local = moment.astimezone(ZoneInfo(user.timezone or (user.company.timezone if user.company else "UTC")))
    today = datetime.now(local.tzinfo).date()
    return f"{local:%H:%M}" if local.date() == today else f"{local:%a} {local.day} {local:%b}, {local:%H:%M}"


def _page(entry: AuditEntry) -> str:
    return reverse("leads:detail", args=[entry.object_id])


def _board() -> str:
    return reverse("sla:board")


# --- Whom, and of what -----------------------------------------------------------------------------------------------


def _to_agents(entries: Iterable[AuditEntry], field: str, compose: Any) -> list[News]:
    """To each agent's user what somebody else (or the product) did to its leads."""
    batches: dict[UUID, list[AuditEntry]] = defaultdict(list)
    for entry in entries:
        if entry.data.get(field):
            batches[UUID(entry.data[field])].append(entry)
    if not batches:
        return []
    agents = Agent.objects.filter(pk__in=batches, user__is_active=True).select_related("user__company")
    users: dict[Any, Any] = {agent.pk: agent.user for agent in agents}
    told = {users[pk]: [e for e in batch if e.user_id != users[pk].pk] for pk, batch in batches.items() if pk in users}
    told = {user: batch for user, batch in told.items() if batch}
    leads = _shown(told.values())
    return [compose(user, batch, leads) for user, batch in told.items()]


def _shown(batches: Iterable[Entries]) -> dict[UUID, Lead]:
    pks = {entry.object_id for batch in batches for entry in batch[:SHOWN]}
    return {lead.pk: lead for lead in Lead.objects.filter(pk__in=pks).select_related("contact", "agent")} if pks else {}


def _users(also: Iterable[UUID]) -> list[User]:
    wanted = Q(role__in=(Role.MANAGER, Role.ADMIN)) | Q(pk__in=list(also))
    return list(User.objects.filter(wanted, is_active=True).select_related("company").order_by("pk"))
