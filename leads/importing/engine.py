"""Leads created by set: contacts matched, duplicates found, rows written with a constant number of statements a batch.

The rules are those of a single creation (`domain.md`, "Duplicates"); a row that breaks one is reported and left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.timezone import now

from agents.models import Agent
from crm.accounts.models import Company, DuplicatePolicy
from crm.audit.recording import Event, record, record_many
from crm.core.actors import Actor, as_user
from leads import events
from leads.actions.contacts import Changes, created_event, differing
from leads.actions.creating import lead_created_event
from leads.actions.matching import Match, blanks_of
from leads.assignment import assign_many
from leads.importing.errors import AlreadyImported
from leads.importing.preparing import Prepared, Preparer, RowError
from leads.importing.reading import Row, Table
from leads.models import Contact, ImportFile, Lead, Strategy

BATCH = 1000
TAKEN = "Lead with this phone number already exists"
TAKEN_BY_AGENT = "Lead with this phone number already exists for this agent"


@dataclass
class Outcome:
    """What an import did, or would do. `duplicates` are part of `errors`, or notes on a row that was taken."""

    total: int
    created: list[UUID] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)  # the row of each created lead
    new_contacts: int = 0
    errors: list[RowError] = field(default_factory=list)
    warnings: list[RowError] = field(default_factory=list)
    duplicates: list[RowError] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """The answer of S3, and beside it warnings and duplicates row by row."""
        return {
            "success_count": len(self.created),
            "error_count": len(self.errors),
            "errors": [error.as_json("error") for error in sorted(self.errors, key=lambda e: e.row)],
            "total_processed": self.total,
            "warnings": [warning.as_json("warning") for warning in self.warnings],
            "duplicates": [duplicate.as_json("reason") for duplicate in self.duplicates],
            "new_contacts": self.new_contacts,
        }


def import_leads(
    file: ImportFile,
    table: Table,
    mapping: Mapping[str, str],
    *,
    company: Company,
    by: Actor,
    agent: Agent | None = None,
) -> Outcome:
    """Create a lead for every row that can have one, all in one transaction, and record `leads.imported`.

    With an agent each lead is assigned to it as far as it has room; what it has no room for stays unassigned and is
    listed under `warnings`. Where somebody else creates one of the contacts at the same moment, it is done anew.
    Raises `AlreadyImported`.
    """
    for again in (True, True, False):
        try:
            with transaction.atomic():
                _claim(file)
                outcome = _Import(table, mapping, company, agent, by, file).run()
                if agent is not None:
                    _assign(outcome, agent, by)
                _finish(file, outcome, mapping, by)
            return outcome
        except IntegrityError:
            if not again:
                raise
    raise AssertionError("unreachable")


def _claim(file: ImportFile) -> None:
    """Of two runs at once the second waits here for the first. Raises `AlreadyImported`."""
    if ImportFile.objects.select_for_update().values_list("finished_at", flat=True).get(pk=file.pk):
        raise AlreadyImported


def foresee(
    table: Table, mapping: Mapping[str, str], *, company: Company, by: Actor, agent: Agent | None = None
) -> Outcome:
    """What `import_leads` would do at this moment; writes nothing."""
    return _Import(table, mapping, company, agent, by, None).run()


class _Import:
    """Works in batches: what a thousand rows match is read once, decided in memory, and written at once."""

    def __init__(
        self,
        table: Table,
        mapping: Mapping[str, str],
        company: Company,
        agent: Agent | None,
        by: Actor,
        file: ImportFile | None,
    ) -> None:
        """Without a file it only foresees."""
        self.table, self.company, self.agent, self.by, self.file = table, company, agent, by, file
        self.preparer = Preparer(table, mapping, company)
        self.outcome = Outcome(table.total)
        self.by_phone: dict[str, Contact] = {}
        self.by_email: dict[str, Contact] = {}
        self.taken: dict[UUID, UUID] = {}  # contact → its open lead that a new one would repeat
        self._begin_batch()

    def _begin_batch(self) -> None:
        self.added: dict[UUID, Contact] = {}
        self.filled: dict[UUID, tuple[Contact, Changes]] = {}  # contacts whose blanks were filled, and how
        self.leads: list[Lead] = []

    def run(self) -> Outcome:
        for start in range(0, self.table.total, BATCH):
            rows = [*self._prepared(self.table.rows[start : start + BATCH])]
            self._read_open_leads(self._read_contacts(rows))
            for row in rows:
                self._take(row)
            self._end_batch()
        return self.outcome

    def _prepared(self, rows: list[Row]) -> Iterator[Prepared]:
        for number, cells in rows:
            row = self.preparer.prepare(number, cells)
            if isinstance(row, RowError):
                self.outcome.errors.append(row)
            else:
                yield row

    def _end_batch(self) -> None:
        self.outcome.created += [lead.pk for lead in self.leads]
        self.outcome.new_contacts += len(self.added)
        if self.file is not None:
            self._write_contacts()
            self._write_leads()
            self._forget()
        self._begin_batch()

    def _forget(self) -> None:
        """Once written it can be read again: memory stays flat however long the file is."""
        self.by_phone, self.by_email, self.taken = {}, {}, {}

    def _read_contacts(self, rows: list[Prepared]) -> set[UUID]:
        """Lock and remember the contacts that the rows may match; their ids."""
        phones = {row.contact.get("phone_e164", "") for row in rows} - {"", *self.by_phone}
        emails = {row.contact.get("email", "") for row in rows} - {"", *self.by_email}
        known = Contact.objects.alive().filter(Q(phone_e164__in=phones) | Q(email__in=emails)).order_by("pk")
        contacts = list(known if self.file is None else known.select_for_update(no_key=True))
        for contact in contacts:
            self._remember(self._same(contact))
        return {contact.pk for contact in contacts}

    def _same(self, contact: Contact) -> Contact:
        """The one already at hand, where an earlier batch read or made it."""
        other = self.by_phone.get(contact.phone_e164) or self.by_email.get(contact.email)
        return other if other is not None and other.pk == contact.pk else contact

    def _remember(self, contact: Contact) -> None:
        if contact.phone_e164:
            self.by_phone[contact.phone_e164] = contact
        if contact.email:
            self.by_email[contact.email] = contact

    def _read_open_leads(self, contacts: set[UUID]) -> None:
        held = Lead.objects.open().filter(contact_id__in=contacts - self.taken.keys(), agent=self.agent)
        self.taken |= dict(held.values_list("contact_id", "pk"))

    def _take(self, row: Prepared) -> None:
        contact = self._match(row) or self._add(row)
        if (existing := self.taken.get(contact.pk)) and not self._may_repeat:
            message = TAKEN_BY_AGENT if self.agent else TAKEN
            error = RowError(row.row, message, {"existing_lead_id": str(existing)})
            self.outcome.errors.append(error)
            self.outcome.duplicates.append(error)
            return
        lead = Lead(contact=contact, created_by=as_user(self.by), is_duplicate=existing is not None, **row.lead)
        self.leads.append(lead)
        self.outcome.rows.append(row.row)
        self.taken[contact.pk] = lead.pk

    @property
    def _may_repeat(self) -> bool:
        return self.agent is None and self.company.duplicate_policy == DuplicatePolicy.FLAG

    def _match(self, row: Prepared) -> Contact | None:
        """By phone, else by e-mail; fills the contact's blanks and renames nothing."""
        by_phone = self.by_phone.get(row.contact.get("phone_e164", ""))
        by_email = self.by_email.get(row.contact.get("email", ""))
        contact, given = by_phone or by_email, dict(row.contact)
        if contact is None:
            return None
        if by_phone and by_email and by_phone is not by_email:
            del given["email"]
            two = {"contact_ids": [str(by_phone.pk), str(by_email.pk)]}
            reason = "The phone number is one contact's, the e-mail address another's; the e-mail was not copied"
            self.outcome.duplicates.append(RowError(row.row, reason, two))
        self._fill_blanks(contact, given)
        return contact

    def _fill_blanks(self, contact: Contact, given: Mapping[str, Any]) -> None:
        """An e-mail or phone that another contact has stays there."""
        others = {"email": self.by_email, "phone_e164": self.by_phone}
        blanks = {name: value for name, value in blanks_of(contact, given).items() if value not in others.get(name, ())}
        if blanks:
            self.filled.setdefault(contact.pk, (contact, {}))[1].update(differing(contact, blanks))
            self._remember(contact)

    def _add(self, row: Prepared) -> Contact:
        contact = Contact(created_by=as_user(self.by), **row.contact)
        self.added[contact.pk] = contact
        self._remember(contact)
        return contact

    def _write_contacts(self) -> None:
        for contact in (*self.added.values(), *(contact for contact, _ in self.filled.values())):
            contact.search_text, contact.updated_at = contact.searchable, now()
        changed = {pk: pair for pk, pair in self.filled.items() if pk not in self.added}
        Contact.objects.bulk_create(self.added.values(), batch_size=BATCH)
        if changed:
            fields = sorted({name for _, changes in changed.values() for name in changes})
            Contact.objects.bulk_update(
                [contact for contact, _ in changed.values()], [*fields, "search_text", "updated_at"], batch_size=200
            )
            self._write_search_text([contact for contact, _ in changed.values()])
        record_many(
            [
                *(created_event(contact, by=self.by) for contact in self.added.values()),
                *(Event(events.CONTACT_UPDATED, contact, self.by, changes) for contact, changes in changed.values()),
            ]
        )

    def _write_search_text(self, contacts: list[Contact]) -> None:
        """What the earlier leads of changed contacts are searched and sorted by."""
        by_pk = {contact.pk: contact for contact in contacts}
        leads = list(Lead.objects.filter(contact_id__in=by_pk).only("contact_id", "company_id"))
        for lead in leads:
            contact = by_pk[lead.contact_id]
            lead.search_text, lead.last_name_key, lead.updated_at = contact.search_text, contact.sort_key, now()
        Lead.objects.bulk_update(leads, ["search_text", "last_name_key", "updated_at"], batch_size=200)

    def _write_leads(self) -> None:
        for lead in self.leads:
            lead.search_text, lead.last_name_key = lead.contact.search_text, lead.contact.sort_key
            lead.import_file = self.file
        Lead.objects.bulk_create(self.leads, batch_size=BATCH)
        record_many(
            [
                lead_created_event(lead, Match(lead.contact, is_new=lead.contact_id in self.added), by=self.by)
                for lead in self.leads
            ]
        )


def _assign(outcome: Outcome, agent: Agent, by: Actor) -> None:
    """As far as the agent has room, in the order of the file."""
    result = assign_many(outcome.created, strategy=Strategy.MANUAL, pool=[agent], by=by)
    rows: dict[UUID | str, int] = dict(zip(outcome.created, outcome.rows, strict=True))
    for lead_id, reason in result.failed:
        extra = {"lead_id": str(lead_id)}
        outcome.warnings.append(RowError(rows[lead_id], f"Created without an agent: {reason}", extra))


def _finish(file: ImportFile, outcome: Outcome, mapping: Mapping[str, str], by: Actor) -> None:
    file.content, file.mapping, file.result, file.finished_at = b"", dict(mapping), outcome.as_json(), now()
    file.save(update_fields=["content", "mapping", "result", "finished_at"])
    counts = {"created": len(outcome.created), "failed": len(outcome.errors), "rows": outcome.total}
    record(events.LEADS_IMPORTED, file, by=by, data=counts)
