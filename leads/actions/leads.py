"""What is done to a lead that exists: each verb locks it, changes it and records one event a change of meaning."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.timezone import now

from crm.audit.recording import Event, record
from crm.core.actors import Actor, as_user
from crm.core.bulk_rows import update_rows
from crm.core.errors import Conflict
from leads import events
from leads.actions.contacts import PERSON_FIELDS, change_contact, given_fields
from leads.actions.creating import priority_of
from leads.actions.editing import LeadEdit, lock_lead, outcome_named
from leads.dispositions import Outcome
from leads.errors import LeadIsDeleted
from leads.models import Lead, Note
from leads.reach import refuse_too_far

PLAIN_FIELDS = (
    "source",
    "qualification_status",
    "deal_value",
    "expected_close_date",
    "qualification_data",
    "custom_fields",
    "tags",
    "schedule_at",
)
PERSON_KEYS = frozenset({*PERSON_FIELDS, "name", "phone"})


@transaction.atomic
def update_lead(lead: Lead, changes: Mapping[str, Any], *, by: Actor) -> Lead:
    """Change the named fields alone; those of the contact change the contact. Returns the row as it now is.

    Also takes `priority` by name or number, `stage` with `stage_reason`, `status` and `disposition`, each with its
    rules and its own event; a `status` that says what stood there before is no request. Raises what the single
    verbs raise, `ContactTaken` and `InvalidPhone`.
    """
    refuse_too_far(changes.get("schedule_at"))
    outcome = outcome_named(changes.get("disposition"))
    touches_contact = bool(PERSON_KEYS & changes.keys()) or "stage" in changes or outcome is not None
    edit = LeadEdit(lead, by=by, with_contact=touches_contact)
    edit_person(edit, changes)
    edit_lead(edit, changes, outcome)
    return edit.write()


def edit_lead(edit: LeadEdit, changes: Mapping[str, Any], outcome: Outcome | None) -> None:
    """The lead's own fields, each by its rules; `outcome` is what `changes["disposition"]` names."""
    plain = {name: changes[name] for name in PLAIN_FIELDS if name in changes}
    if changes.get("priority"):
        plain["priority"] = priority_of(changes["priority"])
    edit.fields(plain)
    if changes.get("stage"):
        edit.stage(changes["stage"], reason=changes.get("stage_reason") or "", automatic=False)
    if changes.get("status") and changes["status"] != edit.first_status:
        edit.status(changes["status"])
    if "disposition" in changes and (outcome.key if outcome else "") != edit.lead.disposition:
        edit.disposition(outcome)


def edit_person(edit: LeadEdit, changes: Mapping[str, Any]) -> None:
    fields = {name: value for name, value in changes.items() if name in PERSON_KEYS}
    if not fields:
        return
    contact = edit.lead.contact
    done = change_contact(contact, given_fields(fields, by=edit.by))
    if done:
        edit.events.append(Event(events.CONTACT_UPDATED, contact, edit.by, done))
        edit.put(search_text=contact.search_text, last_name_key=contact.sort_key, updated_at=contact.updated_at)


@transaction.atomic
def set_stage(lead: Lead, stage: str, *, by: Actor, reason: str = "", automatic: bool = False) -> Lead:
    """Move it in the funnel, on record; the same stage again changes nothing. Raises `ReasonNeeded`."""
    edit = LeadEdit(lead, by=by, with_contact=True)
    edit.stage(stage, reason=reason, automatic=automatic)
    return edit.write()


@transaction.atomic
def set_disposition(lead: Lead, disposition: str | None, *, by: Actor) -> Lead:
    """Set the last outcome by key or label, or none. Raises `InvalidField` for an unknown one."""
    outcome = outcome_named(disposition)
    edit = LeadEdit(lead, by=by, with_contact=True)
    edit.disposition(outcome)
    return edit.write()


@transaction.atomic
def set_status(lead: Lead, status: str, *, by: Actor) -> Lead:
    """`done` closes it, anything else reopens a closed one as `in_progress`. Raises `StageIsClosed`."""
    edit = LeadEdit(lead, by=by)
    edit.status(status)
    return edit.write()


@transaction.atomic
def set_deal_value(lead: Lead, value: Decimal | None, *, by: Actor) -> Lead:
    edit = LeadEdit(lead, by=by)
    edit.fields({"deal_value": value})
    return edit.write()


@transaction.atomic
def set_score(lead: Lead, score: int, *, by: Actor, qualification_status: str | None = None) -> Lead:
    """Write a score of 0 to 100, and the verdict that goes with it."""
    edit = LeadEdit(lead, by=by)
    verdict = {"qualification_status": qualification_status} if qualification_status else {}
    edit.tell(events.LEAD_SCORED, edit.put(score=score, **verdict))
    return edit.write()


@transaction.atomic
def mark_response(lead: Lead, *, by: Actor, at: datetime | None = None) -> Lead:
    """A call was placed or a message sent: the first since the assignment meets the SLA, and work has begun."""
    edit = LeadEdit(lead, by=by)
    edit.at = at or edit.at
    edit.tell(events.LEAD_RESPONDED, edit.worked(started=True))
    return edit.write()


def mark_breached(deadlines: Mapping[Lead, datetime]) -> None:
    """Keep on each lead the last deadline that passed without a response. The caller has locked them, and tells it."""
    for lead, deadline in deadlines.items():
        lead.breached_at = deadline
    update_rows(Lead, list(deadlines), ["breached_at"])


@transaction.atomic
def delete_lead(lead: Lead, *, by: Actor) -> Lead:
    """Delete softly: it leaves every list and its agent's load. Raises `LeadIsDeleted` the second time."""
    edit = LeadEdit(lead, by=by)
    edit_deletion(edit)
    return edit.write()


def edit_deletion(edit: LeadEdit, data: Mapping[str, Any] | None = None) -> None:
    images = edit.put(deleted_at=edit.at)
    edit.events.append(Event(events.LEAD_DELETED, edit.lead, edit.by, data=data or {}, images=images))


@transaction.atomic
def restore_lead(lead: Lead, *, by: Actor) -> Lead:
    """Undo a deletion; an open lead whose agent is full by now returns to the queue. Raises `Conflict`."""
    lead = lock_lead(lead, with_contact=True)
    if lead.deleted_at is None:
        raise Conflict("The lead is not deleted")
    if lead.merged_into_id is not None:
        raise Conflict("The lead was merged into another; undo the merge to have it back")
    if lead.contact.deleted_at is not None:
        raise Conflict("The lead's contact has been deleted")
    lead.deleted_at, lead.updated_at, lead.accept_due_at = None, now(), None
    if lead.is_open:
        from leads.assignment import keep_or_return

        keep_or_return(lead, by=by)
    lead.save(update_fields=["deleted_at", "updated_at", "accept_due_at"])
    record(events.LEAD_RESTORED, lead, by=by)
    return lead


@transaction.atomic
def add_note(lead: Lead, text: str, *, by: Actor) -> Note:
    """Write something down about the lead. Raises `LeadIsDeleted`."""
    if lead.deleted_at is not None:
        raise LeadIsDeleted
    note = Note(lead=lead, text=text, user=as_user(by))
    note.save(force_insert=True)
    record(events.LEAD_NOTE_ADDED, lead, by=by, data={"note_id": note.pk})
    return note
