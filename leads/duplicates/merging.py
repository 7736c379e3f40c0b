"""Two contacts made into one: leads and all that hangs on the other go along, and nothing of it is lost.

The other's row stays, deleted, pointing at the survivor, with the phone number and e-mail address that this one does
not have: who is known by them is still found (`leads/actions/matching.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.timezone import now

from crm.audit.recording import Event, record_many
from crm.core.actors import Actor, as_user
from crm.core.bulk_rows import update_rows
from crm.core.errors import MissingField
from leads import events
from leads.actions.contacts import Changes, differing, save_contact
from leads.actions.editing import LeadEdit
from leads.duplicates.choosing import contact_choices
from leads.duplicates.errors import CannotMerge
from leads.duplicates.finding import keep_pairs, ordered
from leads.duplicates.merging_leads import Merged, absorb, values_of, write
from leads.duplicates.models import DuplicatePair, FoundBy, PairState
from leads.duplicates.moves import move_rows
from leads.models import Contact, Lead

ITSELF = "A contact can't be merged with itself"
GONE = "One of the two contacts has been deleted or merged meanwhile"
PAIRS = "pairs"  # the image that names the pairs that were decided by it
REACHED_BY = ("phone_e164", "email")
CONSENT = ("opt_in_status", "do_not_contact")


@dataclass
class LeadPlan:
    """What becomes of the other contact's leads."""

    moved: list[Lead] = field(default_factory=list)
    merged: list[tuple[Lead, Lead]] = field(default_factory=list)  # (stays, goes): one open lead for an agent
    flagged: list[Lead] = field(default_factory=list)  # of `moved`: open, beside another open lead


def plan_leads(leads: Iterable[Lead], this: Contact) -> LeadPlan:
    """An agent who holds an open lead of each keeps the survivor's; all others stay leads of their own."""
    plan, leads = LeadPlan(), list(leads)
    mine = [lead for lead in leads if lead.contact_id == this.pk]
    held = {lead.agent_id: lead for lead in mine if lead.is_open and lead.agent_id}
    beside = any(lead.is_open for lead in mine)
    for lead in (lead for lead in leads if lead.contact_id != this.pk):
        twin = held.get(lead.agent_id) if lead.is_open and lead.agent_id else None
        if twin is not None:
            plan.merged.append((twin, lead))
            continue
        plan.moved.append(lead)
        if lead.is_open and beside and not lead.is_duplicate:
            plan.flagged.append(lead)
    return plan


@transaction.atomic
def merge_contacts(this: Contact, other: Contact, *, by: Actor, fields: Mapping[str, str] | None = None) -> Merged:
    """`this` stays; `other` leaves every list and points at it.

    `fields`: field → `this` or `other`; what is not named is filled or united, consent is the stricter of the two.
    Raises `CannotMerge`, `NoSuchChoice`, `MissingField` where no way to reach them would be left. Locks: both contacts
    in the order of ids, then their leads.
    """
    this, other = lock_both(this, other)
    values = values_of(contact_choices(this, other, fields or {}))
    if not values["phone_e164"] and not values["email"]:
        raise MissingField("fields", "A contact needs a phone number or an e-mail address")
    leads = lock_leads_of(this, other)
    at, done = now(), Merged()
    gone = _leave(this, other, values, at)
    consent = {
        name: (getattr(this, name), values[name]) for name in CONSENT
    }  # kept, so that undo knows what came since
    changes = differing(this, values)
    save_contact(this, changes)
    edits = _take_leads(this, other, plan_leads(leads, this), by, at, done)
    write(edits, at)
    carried = done.carried(move_rows(Contact, other.pk, this.pk))
    images = {**carried, **consent, **_settle_pairs(this, other, by, at)}
    told = {"other_id": other.pk, "leads_moved": done.leads_moved, "leads_merged": done.leads_merged}
    record_many(
        [
            Event(events.CONTACT_MERGED, this, by, changes, told, images=images),
            Event(events.CONTACT_MERGED_AWAY, other, by, data={"into_id": this.pk}, images=gone),
            *(event for edit in edits for event in edit.events),
        ]
    )
    return done


