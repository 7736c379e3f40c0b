"""Many collected changes of leads written at once: as many statements for a thousand as for one."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING
from uuid import UUID

from django.db.models import QuerySet

from crm.audit.recording import record_many
from crm.core.behind import writing_behind
from crm.core.bulk_rows import insert_rows, update_rows
from crm.core.selected import is_one_of
from leads import dispositions
from leads.actions.editing import LeadEdit
from leads.dispositions import Outcome, as_outcome
from leads.models import Assignment, Contact, Disposition, Lead, StageChange

if TYPE_CHECKING:
    from leads.assignment.returning import Room

CONTACT_FIELDS = ("company", "lifecycle_stage", "do_not_contact", "deleted_at")


class Locked:
    """Leads as they are now, locked with what a change of them touches: contacts first, then leads, then agents.

    Each lead has its contact (where contacts are locked) and its agent at hand, shared between the leads of one.
    `holders_too`: the agents of all of them are locked, where one of them is closed and might open again.
    """

    def __init__(
        self, leads: QuerySet[Lead], *, contacts: bool, holders_too: bool = False, fields: Sequence[str] = ()
    ) -> None:
        self.contacts = self._lock_contacts(leads) if contacts else {}
        rows = leads.order_by("pk").select_for_update(of=("self",), no_key=True)
        found = list(rows.only("company", "contact_id", *fields) if fields else rows)
        self.moved = [lead for lead in found if contacts and lead.contact_id not in self.contacts]
        self.leads = {lead.pk: lead for lead in found if not contacts or lead.contact_id in self.contacts}
        self._bind(holders_too)

    def _lock_contacts(self, leads: QuerySet[Lead]) -> dict[UUID, Contact]:
        of_leads = Contact.objects.filter(is_one_of("pk", leads.order_by().values("contact_id")))
        rows = of_leads.only(*CONTACT_FIELDS).order_by("pk").select_for_update(no_key=True)
        return {contact.pk: contact for contact in rows}

    def _bind(self, holders_too: bool) -> None:
        from leads.assignment.returning import holders_of

        lock = holders_too and any(not lead.is_open for lead in self.leads.values())
        self.agents = holders_of(self.leads.values(), lock=lock)
        for lead in self.leads.values():
            if lead.contact_id in self.contacts:
                lead.contact = self.contacts[lead.contact_id]
            if lead.agent_id in self.agents:
                lead.agent = self.agents[lead.agent_id]

    def find_outcome(self, key: str) -> Outcome | None:
        """`dispositions.find`, with one query for all of the company's own."""
        return dispositions.BUILT_IN.get(key) or self._own.get(key)

    @cached_property
    def _own(self) -> dict[str, Outcome]:
        return {row.key: as_outcome(row) for row in Disposition.objects.all()}


def write_edits(
    edits: Sequence[LeadEdit], locked: Locked, *, assignments: Sequence[Assignment] = (), room: Room | None = None
) -> list[LeadEdit]:
    """Save all that was touched, the moves and the events; who was returned to the queue because its agent is full.

    A lead that opens again stays with its agent or is returned, as when it is changed alone. `assignments`: changes of
    holder that the caller made in memory, whose events stand in the edits; `room` is what they left.
    """
    opened = [edit for edit in edits if edit.lead.is_open and not edit.was_open]
    returned = _keep_or_return(opened, locked, room) if opened else []
    touched = [edit for edit in edits if edit.touched]
    for edit in touched:
        edit.lead.updated_at = edit.at
    names = {name for edit in touched for name in edit.touched} | {"updated_at"}
    with writing_behind(len(edits)):
        _write_contacts(edits)
        insert_rows(StageChange, [edit.move for edit in edits if edit.move])
        update_rows(Lead, [edit.lead for edit in touched], names)
        insert_rows(Assignment, [*assignments, *(row for _, row in returned)])
        record_many([event for edit in edits for event in edit.events])
    return [edit for edit, _ in returned]


def _keep_or_return(opened: Sequence[LeadEdit], locked: Locked, room: Room | None) -> list[tuple[LeadEdit, Assignment]]:
    from leads.assignment.returning import Room, keep_or_return_many

    return keep_or_return_many(opened, room or Room(locked.agents, {edit.lead.contact_id for edit in opened}))


def _write_contacts(edits: Sequence[LeadEdit]) -> None:
    changed = {edit.lead.contact_id: edit.lead.contact for edit in edits if edit.person}
    for edit in edits:
        if edit.person:
            edit.lead.contact.updated_at = edit.at
    names = {name for edit in edits for name in edit.person} | {"updated_at"}
    update_rows(Contact, list(changed.values()), names)
