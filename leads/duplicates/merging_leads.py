"""Two leads of one contact made into one: what hangs on the other goes along, and nothing of it is lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.timezone import now

from crm.audit.recording import Event, record_many
from crm.core.actors import Actor
from crm.core.bulk_rows import update_rows
from leads import events
from leads.actions.contacts import lock_contact
from leads.actions.editing import LeadEdit
from leads.duplicates.choosing import Chosen, lead_choices
from leads.duplicates.errors import CannotMerge
from leads.duplicates.moves import move_rows
from leads.models import Contact, Lead

ITSELF = "A lead can't be merged with itself"
STRANGERS = "The two leads are of different contacts: merge the contacts first"
GONE = "One of the two leads has been deleted or merged meanwhile"
CLOSED = "The lead that would stay is closed and the other is open: let the open one stay"


@dataclass
class Merged:
    """What a merge did. `rows`: how many notes, calls and the like were carried over."""

    leads_moved: int = 0
    leads_merged: int = 0
    rows: int = 0

    def carried(self, rows: Mapping[str, Sequence[UUID]]) -> dict[str, tuple[Any, Any]]:
        """Count them, and give them as images for the journal."""
        self.rows += sum(map(len, rows.values()))
        return {name: (list(ids), list(ids)) for name, ids in rows.items()}


@transaction.atomic
def merge_leads(this: Lead, other: Lead, *, by: Actor, fields: Mapping[str, str] | None = None) -> Merged:
    """`this` stays, with its state, holder and clock; `other` leaves every list and points at it.

    `fields`: field → `this` or `other`; what is not named is filled or united. Raises `CannotMerge`, `NoSuchChoice`.
    """
    refuse_strangers(this, other)
    lock_contact(Contact(pk=this.contact_id))
    this, other = _locked(this, other)
    refuse_impossible(this, other)
    at, done = now(), Merged(leads_merged=1)
    beside = Lead.objects.open().filter(contact=this.contact_id).exclude(pk__in=[this.pk, other.pk]).exists()
    edits = absorb(this, other, fields or {}, by=by, at=at, done=done, beside=beside)
    write(edits, at)
    record_many([event for edit in edits for event in edit.events])
    return done


def refuse_strangers(this: Lead, other: Lead) -> None:
    if this.pk == other.pk:
        raise CannotMerge(ITSELF)
    if this.contact_id != other.contact_id:
        raise CannotMerge(STRANGERS)


def refuse_impossible(this: Lead, other: Lead) -> None:
    refuse_strangers(this, other)
    if this.deleted_at is not None or other.deleted_at is not None:
        raise CannotMerge(GONE)
    if other.is_open and not this.is_open:
        raise CannotMerge(CLOSED)


def _locked(this: Lead, other: Lead) -> tuple[Lead, Lead]:
    """As they are now, in the order of ids."""
    rows = Lead.objects.filter(pk__in=[this.pk, other.pk]).select_related("vendor").order_by("pk")
    found = {lead.pk: lead for lead in rows.select_for_update(of=("self",), no_key=True)}
    return found[this.pk], found[other.pk]


def absorb(
    this: Lead,
    other: Lead,
    given: Mapping[str, str],
    *,
    by: Actor,
    at: datetime,
    done: Merged,
    beside: bool,
    images: Mapping[str, Any] | None = None,
) -> list[LeadEdit]:
    """Change both in memory, move what hangs on the other, and gather the events; the caller writes.

    `beside`: whether a third open lead of the contact is there. `images`: what else the caller changed of the other.
    """
    stays = LeadEdit(this, by=by, locked=True, at=at)
    changes = stays.put(**values_of(lead_choices(this, other, given)))
    rows = done.carried(move_rows(Lead, other.pk, this.pk))
    kept = rows | (stays.put(is_duplicate=False) if this.is_duplicate and not beside else {})
    stays.events.append(Event(events.LEAD_MERGED, this, by, changes, {"other_id": other.pk}, images=kept))
    goes = LeadEdit(other, by=by, locked=True, at=at)
    left = dict(images or {}) | goes.put(deleted_at=at, merged_into=this)
    goes.events.append(Event(events.LEAD_MERGED_AWAY, other, by, data={"into_id": this.pk}, images=left))
    return [stays, goes]


def values_of(chosen: Sequence[Chosen]) -> dict[str, Any]:
    return {one.name: one.result for one in chosen}


def write(edits: Sequence[LeadEdit], at: datetime) -> None:
    """One statement."""
    touched = [edit for edit in edits if edit.touched]
    for edit in touched:
        edit.lead.updated_at = at
    update_rows(Lead, [e.lead for e in touched], {name for e in touched for name in e.touched} | {"updated_at"})
