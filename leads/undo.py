"""Undo: what a job changed is put back from the journal, object after object, by the rules of the actions.

Each field stands for itself: what still is as the job left it goes back to what it was, what has been changed since is
left and reported. The job that does it has a cursor and can be killed at any point (`crm/jobs`). What a job created is
taken back where nobody has worked on it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Q

from crm.audit.models import AuditEntry, JournalEntry
from crm.core.actors import Actor
from crm.jobs.kinds import Batch, Kind, RowProblem, register
from crm.jobs.models import Job
from leads import events
from leads.actions.putting_back import PutBack, put_back_contacts, put_back_leads
from leads.job_names import named
from leads.models import Lead, Strategy
from leads.routing.accepting import ACCEPTING

UNDO = "leads.undo"
BATCH = 500  # objects in one transaction
STEPS = ("lead", "contact")  # a contact that the job made can go once its leads are gone
SHARED_OUT = (
    events.LEAD_ASSIGNED, events.LEAD_REASSIGNED, events.LEAD_UNASSIGNED, events.LEAD_LEFT_UNASSIGNED,
    events.LEAD_UNACCEPTED,
)  # fmt: skip
CREATED = frozenset({events.LEAD_CREATED, events.CONTACT_CREATED})


@dataclass
class Images:
    """What the job did to one object: field → (what was there before it, what it left there)."""

    fields: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    created: bool = False

    def add(self, action: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
        """In the order of the events: the first before and the last after."""
        self.created = self.created or action in CREATED
        for name in after:
            first = self.fields[name][0] if name in self.fields else before.get(name)
            self.fields[name] = first, after[name]


def images_of(job_id: UUID, kind: str, ids: Collection[UUID]) -> dict[UUID, Images]:
    """Of these objects (leads, contacts), from the journal of the job; one query."""
    lines = JournalEntry.objects.filter(batch=job_id, object_type=kind, object_id__in=ids).order_by("pk")
    found: dict[UUID, Images] = {}
    for pk, action, before, after in lines.values_list("object_id", "entry__action", "before", "after"):
        found.setdefault(pk, Images()).add(action, before, after)
    return found


def objects_of(job_id: UUID, kind: str, after: UUID | None, limit: int) -> list[UUID]:
    """The next objects that the job touched, in the order of ids."""
    lines = JournalEntry.objects.filter(batch=job_id, object_type=kind)
    lines = lines if after is None else lines.filter(object_id__gt=after)
    return list(lines.order_by("object_id").values_list("object_id", flat=True).distinct()[:limit])


def touched_since(job_id: UUID, ids: Collection[UUID]) -> set[UUID]:
    """Which of them somebody has worked on, in what was not part of the job; a lead that was merely shared out, handed
    on or returned, and whose deadline came, is as it was brought in.
    """
    own = JournalEntry.objects.filter(batch=job_id, entry=OuterRef("pk"))
    others = AuditEntry.objects.filter(~Exists(own), object_id__in=ids).order_by()
    others = others.filter(~Q(action__in=SHARED_OUT) | Q(data__strategy=Strategy.CLAIM))  # who claims a lead works it
    others = others.exclude(action__startswith="lead.sla_")  # the clock's (`crm/sla/events.py`, a floor above)
    others = others.exclude(actor_kind="system", actor_label=ACCEPTING.name)  # the accept time is nobody's work
    return set(others.values_list("object_id", flat=True))


def run_batch(job: Job) -> Batch:
    """The next objects; leads first, then contacts. The cursor names the step and the last object."""
    undone = UUID(job.params["job_id"])
    if not job.cursor:  # the people whom it brought count too
        lines = JournalEntry.objects.filter(batch=undone, object_type__in=STEPS)
        job.total = lines.aggregate(objects=Count("object_id", distinct=True))["objects"]
    step, after = (job.cursor or {}).get("step", STEPS[0]), (job.cursor or {}).get("after")
    ids = objects_of(undone, step, UUID(after) if after else None, BATCH)
    result = _put_back(undone, step, ids, by=job.user) if ids else PutBack()
    return Batch(_cursor(step, ids), result.whole, _problems(result), _told(job, result))


def _put_back(undone: UUID, step: str, ids: Sequence[UUID], *, by: Any) -> PutBack:
    images = images_of(undone, step, ids)
    created = [pk for pk in ids if images[pk].created]
    touched = touched_since(undone, created) if created else set()
    wanted = {pk: images[pk].fields for pk in ids if not images[pk].created}
    put_back = put_back_leads if step == "lead" else put_back_contacts
    return put_back(wanted, created=created, touched=touched, undoes=undone, by=by)


def _cursor(step: str, ids: Sequence[UUID]) -> dict[str, Any] | None:
    if len(ids) == BATCH:
        return {"step": step, "after": str(ids[-1])}
    following = STEPS[STEPS.index(step) + 1 :]
    return {"step": following[0]} if following else None


def _problems(result: PutBack) -> list[RowProblem]:
    return [RowProblem(why, object_id=str(pk), data=data) for pk, why, data in result.left]


def _told(job: Job, result: PutBack) -> dict[str, Any]:
    """How many fields went back, and how many were left as they are, over all batches."""
    so_far = job.result
    return {
        "fields_put_back": so_far.get("fields_put_back", 0) + result.fields,
        "fields_left": so_far.get("fields_left", 0) + result.fields_left,
        "returned_to_queue": so_far.get("returned_to_queue", 0) + result.returned,
    }


# --- One change of one lead, made outside a job and kept as a batch of its own ---------------------------------------


def change_of(lead: Lead, change: UUID) -> dict[str, tuple[Any, Any]] | None:
    """What that change did to the lead, field by field; None where it did nothing to it, or made it."""
    images = images_of(change, "lead", [lead.pk]).get(lead.pk)
    return None if images is None or images.created else images.fields


def take_back(lead: Lead, images: Mapping[str, tuple[Any, Any]], change: UUID, *, by: Actor) -> PutBack:
    """As a job's changes are taken back: what has been changed since stays and is reported."""
    return put_back_leads({lead.pk: images}, undoes=change, by=by)


register(Kind(UNDO, "Undo", "leads.update", run_batch, named=named))
