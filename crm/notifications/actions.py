"""Telling agents what they were given; reading and forgetting what one was told."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Case, OuterRef, Q, Subquery, Value, When
from django.urls import reverse
from django.utils.timezone import now

from agents.models import Agent
from agents.models import Kind as AgentKind
from crm.accounts.models import User
from crm.audit.models import AuditEntry
from crm.audit.recording import record
from crm.core.actors import Actor
from crm.mail.actions import hasten, queue_mails
from crm.mail.models import Mail
from crm.mail.querysets import MailQuerySet
from crm.notifications.assignment_mails import ONE, in_words, list_of, mail_of_many, mail_of_one
from crm.notifications.errors import NobodyToMail
from crm.notifications.events import LEAD_MAIL_RESENT
from crm.notifications.kinds import Kind
from crm.notifications.models import Notification
from crm.notifications.telling import SHOWN, News
from leads.assignment.placing import TOLD_FIELDS
from leads.models import Assignment, Lead

TOLD = frozenset({"priority", "stage", "deadline", *TOLD_FIELDS})


def news_of_given(entries: Iterable[AuditEntry]) -> list[News]:
    """For each person who was given leads in this batch of `lead.assigned` and `lead.reassigned` entries.

    Who takes a lead itself, by claiming it or by hand, knows it; AI voice agents and deactivated users are not told.
    Two statements at most, however many leads and agents; none where the action has lead and agent at hand.
    """
    given = _by_agent(entries)
    agents = _agents_of(given)
    batches = [(agent, batch) for pk, batch in given.items() if (agent := agents.get(pk)) and _is_told(agent)]
    batches = [(agent, kept) for agent, batch in batches if (kept := [e for e in batch if e.user_id != agent.user_id])]
    shown = _leads_of([entry for _, batch in batches for entry in batch[:SHOWN]])
    return [news for agent, batch in batches if (news := _news(agent, batch, shown, agents))]


@transaction.atomic
def resend_assignment_mail(lead: Lead, *, by: Actor) -> Mail:
    """Tell the lead's holder once more; `by` asked for it. Raises `NobodyToMail`.

    A mail that still waits for its next try is tried now instead; otherwise one is written from what the lead is today.
    """
    holder = _holder(lead)
    last = assignment_mails(lead).filter(to=holder.user.email).first()  # type: ignore[union-attr]
    if last is not None and last.is_waiting:
        hasten(last)
        mail = last
    else:
        told = _leads([lead.pk])[lead.pk]
        [mail] = queue_mails([mail_of_one(holder, told, giver=None, resend_of=last, requested_by=by)])
    record(LEAD_MAIL_RESENT, lead, by=by, data={"mail_id": mail.pk, "agent_id": holder.pk})
    return mail


def read(notification: Notification) -> Notification:
    """The person has seen it; the second time changes nothing."""
    if notification.read_at is None:
        notification.read_at = now()
        notification.save(update_fields=["read_at"])
    return notification


def read_all(user: User) -> int:
    """All that the person has not seen; how many that were."""
    return Notification.objects.visible_to(user).unread().update(read_at=now())


def purge_old(at: datetime) -> int:
    """Forget what was read a month ago, and what nobody has read for half a year; how many that were."""
    return Notification.objects.old(at).delete()[0]


def forget_people(contact_ids: Collection[UUID]) -> int:
    """What tells of these contacts or of their leads names nobody any more; how many notifications that were."""
    leads = Lead.objects.filter(contact__in=contact_ids).order_by().values("pk")
    told = Notification.objects.filter(Q(object_id__in=leads) | Q(object_id__in=contact_ids))
    plain = Case(*(When(kind=kind, then=Value(kind.label)) for kind in Kind), default=Value("Notification"))
    return told.update(title=plain, text="")


def assignment_mails(lead: Lead) -> MailQuerySet:
    """Those that told of this lead alone, newest first."""
    return Mail.objects.filter(object_id=lead.pk, kind=ONE).order_by("-created_at", "-pk")


def _by_agent(entries: Iterable[AuditEntry]) -> dict[UUID, list[AuditEntry]]:
    given: dict[UUID, list[AuditEntry]] = defaultdict(list)
    for entry in entries:
        if entry.data.get("agent_id"):
            given[UUID(entry.data["agent_id"])].append(entry)
    return given


def _agents_of(given: Mapping[UUID, list[AuditEntry]]) -> dict[UUID, Agent]:
    """Who was given leads, and who held them before."""
    entries = [entry for batch in given.values() for entry in batch]
    agents = {agent.pk: agent for entry in entries if (agent := _agent_at_hand(entry.beside))}
    wanted = {*given, *(UUID(entry.data["from_agent_id"]) for entry in entries if _taken(entry))}
    missing = wanted - agents.keys()
    return agents | ({agent.pk: agent for agent in _agents(missing)} if missing else {})


def _agent_at_hand(row: Any) -> Agent | None:
    if not isinstance(row, Assignment) or not Assignment.to_agent.is_cached(row) or row.to_agent is None:
        return None
    return row.to_agent if {"user", "company"} <= row.to_agent._state.fields_cache.keys() else None


def _leads_of(entries: Iterable[AuditEntry]) -> dict[UUID, Any]:
    """With the contact, and `said`: the notes when it was last given."""
    found: dict[UUID, Any] = {}
    missing = set()
    for entry in entries:
        row = entry.beside
        if isinstance(row, Assignment) and _is_at_hand(row.lead):
            found[row.lead.pk] = row.lead
            found[row.lead.pk].said = row.notes
        else:
            missing.add(entry.object_id)
    return found | (_leads(missing) if missing else {})


def _is_at_hand(lead: Lead) -> bool:
    """Whether all that mails and notifications say of it was read with it."""
    return Lead.contact.is_cached(lead) and not TOLD.intersection(lead.get_deferred_fields())


def _taken(entry: AuditEntry) -> bool:
    return bool(entry.data.get("from_agent_id"))


def _agents(pks: set[UUID]) -> Iterable[Agent]:
    return Agent.objects.filter(pk__in=pks).select_related("user", "company")


def _is_told(agent: Agent) -> bool:
    return agent.kind == AgentKind.HUMAN and agent.user is not None and agent.user.is_active


def _leads(pks: Iterable[UUID]) -> dict[UUID, Any]:
    said = Assignment.objects.filter(lead=OuterRef("pk")).order_by("-at", "-pk").values("notes")[:1]
    leads = Lead.objects.filter(pk__in=[*pks]).select_related("contact").annotate(said=Subquery(said))
    return {lead.pk: lead for lead in leads}


def _news(
    agent: Agent, batch: list[AuditEntry], leads: Mapping[UUID, Any], agents: Mapping[UUID, Agent]
) -> News | None:
    entry, shown = batch[0], [leads[entry.object_id] for entry in batch[:SHOWN] if entry.object_id in leads]
    giver = entry.user.name if entry.user else None
    by = f" by {giver}" if giver else ""
    user: Any = agent.user
    if len(batch) > 1:
        mail = mail_of_many(agent, shown, count=len(batch), giver=giver)
        return News(user, Kind.ASSIGNED, f"{len(batch):,} leads were given to you{by}", list_of(agent), mail=mail)
    if not shown:
        return None
    lead = shown[0]
    before = agents.get(UUID(entry.data["from_agent_id"])) if _taken(entry) else None
    mail = mail_of_one(agent, lead, giver=giver, before=before)
    text = f"First response by {in_words(lead.deadline, agent)}." if lead.deadline else ""
    url = reverse("leads:detail", args=[lead.pk])
    return News(user, Kind.ASSIGNED, f"{lead.contact.name} was given to you{by}", url, text, lead, mail=mail)


def _holder(lead: Lead) -> Agent:
    holder = next(iter(_agents({lead.agent_id})), None) if lead.agent_id else None
    if holder is None:
        raise NobodyToMail("the lead has no holder")
    if holder.kind == AgentKind.VOICE:
        raise NobodyToMail("the lead is held by an AI voice agent")
    if not _is_told(holder):
        raise NobodyToMail("the holder's user is deactivated")
    return holder
