"""Leads created by set: contacts matched, duplicates found, rows written with a constant number of statements a batch.

The rules are those of a single creation (`domain.md`, "Duplicates"); a row that breaks one is reported and left out,
or, where the import is to do so, fills or updates the lead that is there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from time import monotonic
from typing import Any
from uuid import UUID

from django.utils.timezone import now

from agents.models import Agent
from crm.accounts.models import DuplicatePolicy
from crm.audit.recording import Event, record_many
from crm.core.actors import Actor, as_user
from crm.core.behind import is_writing, writing_behind
from crm.core.bulk_rows import insert_rows, update_rows
from crm.core.ids import uuid7
from crm.core.new_rows import new_row
from leads import events
from leads.actions.contacts import Changes, created_event, differing
from leads.actions.creating import lead_created_event
from leads.actions.matching import Match, blanks_of
from leads.assignment import assign_many
from leads.duplicates.finding import Pair, keep_pairs, ordered
from leads.duplicates.models import FoundBy, Reason
from leads.import_choices import ImportKey, ImportMode
from leads.importing.known import NOT_COPIED, Found, Known, external_id
from leads.importing.mapping import EXTERNAL_ID
from leads.importing.plan import Outcome, Plan, Read, read
from leads.importing.preparing import Prepared, RowError
from leads.importing.reading import Row
from leads.models import Contact, ImportFile, Lead, Strategy
from leads.routing.applying import Routed, insert_routed

BATCH = 1000
BY_PHONE, BY_EMAIL, BY_ID = "phone number", "e-mail address", "id of the other system"


def import_batch(
    rows: Sequence[Read], plan: Plan, file: ImportFile, *, meanwhile: Callable[[], None] | None = None
) -> Outcome:
    """Create or update a lead for every row that can have one; the caller's transaction makes it all or nothing.

    With an agent each lead is assigned to it as far as it has room; what it has no room for stays unassigned and is
    listed under `warnings`. Raises `IntegrityError` where somebody else creates one of the contacts at the same
    moment: done anew, it finds them. `meanwhile` is done while the database writes, where there is time for it.
    """
    outcome = _Batches(plan, file, meanwhile).take(rows)
    if plan.agent is not None and outcome.created:
        _assign(outcome, plan.agent, plan.by)
    return outcome


class Foresight:
    """What an import would do at this moment, batch after batch; writes nothing.

    Of the rows before it keeps a number for each phone and e-mail alone, so that memory stays flat.
    """

    def __init__(self, plan: Plan) -> None:
        self._batches = _Batches(plan, None)

    @property
    def outcome(self) -> Outcome:
        return self._batches.outcome

    def look(self, rows: Sequence[Row]) -> Outcome:
        """At these rows, after those before them; the outcome is theirs alone."""
        self._batches.outcome = Outcome()
        return self._batches.run(rows)


def foresee(rows: Iterable[Row], plan: Plan, *, seconds: float | None = None) -> Outcome:
    """What an import of the rows would do; of as many as can be looked at in so many seconds."""
    batches, begun, walk = _Batches(plan, None), monotonic(), iter(rows)
    while batch := list(islice(walk, BATCH)):
        batches.run(batch)
        if seconds is not None and monotonic() - begun > seconds:
            break
    return batches.outcome


class _Batches:
    """Works in batches: what a thousand rows match is read once, decided in memory, and written at once."""

    def __init__(self, plan: Plan, file: ImportFile | None, meanwhile: Callable[[], None] | None = None) -> None:
        """Without a file it only foresees."""
        self.meanwhile = meanwhile
        self.plan, self.company, self.agent, self.by, self.file = plan, plan.company, plan.agent, plan.by, file
        self.user = as_user(plan.by)
        self.outcome = Outcome()
        self.seen: set[int] = set()  # hashes of what earlier batches would have brought in
        self._begin()

    def _begin(self) -> None:
        """Once written it can be read again: memory stays flat however long the file is."""
        self.at = now()
        self.known = Known(self.plan.key, self.plan.mode, self.agent, self.file)
        self.added: dict[UUID, Contact] = {}
        self.changed: dict[UUID, tuple[Contact, Changes]] = {}  # contacts that were filled or updated, and how
        self.edited: dict[UUID, tuple[Lead, Changes]] = {}  # leads, likewise
        self.leads: list[Lead] = []
        self.two: dict[UUID, UUID] = {}  # lead → the other contact that the row named
        self.pairs: dict[Pair, list[str]] = {}  # contacts that one row named together

    def run(self, rows: Sequence[Row]) -> Outcome:
        """Some thousand rows at most; adds to the outcome."""
        for start in range(0, len(rows), BATCH):
            self.take(read(rows[start : start + BATCH], self.plan.preparer))
        return self.outcome

    def take(self, rows: Sequence[Read]) -> Outcome:
        """One batch."""
        self.outcome.total += len(rows)
        prepared = [*self._acceptable(rows)]
        self.known.read(prepared)
        for row in prepared:
            self._take(row)
        self._end()
        return self.outcome

    def _acceptable(self, rows: Sequence[Read]) -> Iterator[Prepared]:
        for row in rows:
            if isinstance(row, Prepared) and (lacking := self.known.lacks(row)):
                self.outcome.errors.append(RowError(row.row, lacking))
            elif isinstance(row, RowError):
                self.outcome.errors.append(row)
            else:
                yield row

    def _end(self) -> None:
        self.outcome.created += [lead.pk for lead in self.leads]
        self.outcome.new_contacts += len(self.added)
        if self.file is not None:
            with writing_behind(len(self.added) + len(self.leads)):
                self._write_contacts()
                self._write_leads()
                if self.meanwhile is not None and is_writing():
                    self.meanwhile()
                if self.pairs:
                    keep_pairs(self.pairs, found_by=FoundBy.IMPORT)
        else:
            self.seen |= {key for lead in self.leads for key in keys_of(lead.contact)}
        self._begin()

    # --- one row

    def _take(self, row: Prepared) -> None:
        found = self.known.match(row)
        contact, existing = found.contact, found.lead
        given = self._own(row, found)
        if contact is not None:
            self._write_into(contact, given)
            existing = existing or self.known.taken.get(contact.pk)
        if existing is None and (seen_by := self._seen_by(row)):
            self._take_again(row, seen_by)
            return
        if existing is not None and self._may_edit(row, existing, found):
            self._edit(row, existing)
            return
        if existing is not None and (found.lead is not None or not self._may_repeat):
            self._refuse(row, existing, BY_ID if found.lead is not None else self._known_by(row, contact))
            return
        self._make(row, contact or self._add(given), found, is_duplicate=existing is not None)

    def _make(self, row: Prepared, contact: Contact, found: Found, *, is_duplicate: bool) -> None:
        lead = new_row(
            Lead, contact=contact, created_by=self.user, is_duplicate=is_duplicate, import_file=self.file,
            created_at=self.at, updated_at=self.at, stage_changed_at=self.at, **row.lead,
        )  # fmt: skip
        self.leads.append(lead)
        self.outcome.rows.append(row.row)
        self.known.remember_lead(lead)
        if found.other is not None:
            self.two[lead.pk] = found.other.pk
            self.pairs[ordered(contact.pk, found.other.pk)] = [Reason.NAMED_TOGETHER]

    def _may_edit(self, row: Prepared, existing: Lead, found: Found) -> bool:
        """A lead that has another id in the other system is another lead, though the person is the same."""
        if self.plan.mode == ImportMode.NEW:
            return False
        if self.plan.key != ImportKey.EXTERNAL_ID or found.lead is not None:
            return True
        return bool(existing.custom_fields.get(EXTERNAL_ID, external_id(row)) == external_id(row))

    def _take_again(self, row: Prepared, seen_by: str) -> None:
        """What becomes of a row whose person an earlier batch would have brought in."""
        if self.plan.mode != ImportMode.NEW:
            self.outcome.updated += 1
        elif self._may_repeat:
            self.outcome.created.append(uuid7())
        else:
            self._refuse(row, None, seen_by)

    def _seen_by(self, row: Prepared) -> str:
        """By what an earlier batch would have made a lead of the same person; empty where none would."""
        known = (("phone_e164", BY_PHONE), ("email", BY_EMAIL))
        return next((by for name, by in known if self.seen and hash(row.contact.get(name, "")) in self.seen), "")

    def _known_by(self, row: Prepared, contact: Contact | None) -> str:
        by_phone = self.known.by_phone.get(row.contact.get("phone_e164", ""))
        return BY_PHONE if by_phone is not None and by_phone is contact else BY_EMAIL

    def _refuse(self, row: Prepared, existing: Lead | None, what: str) -> None:
        extra = {"existing_lead_id": str(existing.pk)} if existing is not None else {}
        whose = " for this agent" if self.agent and what != BY_ID else ""
        error = RowError(row.row, f"Lead with this {what} already exists{whose}", extra)
        self.outcome.errors.append(error)
        self.outcome.duplicates.append(error)

    @property
    def _may_repeat(self) -> bool:
        return self.agent is None and self.company.duplicate_policy == DuplicatePolicy.FLAG

    def _own(self, row: Prepared, found: Found) -> dict[str, Any]:
        """What the row says of its contact, without what is another's."""
        if found.other is None:
            return row.contact
        if found.contact is not None:
            self.pairs[ordered(found.contact.pk, found.other.pk)] = [Reason.NAMED_TOGETHER]
        ids = [str(contact.pk) for contact in (found.contact, found.other) if contact is not None]
        self.outcome.duplicates.append(RowError(row.row, NOT_COPIED[found.field], {"contact_ids": ids}))
        return {name: value for name, value in row.contact.items() if name != found.field}

    def _write_into(self, contact: Contact, given: Mapping[str, Any]) -> None:
        """Fills its blanks and renames nothing, unless the import updates; what another contact has stays there.

        Whoever may not be contacted may not be, whatever the import does with the rest.
        """
        wanted = updated(contact, given) if self.plan.mode == ImportMode.UPDATE else blanks_of(contact, given)
        wanted |= {"do_not_contact": True} if given.get("do_not_contact") else {}
        changes = differing(contact, {name: value for name, value in wanted.items() if self.known.is_free(name, value)})
        if changes:
            join(self.changed.setdefault(contact.pk, (contact, {}))[1], changes)
            self.known.remember(contact)

    def _edit(self, row: Prepared, lead: Lead) -> None:
        """Fill or update the lead; a new one of this batch is changed before it is written."""
        changes = differing(lead, wanted_of(lead, row.lead, overwrite=self.plan.mode == ImportMode.UPDATE))
        if changes and not lead._state.adding:
            join(self.edited.setdefault(lead.pk, (lead, {}))[1], changes)
        self.outcome.updated += 1

    def _add(self, given: Mapping[str, Any]) -> Contact:
        contact = new_row(Contact, created_by=self.user, created_at=self.at, updated_at=self.at, **given)
        self.added[contact.pk] = contact
        self.known.remember(contact)
        return contact

    # --- writing

    def _write_contacts(self) -> None:
        at = now()
        changed = {pk: pair for pk, pair in self.changed.items() if pk not in self.added}
        for contact in (*self.added.values(), *(contact for contact, _ in changed.values())):
            contact.search_text, contact.updated_at = contact.searchable, at
        insert_rows(Contact, [*self.added.values()])
        if changed:
            names = {name for _, changes in changed.values() for name in changes}
            update_rows(Contact, [contact for contact, _ in changed.values()], {*names, "search_text", "updated_at"})
            self._write_search_text([contact for contact, _ in changed.values()])
        record_many(
            [
                *(created_event(contact, by=self.by) for contact in self.added.values()),
                *(Event(events.CONTACT_UPDATED, contact, self.by, changes) for contact, changes in changed.values()),
            ]
        )

    def _write_search_text(self, contacts: Sequence[Contact]) -> None:
        """What the earlier leads of changed contacts are searched and sorted by."""
        by_pk = {contact.pk: contact for contact in contacts}
        leads = list(Lead.objects.filter(contact_id__in=by_pk).only("contact_id", "company_id").order_by("pk"))
        for lead in leads:
            contact = by_pk[lead.contact_id]
            lead.search_text, lead.last_name_key, lead.updated_at = contact.search_text, contact.sort_key, now()
        update_rows(Lead, leads, {"search_text", "last_name_key", "updated_at"})

    def _write_leads(self) -> None:
        for lead in self.leads:
            lead.search_text, lead.last_name_key = lead.contact.search_text, lead.contact.sort_key
        edited = [*self.edited.values()]
        for lead, _ in edited:
            lead.updated_at = now()
        update_rows(Lead, [lead for lead, _ in edited], {n for _, changes in edited for n in changes} | {"updated_at"})
        told = [
            *(lead_created_event(lead, self._match_of(lead), by=self.by) for lead in self.leads),
            *(Event(events.LEAD_UPDATED, lead, self.by, changes) for lead, changes in edited),
        ]
        if self.agent is None:
            self._warn(insert_routed(self.leads, told))
        else:  # it gets them afterwards, as far as it has room
            insert_rows(Lead, self.leads)
            record_many(told)

    def _warn(self, routed: Routed) -> None:
        """Of leads for which a rule found nobody."""
        rows = dict(zip(self.outcome.created, self.outcome.rows, strict=True)) if routed.left else {}
        for lead, rule, _ in routed.left:
            why = f"Created without an agent: “{rule.name}” found nobody with room"
            self.outcome.warnings.append(RowError(rows[lead.pk], why, {"lead_id": str(lead.pk)}))

    def _match_of(self, lead: Lead) -> Match:
        return Match(lead.contact, is_new=lead.contact_id in self.added, other_id=self.two.get(lead.pk))


