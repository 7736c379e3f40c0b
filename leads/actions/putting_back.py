"""Many leads or contacts put back to what the journal says they were: what was changed since stays and is reported.

A lead that opens again or goes back to an agent needs room there, as ever.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.timezone import now

from crm.audit.recording import Event, record_many
from crm.core.actors import Actor
from crm.core.bulk_rows import update_rows
from leads import events
from leads.actions.contacts import CONTACT_FIELDS, differing
from leads.actions.editing import Changes, LeadEdit
from leads.actions.leads import edit_deletion
from leads.actions.writing import Locked, write_edits
from leads.dispositions import DO_NOT_CALL
from leads.models import CLOSED_STAGES, Assignment, Contact, Lead, Status
from leads.stored_values import is_same, read_value

Images = Mapping[str, tuple[Any, Any]]
BOUND = "contact.do_not_contact"
HOLDING = ("agent", "assigned_at", "deadline", "first_response_at", "is_duplicate")
PERSON = "contact."
REACHED_BY = ("phone_e164", "email")
# Where one was changed since, the others stay too: a hand-over and its clock, a close and its moment.
TOGETHER = (frozenset({"agent", "assigned_at", "deadline"}), frozenset({"status", "closed_at"}))
SINCE = "Left as it is, changed since: {}"
TOUCHED = "Left as it is: it has been worked on since"
GONE = "Left as it is: it has been deleted since"
NO_ROOM = {
    "full": "{name} has no room for it",
    "inactive": "{name} is no longer active",
    "holds_another": "{name} has another open lead of this contact",
}


@dataclass
class PutBack:
    """What came of it. `left`: object, why in one sentence, and the names of the fields that were left."""

    whole: int = 0  # objects of which nothing was left
    fields: int = 0
    fields_left: int = 0
    returned: int = 0  # opened again, but their agent is full
    left: list[tuple[UUID, str, dict[str, Any]]] = field(default_factory=list)

    def __iadd__(self, other: PutBack) -> PutBack:
        self.whole, self.returned = self.whole + other.whole, self.returned + other.returned
        self.fields, self.fields_left = self.fields + other.fields, self.fields_left + other.fields_left
        self.left += other.left
        return self

    def tell(self, pk: UUID, done: int, left: Sequence[str], why: Iterable[str] = ()) -> None:
        self.fields += done
        self.fields_left += len(left)
        sentences = [*why, *([SINCE.format(", ".join(map(words, left)))] if left else [])]
        if sentences:
            self.left.append((pk, ". ".join(sentences), {"fields": list(left)}))
        else:
            self.whole += 1


def words(name: str) -> str:
    return name.replace("contact.", "the contact's ").replace("_e164", "").replace("_", " ")


def put_back_leads(
    wanted: Mapping[UUID, Images],
    *,
    created: Collection[UUID] = (),
    touched: Collection[UUID] = (),
    undoes: UUID,
    by: Actor,
) -> PutBack:
    """`wanted`: lead → field → (before, after). Leads of `created` are deleted, unless somebody has `touched` them."""
    try:
        with transaction.atomic():
            return _put_back_leads(wanted, created, touched, undoes, by)
    except IntegrityError:  # two leads of a contact change places, which one statement can't do
        if len(wanted) + len(created) <= 1:
            raise
    result = PutBack()
    for pk in [*wanted, *created]:
        one = {pk: wanted[pk]} if pk in wanted else {}
        result += put_back_leads(one, created=[] if one else [pk], touched=touched, undoes=undoes, by=by)
    return result


def _put_back_leads(
    wanted: Mapping[UUID, Images], created: Collection[UUID], touched: Collection[UUID], undoes: UUID, by: Actor
) -> PutBack:
    at, result = now(), PutBack()
    locked = Locked(Lead.objects.filter(pk__in=[*wanted, *created]), contacts=True)
    for pk in [*wanted, *created]:
        if pk not in locked.leads:
            result.tell(pk, 0, [], [GONE])
    work = _Leads(locked, {pk: images for pk, images in wanted.items() if pk in locked.leads}, undoes, by, at)
    edits, assignments = work.run(result)
    edits += _taken_back([locked.leads[pk] for pk in created if pk in locked.leads], touched, result, undoes, by, at)
    result.returned += len(write_edits(edits, locked, assignments=assignments, room=work.room))
    return result


def _taken_back(
    leads: Sequence[Lead], touched: Collection[UUID], result: PutBack, undoes: UUID, by: Actor, at: datetime
) -> list[LeadEdit]:
    edits = []
    for lead in leads:
        if lead.deleted_at is not None or lead.pk in touched:
            result.tell(lead.pk, 0, [], [] if lead.deleted_at else [TOUCHED])
            continue
        edit = LeadEdit(lead, by=by, locked=True, at=at)
        edit_deletion(edit, data={"undoes": undoes})
        edits.append(edit)
        result.tell(lead.pk, 1, [])
    return edits


class _Leads:
    """One batch of leads that existed before the job: each gets back what nobody has changed since."""

    def __init__(self, locked: Locked, wanted: Mapping[UUID, Images], undoes: UUID, by: Actor, at: datetime) -> None:
        self.locked, self.wanted, self.undoes, self.by, self.at = locked, wanted, undoes, by, at
        self.leads = [locked.leads[pk] for pk in wanted]
        self._lock_agents()
        self.bound = self._bound_by_others()

    def _lock_agents(self) -> None:
        """Those who hold the leads, and those to whom they go back; in the order of ids, after the leads."""
        from leads.assignment.candidates import lock_agents
        from leads.assignment.returning import Room

        back = {UUID(images["agent"][0]) for images in self.wanted.values() if images.get("agent", (None,))[0]}
        ids = back | {lead.agent_id for lead in self.leads if lead.agent_id}
        self.locked.agents |= {agent.pk: agent for agent in lock_agents(ids)} if ids else {}
        for lead in self.leads:
            if lead.agent_id in self.locked.agents:
                lead.agent = self.locked.agents[lead.agent_id]
        self.room = Room(self.locked.agents, {lead.contact_id for lead in self.leads})

    def _bound_by_others(self) -> set[UUID]:
        """Contacts that are not to be called for the sake of another of their leads."""
        if not any(BOUND in images for images in self.wanted.values()):
            return set()
        contacts = {lead.contact_id for lead in self.leads}
        others = Lead.objects.alive().filter(contact_id__in=contacts, disposition=DO_NOT_CALL)
        return set(others.exclude(pk__in=self.wanted).order_by().values_list("contact_id", flat=True))

    def run(self, result: PutBack) -> tuple[list[LeadEdit], list[Assignment]]:
        edits, assignments = [], []
        for pk, images in self.wanted.items():
            lead = self.locked.leads[pk]
            back, left = self._split(lead, images)
            if lead.deleted_at is not None and ("deleted_at" not in back or lead.contact.deleted_at is not None):
                result.tell(pk, 0, [], [GONE])
                continue
            edit = LeadEdit(lead, by=self.by, locked=True, at=self.at, deleted_too=True)
            self._restore_state(edit, back)
            row, why = self._hand_back(edit, back)
            assignments += [row] if row else []
            edits.append(edit)
            result.tell(pk, len(back), left, [why] if why else [])
        return edits, assignments

    def _split(self, lead: Lead, images: Images) -> tuple[dict[str, Any], list[str]]:
        """What goes back (field → value), and the names of what has been changed since."""
        back, left = {}, []
        for name, (before, after) in images.items():
            row, column = (lead.contact, name.removeprefix(PERSON)) if name.startswith(PERSON) else (lead, name)
            is_bound = name == BOUND and not before and lead.contact_id in self.bound
            if is_same(row, column, after) and not is_bound:
                back[name] = read_value(type(row), column, before)
            elif not is_same(row, column, before):
                left.append(name)
        for group in TOGETHER:
            if group & set(left):
                left = [name for name in left if name not in group or name == min(group & set(left))]
                back = {name: value for name, value in back.items() if name not in group}
        return back, left

    def _restore_state(self, edit: LeadEdit, back: Mapping[str, Any]) -> None:
        """All but who holds it; told as what it mostly is: restored, moved, another outcome or status, changed."""
        lead = edit.lead
        if "stage" in back and lead.stage != back["stage"]:
            edit.move = edit.stage_change(back["stage"], "Undo", False)
        apart = HOLDING if "agent" in back else ()
        values = {name: value for name, value in back.items() if name not in apart and not name.startswith(PERSON)}
        if "deleted_at" in back:
            edit.put(accept_due_at=None)  # its time has run out long ago, and nobody was to blame
        changes = edit.put(**values)
        if lead.stage in CLOSED_STAGES and lead.status != Status.DONE:
            changes |= edit.close()
        images = edit.put_person(**{n.removeprefix(PERSON): v for n, v in back.items() if n.startswith(PERSON)})
        data: dict[str, Any] = {"undoes": self.undoes}
        if edit.move:
            data |= {"stage_change_id": edit.move.pk, "is_automatic": False, "stayed_seconds": edit.move.stayed_seconds}
        images |= {name: changes.pop(name) for name in ("deleted_at", "stage_changed_at") if name in changes}
        if changes or images:
            edit.events.append(Event(_action(changes, images), lead, self.by, changes, data, images=images))
        if edit.was_open and not lead.is_open:
            self.room.take(lead.agent_id, lead.contact_id, -1)

    def _hand_back(self, edit: LeadEdit, back: dict[str, Any]) -> tuple[Assignment | None, str]:
        """To its holder before the job, where that has room now, with the clock as it was.

        A lead that opens with it is looked at like any that opens again: it may go on to the queue.
        """
        from leads.assignment.returning import hand_over

        lead = edit.lead
        if "agent" not in back or lead.agent_id == back["agent"]:
            return None, ""
        to = self.locked.agents.get(back["agent"]) if back["agent"] else None
        stays_open = edit.was_open and lead.is_open
        if stays_open and back["agent"] and (why := self.room.obstacle(back["agent"], lead.contact_id)):
            for name in HOLDING:
                back.pop(name, None)
            return None, f"Stays where it is: {NO_ROOM[why].format(name=to.name if to else 'the agent')}"
        if stays_open:
            self.room.take(lead.agent_id, lead.contact_id, -1)
        clock = {name: back[name] for name in HOLDING[1:] if name in back}
        if stays_open and to is None and self.room.taken[lead.contact_id, None]:
            clock["is_duplicate"] = True
        told = {"undoes": str(self.undoes)}
        row = hand_over(edit, to, reason={"undone": str(self.undoes)}, data=told, keep_clock=True, **clock)
        if stays_open:
            self.room.take(back["agent"], lead.contact_id)
        return row, ""


def _action(changes: Changes, images: Changes) -> str:
    if "deleted_at" in images:
        return events.LEAD_RESTORED
    for name, action in (
        ("stage", events.LEAD_STAGE_CHANGED),
        ("disposition", events.LEAD_DISPOSITION_SET),
        ("status", events.LEAD_STATUS_CHANGED),
    ):
        if name in changes:
            return action
    return events.LEAD_UPDATED


@transaction.atomic
def put_back_contacts(
    wanted: Mapping[UUID, Images],
    *,
    created: Collection[UUID] = (),
    touched: Collection[UUID] = (),
    undoes: UUID,
    by: Actor,
) -> PutBack:
    """As `put_back_leads`; a contact of `created` goes where nobody has touched it and no lead of it is left."""
    at, result, told = now(), PutBack(), []
    rows = Contact.objects.filter(pk__in=[*wanted, *created]).order_by("pk").select_for_update(no_key=True)
    contacts = {contact.pk: contact for contact in rows}
    taken = taken_by_others(wanted)
    needed = set(Lead.objects.alive().filter(contact_id__in=created).values_list("contact_id", flat=True))
    done: list[Contact] = []
    for pk, contact in contacts.items():
        if contact.deleted_at is not None:
            result.tell(pk, 0, [], [] if pk in created else [GONE])
        elif pk not in wanted and (pk in needed or pk in touched):
            result.tell(pk, 0, [], [TOUCHED])
        elif pk not in wanted:
            contact.deleted_at = at
            told.append(Event(events.CONTACT_DELETED, contact, by, data={"undoes": undoes}))
            done.append(contact)
            result.tell(pk, 1, [])
        else:
            event = _contact_back(contact, wanted[pk], taken.get(pk, {}), result, undoes, by)
            told += [event] if event else []
            done += [contact] if event else []
    _write_contacts(done, at)
    record_many(told)
    return result


def taken_by_others(wanted: Mapping[UUID, Images], beside: UUID | None = None) -> dict[UUID, dict[str, str]]:
    """Of which contacts the phone or e-mail of before is another contact's by now; one `beside` is not looked at."""
    before = {
        (name, images[name][0]): pk
        for pk, images in wanted.items()
        for name in REACHED_BY
        if images.get(name, ("",))[0]
    }
    held = Q(pk__in=())
    for name in REACHED_BY:
        held |= Q(**{f"{name}__in": [value for of, value in before if of == name]})
    taken: dict[UUID, dict[str, str]] = {}
    for other in Contact.objects.alive().filter(held) if before else ():
        for name in REACHED_BY:
            pk = before.get((name, getattr(other, name)))
            if pk is not None and other.pk not in (pk, beside):
                taken.setdefault(pk, {})[name] = getattr(other, name)
    return taken


