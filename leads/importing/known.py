"""Who is there already: the contacts and leads that a batch of rows may match, read and locked once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from uuid import UUID

from django.db.models import Q

from agents.models import Agent
from leads.import_choices import ImportKey, ImportMode
from leads.importing.mapping import EXTERNAL_ID
from leads.importing.preparing import Prepared
from leads.models import Contact, ImportFile, Lead
from leads.routing.rules import active_rules

NEEDED: dict[str, str] = {
    ImportKey.PHONE: "The phone number is missing, by which rows are matched",
    ImportKey.EMAIL: "The e-mail address is missing, by which rows are matched",
    ImportKey.EXTERNAL_ID: "The id of the other system is missing, by which rows are matched",
}
NOT_COPIED = {
    "email": "The phone number is one contact's, the e-mail address another's; the e-mail was not copied",
    "phone_e164": "The e-mail address is one contact's, the phone number another's; the phone number was not copied",
}


@dataclass
class Found:
    """Whom a row means. `other` is another contact that has its phone or e-mail (`field`), which stays there."""

    contact: Contact | None = None
    lead: Lead | None = None  # by its id in the other system, open or closed
    other: Contact | None = None
    field: str = ""


class Known:
    """Of one batch. Without a file nothing is locked, for nothing will be written."""

    def __init__(self, key: str, mode: str, agent: Agent | None, file: ImportFile | None) -> None:
        self.key, self.mode, self.agent, self.file = key, mode, agent, file
        self.by_phone: dict[str, Contact] = {}
        self.by_email: dict[str, Contact] = {}
        self.by_external: dict[str, Lead] = {}
        self.taken: dict[UUID, Lead] = {}  # contact → its open lead that a new one would repeat

    def read(self, rows: Sequence[Prepared]) -> None:
        """Contacts first, then leads, as everywhere."""
        named = {id for row in rows if (id := external_id(row))} if self.key == ImportKey.EXTERNAL_ID else set()
        leads = Lead.objects.alive().by_external_id(named) if named else Lead.objects.none()
        self._read_contacts(rows, set(leads.values_list("contact_id", flat=True)))
        contacts = {
            contact.pk: contact for contact in (*self.by_phone.values(), *self.by_email.values(), *self._owners)
        }
        if named:
            for lead in self._locked(leads.filter(contact_id__in=contacts).order_by("-pk")):
                lead.contact = contacts[lead.contact_id]
                self.by_external[lead.custom_fields[EXTERNAL_ID]] = lead
        self._read_open_leads(contacts)

    def match(self, row: Prepared) -> Found:
        phone, email = row.contact.get("phone_e164", ""), row.contact.get("email", "")
        by_phone, by_email = self.by_phone.get(phone), self.by_email.get(email)
        if lead := self.by_external.get(external_id(row)):
            return Found(lead.contact, lead)
        if self.key == ImportKey.EMAIL:
            return _found(by_email, by_phone, "phone_e164")
        if self.key == ImportKey.PHONE:
            return _found(by_phone, by_email, "email")
        return _found(by_phone or by_email, by_email if by_phone else None, "email")

    def lacks(self, row: Prepared) -> str:
        """What the row needs to be matched, as a sentence; nothing if it has it."""
        has = {
            ImportKey.PHONE.value: "phone_e164" in row.contact,
            ImportKey.EMAIL.value: "email" in row.contact,
            ImportKey.EXTERNAL_ID.value: bool(external_id(row)),
        }
        return "" if has.get(self.key, True) else NEEDED[self.key]

    def remember(self, contact: Contact) -> None:
        if contact.phone_e164:
            self.by_phone[contact.phone_e164] = contact
        if contact.email:
            self.by_email[contact.email] = contact

    def remember_lead(self, lead: Lead) -> None:
        """A new one: a later row may mean it."""
        self.taken[lead.contact_id] = lead
        if self.key == ImportKey.EXTERNAL_ID:
            self.by_external[lead.custom_fields[EXTERNAL_ID]] = lead

    def is_free(self, name: str, value: object) -> bool:
        """Whether no other contact has this phone or e-mail."""
        return value not in {"email": self.by_email, "phone_e164": self.by_phone}.get(name, ())

    def _read_contacts(self, rows: Sequence[Prepared], owners: set[UUID]) -> None:
        phones = {row.contact.get("phone_e164", "") for row in rows} - {""}
        emails = {row.contact.get("email", "") for row in rows} - {""}
        reached = Q(phone_e164__in=phones) | Q(email__in=emails)
        merged = list(Contact.objects.merged().filter(reached).values_list("phone_e164", "email", "merged_into"))
        into = owners | {pk for *_, pk in merged if pk is not None}
        ids = into | {*answering("phone_e164", phones), *answering("email", emails)}
        self._owners: list[Contact] = []
        if not ids:
            return
        meant = reached | Q(pk__in=into)  # still, once they are locked
        known = Contact.objects.alive().filter(meant, pk__in=ids).order_by("pk")
        survivors: dict[UUID, Contact] = {}
        for contact in known if self.file is None else known.select_for_update(no_key=True):
            self.remember(contact)
            if contact.pk in owners:
                self._owners.append(contact)
            survivors[contact.pk] = contact
        for phone, email, pk in merged:  # who was merged into another is that one, by its own phone and e-mail too
            if pk is not None and pk in survivors:
                self.by_phone.setdefault(phone, survivors[pk])
                self.by_email.setdefault(email, survivors[pk])
        self.by_phone.pop("", None), self.by_email.pop("", None)

    def _read_open_leads(self, contacts: Iterable[UUID]) -> None:
        """The agent's own, and those that this very import left without one because it had no room.

        Where rules find the agents, all: the same file twice would bring everybody in twice.

        Where known leads are filled or updated and nobody is named, whoever holds them; those that nobody does first.
        """
        contacts = set(contacts)
        if not contacts:
            return
        held = Lead.objects.open().filter(contact_id__in=contacts).order_by("pk")
        if (self.agent is not None or self.mode == ImportMode.NEW) and not self._is_routed:
            whose = Q(agent=self.agent) | Q(agent=None, import_file=self.file) if self.file else Q(agent=self.agent)
            held = held.filter(whose)
        if self.mode == ImportMode.NEW:
            held = held.only("pk", "contact_id", "company_id", "agent_id")
        for lead in sorted(self._locked(held), key=lambda lead: lead.agent_id is not None):
            self.taken.setdefault(lead.contact_id, lead)

    @cached_property
    def _is_routed(self) -> bool:
        """Whether rules find the agents."""
        return self.agent is None and bool(active_rules())

    def _locked(self, leads: Iterable[Lead]) -> Iterable[Lead]:
        if self.file is None or self.mode == ImportMode.NEW:
            return leads
        return leads.select_for_update(of=("self",), no_key=True)  # type: ignore[attr-defined, no-any-return]


def external_id(row: Prepared) -> str:
    return str(row.lead["custom_fields"].get(EXTERNAL_ID, ""))


def _found(contact: Contact | None, other: Contact | None, field: str) -> Found:
    if other is None or (contact is not None and contact.pk == other.pk):
        return Found(contact)
    return Found(contact, None, other, field)


def answering(name: str, values: set[str]) -> Iterable[UUID]:
    """Contacts by phone or by e-mail. The blank is named, so that PostgreSQL may use the index that leaves it out."""
    if not values:
        return ()
    return Contact.objects.alive().filter(**{f"{name}__in": values}).exclude(**{name: ""}).values_list("pk", flat=True)