def keys_of(contact: Contact) -> Iterator[int]:
    """Numbers for its phone and e-mail, small enough to keep for every row of a file."""
    return (hash(text) for text in (contact.phone_e164, contact.email) if text)


def updated(contact: Contact, given: Mapping[str, Any]) -> dict[str, Any]:
    """What the row gives; half of the name that the contact has is no other name."""
    half = not given.get("last_name") and given.get("first_name") in (contact.first_name, contact.last_name)
    return {name: value for name, value in given.items() if not half or name not in ("first_name", "last_name")}


def wanted_of(lead: Lead, given: Mapping[str, Any], *, overwrite: bool) -> dict[str, Any]:
    """What a row changes of a lead that is there; custom fields are put beside those it has."""
    wanted = {name: value for name, value in given.items() if name != "custom_fields"}
    if not overwrite:
        wanted = {name: value for name, value in wanted.items() if name != "priority" and not getattr(lead, name)}
    new = given.get("custom_fields") or {}
    merged = {**lead.custom_fields, **new} if overwrite else {**new, **lead.custom_fields}
    return {**wanted, "custom_fields": merged} if merged != lead.custom_fields else wanted


def join(changes: Changes, more: Changes) -> None:
    """Of two changes of a field the first one's before and the last one's after."""
    for name, (before, after) in more.items():
        changes[name] = (changes[name][0] if name in changes else before, after)


def _assign(outcome: Outcome, agent: Agent, by: Actor) -> None:
    """As far as the agent has room, in the order of the file."""
    result = assign_many(outcome.created, strategy=Strategy.MANUAL, pool=[agent], by=by)
    rows: dict[UUID | str, int] = dict(zip(outcome.created, outcome.rows, strict=True))
    for lead_id, reason in result.failed:
        extra = {"lead_id": str(lead_id)}
        outcome.warnings.append(RowError(rows[lead_id], f"Created without an agent: {reason}", extra))
