"""A merge as a job that is over when the request ends: it stands under Jobs and can be taken back like any."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from crm.accounts.models import User
from crm.core.errors import Conflict
from crm.jobs.kinds import Batch, RowProblem
from crm.jobs.models import Job
from crm.jobs.running import do_now
from leads.actions.putting_back import PutBack
from leads.duplicates.merging import merge_contacts
from leads.duplicates.merging_leads import Merged, merge_leads
from leads.duplicates.parting import part_contacts, part_leads
from leads.models import Contact, Lead
from leads.undo import images_of, objects_of

CONTACTS, LEADS, UNDO = "contacts.merge", "leads.merge", "duplicates.undo_merge"
MERGES = (CONTACTS, LEADS)
MOST_LEADS = 10_000  # of one contact, taken back in one transaction
FORGOTTEN = "What the merge did is not known any more: the journal of it has been erased"


def merge_contacts_now(
    this: Contact, other: Contact, *, by: User, fields: Mapping[str, str] | None = None
) -> tuple[Job, Merged]:
    """`merge_contacts`, to be undone for 30 days."""
    named = {"contact_id": str(this.pk), "other_id": str(other.pk)}
    return _now(CONTACTS, named, lambda: merge_contacts(this, other, by=by, fields=fields), by, "Merge two contacts")


def merge_leads_now(
    this: Lead, other: Lead, *, by: User, fields: Mapping[str, str] | None = None
) -> tuple[Job, Merged]:
    """`merge_leads`, to be undone for 30 days."""
    named = {"lead_id": str(this.pk), "other_id": str(other.pk)}
    return _now(LEADS, named, lambda: merge_leads(this, other, by=by, fields=fields), by, "Merge two leads")


def _now(kind: str, named: Mapping[str, Any], work: Any, by: User, title: str) -> tuple[Job, Merged]:
    done = Merged()

    def run() -> Batch:
        nonlocal done
        done = work()
        counts = {"leads_moved": done.leads_moved, "leads_merged": done.leads_merged, "rows_moved": done.rows}
        return Batch(None, 1, result={**named, **counts})

    return do_now(kind, named, run, by=by, title=title), done


def undo_batch(job: Job) -> Batch:
    """All of it in one transaction: a merge is one person or one lead. Raises `Conflict` where it is not known."""
    undone = UUID(job.params["job_id"])
    contacts, leads = _images(undone, "contact"), _images(undone, "lead")
    if contacts:
        result = part_contacts(contacts, leads, undoes=undone, by=job.user)
    elif leads:
        result = part_leads(leads, undoes=undone, by=job.user)
    else:
        raise Conflict(FORGOTTEN)
    problems = [RowProblem(why, object_id=str(pk), data=data) for pk, why, data in result.left]
    return Batch(None, result.whole, problems, _told(result))


def _images(undone: UUID, kind: str) -> dict[UUID, dict[str, tuple[Any, Any]]]:
    ids = objects_of(undone, kind, None, MOST_LEADS)
    return {pk: images.fields for pk, images in images_of(undone, kind, ids).items()} if ids else {}


def _told(result: PutBack) -> dict[str, int]:
    return {
        "fields_put_back": result.fields,
        "fields_left": result.fields_left,
        "returned_to_queue": result.returned,
    }
