"""Calls that a person made: logged, and given their outcome."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.timezone import now

from agents.models import Agent
from calls import events
from calls.actions.editing import CallEdit, on_call
from calls.actions.ending import CALLBACK, retry_delay
from calls.models import Call, Direction, Outcome, Status, ended
from crm.audit.recording import Event
from crm.core.actors import Actor, as_user
from crm.core.errors import Conflict
from leads import dispositions
from leads.actions.calling import record_attempt, retry_at
from leads.actions.editing import LeadEdit, outcome_named
from leads.dispositions import Outcome as Disposition
from leads.models import Lead


@transaction.atomic
def log_call(
    lead: Lead, fields: Mapping[str, Any], *, by: Actor, agent: Agent | None = None, at: datetime | None = None
) -> Call:
    """A call that was made, or came in, outside of the product; it needs no decision of the contact gate.

    Takes `outcome` (answered unless told), `detail`, `direction`, `started_at`, `duration_seconds`, `disposition`,
    `summary`, `callback_at`. A call out is an attempt; either way it is a response. Without an agent it is the
    holder's. Raises `LeadIsDeleted`, and `InvalidField` for a disposition that there is not.
    """
    edit = LeadEdit(lead, by=by, with_contact=True, at=at or now())
    chosen = outcome_named(fields.get("disposition"))
    call = _logged(edit, fields, agent or edit.lead.agent, chosen)
    if call.direction == Direction.OUTBOUND:
        record_attempt(edit)
    else:
        edit.put(**{name: pair[1] for name, pair in edit.worked(started=True).items()})
    call.attempt = edit.lead.attempts_count
    call.save(force_insert=True)
    data = {"call_id": call.pk, "attempt": call.attempt, "agent_id": call.agent_id, **ended(call)}
    edit.events.append(Event(events.CALL_LOGGED, edit.lead, by, data=data))
    _take_over(edit, call, chosen)
    edit.write()
    return call


def _logged(edit: LeadEdit, fields: Mapping[str, Any], agent: Agent | None, chosen: Disposition | None) -> Call:
    seconds = fields.get("duration_seconds") or 0
    began = min(fields.get("started_at") or edit.at - timedelta(seconds=seconds), edit.at)
    outcome = fields.get("outcome") or Outcome.ANSWERED
    lead, answered = edit.lead, outcome == Outcome.ANSWERED
    return Call(
        lead=lead,
        contact=lead.contact,
        agent=agent,
        is_manual=True,
        direction=fields.get("direction") or Direction.OUTBOUND,
        phone_e164=lead.contact.phone_e164,
        status=Status.FAILED if outcome == Outcome.FAILED else Status.COMPLETED,
        outcome=outcome,
        detail=fields.get("detail") or "",
        requested_at=began,
        placed_at=began,
        answered_at=began if answered else None,
        ended_at=began + timedelta(seconds=seconds),
        duration_seconds=seconds,
        summary=fields.get("summary") or "",
        disposition=chosen.key if chosen else "",
        callback_at=fields.get("callback_at"),
        search_text=lead.search_text,
        created_by=as_user(edit.by),
        created_at=edit.at,
        updated_at=edit.at,
    )


def _take_over(edit: LeadEdit, call: Call, chosen: Disposition | None) -> None:
    """What the lead takes from it; without a disposition an answered call leaves it open, for the agent to decide."""
    if not edit.lead.is_open:
        return
    unreached = call.outcome != Outcome.ANSWERED
    if chosen is None and unreached:
        chosen = dispositions.BUILT_IN[dispositions.NO_ANSWER]
    if chosen is not None:
        edit.disposition(chosen)
    if not edit.lead.is_open:
        return
    if call.callback_at is not None and (chosen is None or chosen.key == CALLBACK):
        retry_at(edit, call.callback_at)
    elif unreached or (chosen is not None and chosen.key == CALLBACK):
        retry_at(edit, edit.at + retry_delay(call))


@on_call
def set_call_disposition(
    call: Call, disposition: str, *, by: Actor, summary: str | None = None, at: datetime | None = None
) -> Call:
    """How it ended, by key or label; the lead takes it over, by its rules. Raises `InvalidField`, `Conflict`."""
    chosen = outcome_named(disposition)
    edit = CallEdit(call, by=by, at=at)
    if not edit.call.is_over and edit.call.status != Status.IN_PROGRESS:
        raise Conflict("The call has not been answered yet")
    before = edit.call.disposition
    edit.put(disposition=chosen.key if chosen else "", **({} if summary is None else {"summary": summary}))
    if edit.call.disposition != before:
        edit.tell(events.CALL_DISPOSITION_SET, disposition=edit.call.disposition or None)
    if edit.lead.deleted_at is None and edit.lead.disposition != edit.call.disposition:
        edit.of_lead.disposition(chosen)
    return edit.write()
