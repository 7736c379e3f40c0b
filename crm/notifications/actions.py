"""Telling agents by mail what they were given."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import OuterRef, Subquery

from agents.models import Agent, Kind
from crm.audit.models import AuditEntry
from crm.audit.recording import record
from crm.core.actors import Actor
from crm.mail.actions import Outgoing, hasten, queue_mails
from crm.mail.models import Mail
from crm.mail.querysets import MailQuerySet
from crm.notifications.assignment_mails import ONE, SHOWN, mail_of_many, mail_of_one
from crm.notifications.errors import NobodyToMail
from crm.notifications.events import LEAD_MAIL_RESENT
from leads.models import Assignment, Lead


def mail_assignments(entries: Iterable[AuditEntry]) -> list[Mail]:
    """One mail to each person who was given leads in this batch of `lead.assigned` and `lead.reassigned` entries.

    Who takes a lead itself, by claiming it or by hand, needs no mail; AI voice agents and deactivated users get none.
    Three statements at most, however many leads and agents; one where the action has lead and agent at hand.
    """
    given = _by_agent(entries)
    agents = _agents_of(given)
    batches = [(agent, batch) for pk, batch in given.items() if (agent := agents.get(pk)) and _is_told(agent)]
    batches = [(agent, kept) for agent, batch in batches if (kept := [e for e in batch if e.user_id != agent.user_id])]
    shown = _leads_of([entry for _, batch in batches for entry in batch[:SHOWN]])
    mails = [_mail(agent, batch, shown, agents) for agent, batch in batches]
    return queue_mails(mail for mail in mails if mail) if mails else []


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
        if isinstance(row, Assignment) and Lead.contact.is_cached(row.lead) and not row.lead.get_deferred_fields():
            found[row.lead.pk] = row.lead
            found[row.lead.pk].said = row.notes
        else:
            missing.add(entry.object_id)
    return found | (_leads(missing) if missing else {})


def _taken(entry: AuditEntry) -> bool:
    return bool(entry.data.get("from_agent_id"))


def _agents(pks: set[UUID]) -> Iterable[Agent]:
    return Agent.objects.filter(pk__in=pks).select_related("user", "company")


def _is_told(agent: Agent) -> bool:
    return agent.kind == Kind.HUMAN and agent.user is not None and agent.user.is_active


def _leads(pks: Iterable[UUID]) -> dict[UUID, Any]:
    said = Assignment.objects.filter(lead=OuterRef("pk")).order_by("-at", "-pk").values("notes")[:1]
    leads = Lead.objects.filter(pk__in=[*pks]).select_related("contact").annotate(said=Subquery(said))
    return {lead.pk: lead for lead in leads}


def _mail(
    agent: Agent, batch: list[AuditEntry], leads: Mapping[UUID, Any], agents: Mapping[UUID, Agent]
) -> Outgoing | None:
    entry, shown = batch[0], [leads[entry.object_id] for entry in batch[:SHOWN] if entry.object_id in leads]
    giver = entry.user.name if entry.user else None
    if len(batch) > 1:
        return mail_of_many(agent, shown, count=len(batch), giver=giver)
    before = agents.get(UUID(entry.data["from_agent_id"])) if _taken(entry) else None
    return mail_of_one(agent, shown[0], giver=giver, before=before) if shown else None


def _holder(lead: Lead) -> Agent:
    holder = next(iter(_agents({lead.agent_id})), None) if lead.agent_id else None
    if holder is None:
        raise NobodyToMail("the lead has no holder")
    if holder.kind == Kind.VOICE:
        raise NobodyToMail("the lead is held by an AI voice agent")
    if not _is_told(holder):
        raise NobodyToMail("the holder's user is deactivated")
    return holder
