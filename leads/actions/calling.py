"""When a lead is called next, and what a call does to it; calls themselves stand on a higher floor."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from crm.audit.recording import record_many
from crm.core.actors import Actor
from crm.core.bulk_rows import update_rows
from crm.core.tenancy import TenantQuerySet
from leads import events
from leads.actions.editing import LeadEdit
from leads.models import Lead, Status


@transaction.atomic
def put_at_front(lead: Lead, at: datetime, *, by: Actor, held_until: datetime | None = None) -> Lead:
    """Call it from `at` on before all others, past the agent's hours and the retry delay; not before `held_until`."""
    edit = LeadEdit(lead, by=by)
    moments = {"schedule_at": at, "next_attempt_at": None, "held_until": held_until, "front_at": at}
    edit.tell(events.LEAD_CALL_SCHEDULED, edit.put(**moments))
    return edit.write()


def put_many_at_front(held_until: Mapping[Lead, datetime | None], at: datetime, *, by: Actor) -> None:
    """`put_at_front` for leads that are locked and as they are now; one statement, and those of the log."""
    edits = [LeadEdit(lead, by=by, locked=True) for lead in held_until]
    for edit in edits:
        moments = {"schedule_at": at, "next_attempt_at": None, "held_until": held_until[edit.lead], "front_at": at}
        edit.tell(events.LEAD_CALL_SCHEDULED, edit.put(**moments))
        edit.lead.updated_at = edit.at
    touched = [edit.lead for edit in edits if edit.touched]
    update_rows(Lead, touched, ("schedule_at", "next_attempt_at", "held_until", "front_at", "updated_at"))
    record_many([event for edit in edits for event in edit.events])


def record_attempt(edit: LeadEdit) -> None:
    """A call was placed: one attempt more, no longer at the front, and the first response where none was before."""
    edit.put(attempts_count=edit.lead.attempts_count + 1, front_at=None, held_until=None)
    edit.tell(events.LEAD_RESPONDED, edit.worked(started=True))
    if edit.lead.status == Status.NEW:
        edit.put(status=Status.IN_PROGRESS)


def retry_at(edit: LeadEdit, at: datetime | None) -> None:
    """The next attempt is due then; no earlier schedule stands in its way."""
    edit.put(next_attempt_at=at, front_at=None)


def hold_leads(until: Mapping[datetime, Sequence[UUID]]) -> None:
    """No call before these moments: what the contact gate said, kept so that it is not asked every minute.

    One statement for each moment; no event, for nobody did anything.
    """
    for moment, ids in until.items():
        Lead.objects.filter(pk__in=ids).update(held_until=moment)


def release_holds(leads: TenantQuerySet[Lead]) -> int:
    """What the gate had said may no longer hold: it is asked again; how many leads were held."""
    return leads.filter(held_until__isnull=False).update(held_until=None)


def held_of(contact_ids: Iterable[UUID]) -> TenantQuerySet[Lead]:
    return Lead.objects.open().filter(contact_id__in=[*contact_ids])