def _contact_back(
    contact: Contact, images: Images, taken: Mapping[str, str], result: PutBack, undoes: UUID, by: Actor
) -> Event | None:
    known = {name: pair for name, pair in images.items() if name in CONTACT_FIELDS}
    same = {name for name, (_, after) in known.items() if is_same(contact, name, after)} - taken.keys()
    left = [name for name, (before, _) in known.items() if name not in same and not is_same(contact, name, before)]
    back = {name: read_value(Contact, name, known[name][0]) for name in same}
    reachable = any(back.get(name, getattr(contact, name)) for name in REACHED_BY)
    if not reachable:  # what it would be left with is no contact any more
        left += [name for name in REACHED_BY if back.pop(name, None) is not None]
    changes = differing(contact, back)
    result.tell(contact.pk, len(changes), left)
    return Event(events.CONTACT_UPDATED, contact, by, changes, {"undoes": undoes}) if changes else None


def _write_contacts(contacts: Sequence[Contact], at: datetime) -> None:
    for contact in contacts:
        contact.search_text, contact.updated_at = contact.searchable, at
    update_rows(Contact, contacts, {*CONTACT_FIELDS, "search_text", "updated_at", "deleted_at"})
    shown = {contact.pk: contact for contact in contacts if contact.deleted_at is None}
    leads = list(Lead.objects.filter(contact_id__in=shown).only("company", "contact_id")) if shown else []
    for lead in leads:
        lead.search_text, lead.last_name_key = shown[lead.contact_id].search_text, shown[lead.contact_id].sort_key
        lead.updated_at = at
    update_rows(Lead, leads, ("search_text", "last_name_key", "updated_at"))