def lock_both(this: Contact, other: Contact) -> tuple[Contact, Contact]:
    """One after the other, in the order of ids: PostgreSQL keeps the lock of a row that stopped to be alive while it
    was waited for, and whoever merges its survivor on holds that and wants it; so nothing is waited for behind it."""
    if this.pk == other.pk:
        raise CannotMerge(ITSELF)
    found: dict[UUID, Contact] = {}
    for pk in sorted((this.pk, other.pk)):
        row = Contact.objects.alive().filter(pk=pk).select_for_update(no_key=True).first()
        if row is None:
            raise CannotMerge(GONE)
        found[pk] = row
    return found[this.pk], found[other.pk]


def lock_leads_of(this: Contact, other: Contact) -> list[Lead]:
    """All of both, deleted ones too: what happened to them goes along."""
    rows = Lead.objects.filter(contact__in=[this, other]).select_related("vendor").order_by("pk")
    return list(rows.select_for_update(of=("self",), no_key=True))


def _leave(this: Contact, other: Contact, values: Mapping[str, Any], at: datetime) -> Changes:
    """Take the other out of every list, first of all: only then its phone and e-mail are free for the survivor."""
    kept = {
        name: getattr(this, name)
        for name in REACHED_BY
        if getattr(this, name) and values[name] != getattr(this, name)  # what the survivor gives up
    }
    images = differing(other, {**kept, "deleted_at": at, "merged_into": this})
    images["merged_into"] = (None, this.pk)
    other.search_text, other.updated_at = other.searchable, at
    other.save(update_fields=[*images, "search_text", "updated_at"])
    return images


def _take_leads(
    this: Contact, other: Contact, plan: LeadPlan, by: Actor, at: datetime, done: Merged
) -> Sequence[LeadEdit]:
    edits: list[LeadEdit] = []
    standing = plan.moved + [stays for stays, _ in plan.merged]
    for stays, goes in plan.merged:
        stays.search_text, stays.last_name_key = this.search_text, this.sort_key
        images = _moved(goes, this, other)
        beside = any(lead.is_open and lead is not stays for lead in standing)
        pair = absorb(stays, goes, {}, by=by, at=at, done=done, beside=beside, images=images)
        pair[1].touched |= MOVED_FIELDS
        edits += pair
    for lead in plan.moved:
        edit = LeadEdit(lead, by=by, locked=True, at=at, deleted_too=True)
        images = _moved(lead, this, other) | (edit.put(is_duplicate=True) if lead in plan.flagged else {})
        edit.touched |= MOVED_FIELDS
        data = {"from_contact_id": other.pk, "contact_id": this.pk}
        edit.events.append(Event(events.LEAD_MOVED, lead, by, data=data, images=images))
        edits.append(edit)
    done.leads_moved, done.leads_merged = len(plan.moved), len(plan.merged)
    return edits


MOVED_FIELDS = frozenset({"contact", "search_text", "last_name_key"})


def _moved(lead: Lead, this: Contact, other: Contact) -> Changes:
    """To the survivor, with what a lead is searched and sorted by."""
    lead.contact, lead.search_text, lead.last_name_key = this, this.search_text, this.sort_key
    return {"contact": (other.pk, this.pk)}


def _settle_pairs(this: Contact, other: Contact, by: Actor, at: datetime) -> Changes:
    """Of these two it is decided; whoever may have been the other may be the survivor now."""
    rows = DuplicatePair.objects.of([other.pk]).exclude(state=PairState.MERGED).order_by("pk")
    both = ordered(this.pk, other.pk)
    pairs = [
        pair
        for pair in rows.select_for_update(no_key=True)
        if pair.state == PairState.OPEN or (pair.first_id, pair.second_id) == both
    ]
    found = {}
    for pair in pairs:
        third = pair.second_id if pair.first_id == other.pk else pair.first_id
        if third != this.pk:
            found[ordered(this.pk, third)] = pair.reasons
        pair.state, pair.decided_at, pair.decided_by = PairState.MERGED, at, as_user(by)
    update_rows(DuplicatePair, pairs, ("state", "decided_at", "decided_by"))
    keep_pairs(found, found_by=FoundBy.MERGE)
    ids = [pair.pk for pair in pairs]
    return {PAIRS: (ids, ids)} if ids else {}
