"""A merge taken back from the journal: who was merged away stands there again with what came along from it.

Each field of the survivor stands for itself: what is as the merge left it goes back, what was changed since is left and
reported. Leads and rows that have been moved on since stay where they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.timezone import now

from crm.audit.recording import Event, record_many
from crm.core.actors import Actor
from leads import events
from leads.actions.contacts import CONTACT_FIELDS, Changes, differing
from leads.actions.editing import LeadEdit
from leads.actions.putting_back import REACHED_BY, PutBack, taken_by_others
from leads.actions.writing import Locked, write_edits
from leads.dispositions import DO_NOT_CALL
from leads.duplicates.merging import PAIRS
from leads.duplicates.models import DuplicatePair, PairState
from leads.duplicates.moves import PREFIX, move_back, rows_of
from leads.models import Contact, Lead, OptIn
from leads.stored_values import is_same, read_value

Images = Mapping[str, tuple[Any, Any]]
AWAY = "merged_into"
LATER = "Left as it is: it has been merged into another, deleted or restored since. Take that back first"
UNREACHABLE = "Left as it is: other contacts have its phone number and e-mail address by now"
TAKEN = "Another contact has its {} by now"
ELSEWHERE = "Stays where it is: it has been moved or merged since"


@transaction.atomic
def part_contacts(contacts: Mapping[UUID, Images], leads: Mapping[UUID, Images], *, undoes: UUID, by: Actor) -> PutBack:
    """`contacts`, `leads`: object → field → (before, after), as the merge left them."""
    result = PutBack()
    away = next(pk for pk, images in contacts.items() if AWAY in images)
    this, other = _locked(UUID(contacts[away][AWAY][1]), away)
    if this.deleted_at is not None or other.merged_into_id != this.pk:
        result.tell(away, 0, [], [LATER])
        return result
    work = _Parting(this, other, result, undoes, by, [*leads])
    if work.part(contacts.get(this.pk, {}), contacts[away]):
        part_leads(leads, undoes=undoes, by=by, result=result, people={this.pk: this, other.pk: other})
    return result


def _locked(this: UUID, other: UUID) -> tuple[Contact, Contact]:
    """The survivor first: whoever merges it on wants the row of the other after it."""
    rows = Contact.objects.select_for_update(no_key=True)
    return rows.get(pk=this), rows.get(pk=other)


class _Parting:
    """The two persons; both are locked."""

    def __init__(
        self, this: Contact, other: Contact, result: PutBack, undoes: UUID, by: Actor, leads: Sequence[UUID]
    ) -> None:
        self.this, self.other, self.result, self.undoes, self.by, self.at = this, other, result, undoes, by, now()
        own = Lead.objects.alive().filter(contact=this, disposition=DO_NOT_CALL).exclude(pk__in=leads)
        self.is_bound = this.do_not_contact and own.exists()  # by a lead of its own, whatever the merge said

    def part(self, mine: Images, theirs: Images) -> bool:
        """Whether the other could be restored."""
        back, left = self._split(mine)
        reach, lost = self._reach_of_other(theirs, back)
        if not any(reach.values()):
            self.result.tell(self.other.pk, 0, [], [UNREACHABLE])
            return False
        changes = differing(self.this, back)
        restored = differing(self.other, {**reach, **self._said_since(mine), "deleted_at": None, AWAY: None})
        self._write(changes, restored)
        for name, ids in rows_of(mine).items():
            move_back(name, ids, self.this.pk, self.other.pk)
        self._open_pairs(mine)
        self._tell(changes, restored)
        self.result.tell(self.this.pk, len(changes), left)
        self.result.tell(self.other.pk, len(restored), [], [TAKEN.format(words) for words in lost])
        return True

    def _split(self, mine: Images) -> tuple[dict[str, Any], list[str]]:
        """What of the survivor goes back, and what was changed since; it keeps a way to be reached."""
        known = {name: pair for name, pair in mine.items() if name in CONTACT_FIELDS and pair[0] != pair[1]}
        same = {name for name, (_, after) in known.items() if is_same(self.this, name, after)}
        same -= {"do_not_contact"} if self.is_bound else set()
        same -= taken_by_others({self.this.pk: known}, beside=self.other.pk).get(self.this.pk, {}).keys()
        left = [n for n, (before, _) in known.items() if n not in same and not is_same(self.this, n, before)]
        back = {name: read_value(Contact, name, known[name][0]) for name in same}
        if not any(back.get(name, getattr(self.this, name)) for name in REACHED_BY):
            left += [name for name in REACHED_BY if back.pop(name, None) is not None]
        return back, left

    def _reach_of_other(self, theirs: Images, back: Mapping[str, Any]) -> tuple[dict[str, str], list[str]]:
        """Its phone and e-mail as far as nobody else has them by now, and the words for what somebody has."""
        wanted = {name: str(theirs[name][0] if name in theirs else getattr(self.other, name)) for name in REACHED_BY}
        images = {name: (value, None) for name, value in wanted.items()}
        taken = taken_by_others({self.other.pk: images}, beside=self.this.pk).get(self.other.pk, {})
        kept = {name: back.get(name, getattr(self.this, name)) for name in REACHED_BY}
        lost = [name for name, value in wanted.items() if value and (name in taken or kept[name] == value)]
        words = {"phone_e164": "phone number", "email": "e-mail address"}
        return {n: "" if n in lost else v for n, v in wanted.items()}, [words[name] for name in lost]

    def _said_since(self, mine: Images) -> dict[str, Any]:
        """A refusal since the merge was said by one of the two: nobody knows by whom, so it binds both."""
        said: dict[str, Any] = {}
        if self.this.do_not_contact and not mine["do_not_contact"][1]:
            said["do_not_contact"] = True
        if self.this.opt_in_status == OptIn.OPTED_OUT and mine["opt_in_status"][1] != OptIn.OPTED_OUT:
            said["opt_in_status"] = OptIn.OPTED_OUT
        return said

    def _write(self, changes: Changes, restored: Changes) -> None:
        """The survivor first: what it gives up is free for the other then."""
        for contact, names in ((self.this, changes), (self.other, restored)):
            contact.search_text, contact.updated_at = contact.searchable, self.at
            contact.save(update_fields=[*names, "search_text", "updated_at"])
        Lead.objects.filter(contact=self.this).update(
            search_text=self.this.search_text, last_name_key=self.this.sort_key, updated_at=self.at
        )

    def _open_pairs(self, mine: Images) -> None:
        ids = mine.get(PAIRS, ((), ()))[0]
        pairs = DuplicatePair.objects.filter(pk__in=ids, state=PairState.MERGED)
        pairs.update(state=PairState.OPEN, decided_at=None, decided_by=None)

    def _tell(self, changes: Changes, restored: Changes) -> None:
        data = {"undoes": self.undoes}
        images = {name: pair for name, pair in restored.items() if name != AWAY}
        images[AWAY] = (self.this.pk, None)
        record_many(
            [
                Event(events.CONTACT_MERGE_UNDONE, self.this, self.by, changes, {**data, "other_id": self.other.pk}),
                Event(events.CONTACT_RESTORED, self.other, self.by, data=data, images=images),
            ]
        )


def part_leads(
    wanted: Mapping[UUID, Images],
    *,
    undoes: UUID,
    by: Actor,
    result: PutBack | None = None,
    people: Mapping[UUID, Contact] | None = None,
) -> PutBack:
    """Leads that were moved go back to their contact, those that were merged away stand there again.

    One that opens again stays with its agent where that has room, else it returns to the queue, as ever.
    """
    result = PutBack() if result is None else result
    with transaction.atomic():
        locked = Locked(Lead.objects.filter(pk__in=list(wanted)), contacts=True, holders_too=True)
        work = _Leads(locked, wanted, dict(people or {}), undoes, by, result)
        edits = work.run()
        result.returned += len(write_edits(edits, locked, room=work.room()))
    return result


class _Leads:
    def __init__(
        self,
        locked: Locked,
        wanted: Mapping[UUID, Images],
        people: Mapping[UUID, Contact],
        undoes: UUID,
        by: Actor,
        result: PutBack,
    ) -> None:
        self.locked, self.wanted, self.people, self.result = locked, wanted, people, result
        self.undoes, self.by, self.at = undoes, by, now()

    def room(self) -> Any:
        """Asked before anything is written, for the contacts to which they go."""
        return self._room

    def run(self) -> list[LeadEdit]:
        from leads.assignment.returning import Room

        self._room = Room(self.locked.agents, {*self.people, *(lead.contact_id for lead in self.locked.leads.values())})
        edits, gone = [], self._gone()
        for pk, images in self.wanted.items():
            if pk in gone:
                self.result.tell(pk, 0, [], [ELSEWHERE])
            else:
                edits.append(self._back(self.locked.leads[pk], images))
        return edits

    def _gone(self) -> set[UUID]:
        """Those that are not where the merge left them, and the leads that had taken them in."""
        gone = {pk for pk, images in self.wanted.items() if not self._is_where_it_was_left(pk, images)}
        return gone | {UUID(self.wanted[pk][AWAY][1]) for pk in gone if AWAY in self.wanted[pk]} & self.wanted.keys()

    def _is_where_it_was_left(self, pk: UUID, images: Images) -> bool:
        lead = self.locked.leads.get(pk)
        if lead is None or (AWAY in images and str(lead.merged_into_id) != images[AWAY][1]):
            return False
        return "contact" not in images or str(lead.contact_id) == images["contact"][1]

    def _back(self, lead: Lead, images: Images) -> LeadEdit:
        edit = LeadEdit(lead, by=self.by, locked=True, at=self.at, deleted_too=True)
        fields = {n: pair for n, pair in images.items() if n not in ("contact", AWAY) and not n.startswith(PREFIX)}
        same = {name for name, (_, after) in fields.items() if is_same(lead, name, after)}
        left = [n for n, (before, _) in fields.items() if n not in same and not is_same(lead, n, before)]
        changes = edit.put(**{name: read_value(Lead, name, fields[name][0]) for name in same if name != "vendor"})
        if "vendor" in same:
            changes |= edit.put(vendor_id=read_value(Lead, "vendor", fields["vendor"][0]))
        moved = self._move(edit, images)
        for name, ids in rows_of(images).items():
            self._rows_back(lead, name, ids)
        self._tell(edit, changes, moved, images)
        self.result.tell(lead.pk, len(changes) + len(moved), left)
        return edit

    def _move(self, edit: LeadEdit, images: Images) -> Changes:
        moved: Changes = {}
        lead = edit.lead
        if AWAY in images:
            edit.put(merged_into=None)
            moved[AWAY] = (images[AWAY][1], None)
        if "contact" in images and (person := self.people.get(UUID(images["contact"][0]))) is not None:
            moved["contact"] = (lead.contact_id, person.pk)
            edit.put(contact=person)
        person = self.people.get(lead.contact_id)
        if person is not None:
            edit.put(search_text=person.search_text, last_name_key=person.sort_key)
        return moved

    def _rows_back(self, lead: Lead, name: str, ids: Sequence[str]) -> None:
        """To the lead that this one had taken in."""
        other = next(pk for pk, images in self.wanted.items() if AWAY in images and images[AWAY][1] == str(lead.pk))
        move_back(name, ids, lead.pk, other)

    def _tell(self, edit: LeadEdit, changes: Changes, moved: Changes, images: Images) -> None:
        data = {"undoes": self.undoes}
        deleted: Changes = {name: changes.pop(name) for name in ("deleted_at", "is_duplicate") if name in changes}
        if AWAY in images:
            edit.events.append(Event(events.LEAD_RESTORED, edit.lead, self.by, changes, data, images=deleted | moved))
        elif "contact" in images:
            edit.events.append(Event(events.LEAD_MOVED, edit.lead, self.by, changes, data, images=deleted | moved))
        elif changes or deleted:
            edit.events.append(Event(events.LEAD_UPDATED, edit.lead, self.by, changes, data, images=deleted))
