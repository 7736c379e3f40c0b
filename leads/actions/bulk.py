"""Many leads at once: changed or deleted by the rules of the single verbs, in a constant number of statements.

What is refused for one lead leaves the others alone and is reported. Each 1,000 leads are one transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils.timezone import now

from crm.core.actors import Actor
from crm.core.collector import uncollected
from crm.core.errors import Refused
from leads.actions.editing import LeadEdit, outcome_named
from leads.actions.leads import PLAIN_FIELDS, edit_deletion, edit_lead
from leads.actions.writing import Locked, write_edits
from leads.assignment.bulk import NO_SUCH_LEAD, Failure
from leads.errors import LeadMoved
from leads.models import Lead
from leads.reach import refuse_too_far

BATCH = 1000
MOST_TAGS = 100
BULK_FIELDS = (*PLAIN_FIELDS, "priority", "stage", "stage_reason", "status", "disposition")
STATE_FIELDS = (
    "agent", "status", "stage", "stage_changed_at", "disposition", "attempts_count", "assigned_at", "deadline",
    "first_response_at", "accept_due_at", "closed_at", "is_duplicate", "updated_at", "deleted_at",
)  # fmt: skip
# What may open a lead again, or touches its contact.
LIFECYCLE = frozenset({"stage", "status", "disposition"})


@dataclass
class Changed:
    """What became of the leads that were given, each named once."""

    done: list[UUID] = field(default_factory=list)
    failed: list[Failure] = field(default_factory=list)
    returned: list[UUID] = field(default_factory=list)  # of `done`: opened again, and their agent is full


def update_many(
    leads: QuerySet[Lead] | Iterable[UUID | str],
    changes: Mapping[str, Any],
    *,
    by: Actor,
    within: QuerySet[Lead] | None = None,
) -> Changed:
    """Change the named fields (`BULK_FIELDS`) of all these leads, as `update_lead` changes one.

    `add_tags` puts tags beside those that each lead has.
    `leads`: ids (a malformed, unknown or deleted one fails alone), or a queryset, which is read batch by batch.
    `within` limits ids to what the asker may change. Raises `InvalidField` for a disposition that the company lacks,
    and for a call in a hundred years.
    """
    outcome = outcome_named(changes.get("disposition"))
    given = {name: value for name, value in changes.items() if name in BULK_FIELDS}
    added = changes.get("add_tags") or []
    refuse_too_far(given.get("schedule_at"))

    def change(edit: LeadEdit) -> None:
        edit_lead(edit, {**given, "tags": with_tags(edit.lead.tags, added)} if added else given, outcome)

    read = {"priority", "tags", *(name for name in PLAIN_FIELDS if name in given), *STATE_FIELDS}
    return _Work(by, change, sorted(read), bool(LIFECYCLE & given.keys())).run(leads, within)


def delete_many(
    leads: QuerySet[Lead] | Iterable[UUID | str], *, by: Actor, within: QuerySet[Lead] | None = None
) -> Changed:
    """Delete all these leads softly, as `delete_lead` deletes one; arguments as for `update_many`."""
    return _Work(by, edit_deletion, STATE_FIELDS, False).run(leads, within)


@dataclass
class _Work:
    """One call, batch after batch. `lifecycle`: contacts are locked as well, and what opens again needs room."""

    by: Actor
    change: Callable[[LeadEdit], None]
    fields: Iterable[str]
    lifecycle: bool
    changed: Changed = field(default_factory=Changed)

    def run(self, leads: QuerySet[Lead] | Iterable[UUID | str], within: QuerySet[Lead] | None) -> Changed:
        if isinstance(leads, QuerySet):
            batches, within = _pages(leads.filter(deleted_at__isnull=True)), leads
        else:
            batches = _batches(leads)
        for batch in batches:
            with transaction.atomic(), uncollected():
                self._do(batch, Lead.objects.all() if within is None else within)
        return self.changed

    def _do(self, names: Sequence[UUID | str], within: QuerySet[Lead]) -> None:
        ids = [name for name in names if isinstance(name, UUID)]
        rows = within.filter(deleted_at__isnull=True, pk__in=ids)
        locked = Locked(rows, contacts=self.lifecycle, holders_too=self.lifecycle, fields=tuple(self.fields))
        edits, at = [], now()
        for name in names:
            try:
                edit = self._edit(name, locked, at)
            except Refused as refusal:
                self.changed.failed.append(Failure(name, refusal.message))
            else:
                edits.append(edit)
        returned = write_edits(edits, locked)
        self.changed.done += [edit.lead.pk for edit in edits]
        self.changed.returned += [edit.lead.pk for edit in returned]

    def _edit(self, name: UUID | str, locked: Locked, at: datetime) -> LeadEdit:
        lead = locked.leads.get(name) if isinstance(name, UUID) else None
        if lead is None:
            raise LeadMoved if any(row.pk == name for row in locked.moved) else Refused(NO_SUCH_LEAD)
        edit = LeadEdit(lead, by=self.by, locked=True, at=at, find=locked.find_outcome)
        self.change(edit)
        return edit


def with_tags(tags: Iterable[str], added: Iterable[str]) -> list[str]:
    """Raises `Refused` for more than a lead may have."""
    both = list(dict.fromkeys([*tags, *added]))
    if len(both) > MOST_TAGS:
        raise Refused(f"A lead has at most {MOST_TAGS} tags")
    return both


def as_id(name: UUID | str) -> UUID | str:
    """The id that a text means; what is malformed stays as it was given."""
    if isinstance(name, UUID):
        return name
    try:
        return UUID(name)
    except (ValueError, TypeError, AttributeError):
        return name if isinstance(name, str) else str(name)


def _batches(names: Iterable[UUID | str]) -> Iterator[list[UUID | str]]:
    """Each once, in the order given."""
    wanted = iter(dict.fromkeys(map(as_id, names)))
    while batch := list(islice(wanted, BATCH)):
        yield batch


def _pages(leads: QuerySet[Lead]) -> Iterator[list[UUID | str]]:
    """In the order of ids, behind the last one: what a batch changes does not shift the next."""
    last: UUID | None = None
    ordered = leads.order_by("pk").values_list("pk", flat=True)
    while ids := list((ordered if last is None else ordered.filter(pk__gt=last))[:BATCH]):
        last = ids[-1]
        yield [*ids]
