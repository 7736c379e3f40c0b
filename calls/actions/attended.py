"""Calls that a person of ours talks in: dialled from the cockpit, and wrapped up by who talked."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.timezone import now

from agents.models import Agent
from calls import events
from calls.actions.due import claim
from calls.actions.editing import CallEdit, on_call
from calls.actions.ending import CALLBACK, LONGEST_WAIT, call_off, retry_delay
from calls.errors import (
    AgentIsOff,
    AlreadyInCall,
    BeingCalled,
    LeadIsDone,
    NoNumber,
    NoTelephone,
    NotHeld,
    NotPermitted,
)
from calls.models import Call, Status
from crm.compliance.channels import Channel
from crm.compliance.gate import decide
from crm.core.actors import Actor
from crm.core.errors import InvalidField, MissingField
from crm.core.tasks import later
from crm.providers.registry import dialler
from leads.actions import add_note
from leads.actions.calling import retry_at
from leads.actions.editing import lock_lead, outcome_named
from leads.dispositions import Outcome as Disposition
from leads.errors import LeadIsDeleted
from leads.models import Lead


def unfinished_call(agent: Agent) -> Call | None:
    """The one that goes on, or whose outcome was not said yet."""
    calls = Call.objects.filter(agent=agent, needs_wrap_up=True).select_related("contact", "lead")
    return calls.order_by("-created_at", "-pk").first()


@transaction.atomic
def dial(lead: Lead, agent: Agent, *, by: Actor, at: datetime | None = None) -> Call:
    """Call the lead now, by the person who holds it; the provider dials after the commit.

    The contact gate is asked as for any call, and business hours are not: whoever sits there works. Raises
    `LeadIsDeleted`, `LeadIsDone`, `NotHeld`, `NoNumber`, `NoTelephone`, `AgentIsOff`, `AlreadyInCall`, `BeingCalled`,
    `NotPermitted`.
    """
    moment = at or now()
    row = lock_lead(lead, with_contact=True)
    _refuse_lead(row, agent)
    _refuse_agent(agent)
    if Call.objects.active().filter(lead__contact=row.contact_id).exists():
        raise BeingCalled
    verdict = decide(row.contact, Channel.VOICE, at=moment, actor=by, lead=row)
    if not verdict.allowed:
        raise NotPermitted(verdict)
    return claim(agent, [row], {row.contact_id: verdict}, moment, needs_wrap_up=True)[0]


def _refuse_lead(lead: Lead, agent: Agent) -> None:
    if lead.deleted_at is not None:
        raise LeadIsDeleted
    if not lead.is_open:
        raise LeadIsDone
    if lead.agent_id != agent.pk:
        raise NotHeld
    if not lead.contact.phone_e164:
        raise NoNumber


def _refuse_agent(agent: Agent) -> None:
    """Its row is locked, so that two windows of one person do not dial at once."""
    row = Agent.objects.active().select_for_update(no_key=True).filter(pk=agent.pk).first()
    if row is None:
        raise AgentIsOff(agent)
    if dialler().rings_agent and not row.own_number:
        raise NoTelephone
    if (unfinished := unfinished_call(row)) is not None:
        raise AlreadyInCall(unfinished)


@on_call
def wrap_up(
    call: Call,
    disposition: str,
    *,
    by: Actor,
    note: str = "",
    callback_at: datetime | None = None,
    at: datetime | None = None,
) -> Call:
    """Who talked says how it went; a call that still goes on is hung up, unless it was handed on. The lead takes the
    outcome over.

    A lead that stays open is called again at `callback_at`, or after the agent's retry delay. Raises `MissingField`,
    `InvalidField`.
    """
    edit = CallEdit(call, by=by, at=at)
    chosen = _chosen(disposition, callback_at, edit.at)
    if not edit.call.is_over and not edit.call.transferred_to:
        _hang_up(edit)
    edit.put(disposition=chosen.key, needs_wrap_up=False)
    if callback_at is not None:
        edit.put(callback_at=callback_at)
    edit.tell(events.CALL_DISPOSITION_SET, disposition=chosen.key)
    if edit.lead.deleted_at is None:
        edit.of_lead.disposition(chosen)
        if edit.lead.is_open:
            retry_at(edit.of_lead, callback_at or edit.at + retry_delay(edit.call))
    written = edit.write()
    if note.strip() and edit.lead.deleted_at is None:
        add_note(edit.lead, note.strip(), by=by)
    return written


def _chosen(disposition: str, callback_at: datetime | None, at: datetime) -> Disposition:
    chosen = outcome_named(disposition)
    if chosen is None:
        raise MissingField("disposition", "Choose how the call went")
    if callback_at is not None and not at < callback_at <= at + LONGEST_WAIT:
        raise InvalidField("callback_at", "A call-back lies ahead, within a year")
    if callback_at is not None and chosen.key != CALLBACK and chosen.is_final:
        raise InvalidField("callback_at", f"“{chosen.label}” closes the lead; nobody is called back")
    return chosen


def _hang_up(edit: CallEdit) -> None:
    edit.put(cancel_asked=True)
    if edit.call.placed_at is not None:
        edit.put(look_at=edit.at)
        later("calls.hang_up", edit.call.pk)
    elif edit.call.tries == 0 and edit.call.status == Status.QUEUED:
        call_off(edit, "canceled", edit.at)
