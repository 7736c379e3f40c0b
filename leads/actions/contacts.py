"""The person behind the leads: making, matching, changing and deleting contacts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Model
from django.utils.timezone import now

from crm.accounts.models import Company
from crm.audit.recording import Event, record, record_many
from crm.core.actors import Actor, as_user
from crm.core.errors import MissingField
from crm.core.tenancy import current_company_id
from leads import events
from leads.errors import ContactHasOpenLeads, ContactTaken
from leads.models import Contact
from leads.phone_numbers import normalize

# What a lead's own form may say about its person; `name` and `phone` are read into these.
PERSON_FIELDS = (
    "first_name",
    "last_name",
    "email",
    "phone_e164",
    "organization",
    "title",
    "timezone",
    "country",
    "region",
    "city",
)
CONTACT_FIELDS = (*PERSON_FIELDS, "tags", "custom_fields", "lifecycle_stage", "opt_in_status", "do_not_contact")
SEARCHED = frozenset({"first_name", "last_name", "email", "phone_e164", "organization"})
Changes = dict[str, tuple[Any, Any]]


@transaction.atomic
def create_contact(data: Mapping[str, Any], *, by: Actor) -> Contact:
    """Make a contact; takes `name` and `phone` in place of `first_name` and `phone_e164`.

    Raises `MissingField` without a phone or e-mail or without a name, `InvalidPhone`, and `ContactTaken` for a
    phone or e-mail that another contact has.
    """
    contact = new_contact(given_fields(data, by=by), by=by)
    try:
        with transaction.atomic():
            contact.save(force_insert=True)
    except IntegrityError as error:
        raise taken(error) from error
    record_many([created_event(contact, by=by)])
    return contact


@transaction.atomic
def update_contact(contact: Contact, changes: Mapping[str, Any], *, by: Actor) -> Contact:
    """Change the named fields, and what its leads show and sort by; `tags` and `custom_fields` are replaced whole.

    Raises `InvalidPhone`, `ContactTaken`, and `MissingField` where neither phone nor e-mail would be left.
    """
    contact = lock_contact(contact)
    done = change_contact(contact, given_fields(changes, by=by))
    if done:
        record(events.CONTACT_UPDATED, contact, by=by, changes=done)
    return contact


@transaction.atomic
def delete_contact(contact: Contact, *, by: Actor) -> None:
    """Delete softly, which frees its phone number and e-mail address. Raises `ContactHasOpenLeads`."""
    contact = lock_contact(contact)
    if contact.leads.open().exists():
        raise ContactHasOpenLeads(contact)
    contact.deleted_at = contact.updated_at = now()
    contact.save(update_fields=["deleted_at", "updated_at"])
    record(events.CONTACT_DELETED, contact, by=by)


def lock_contact(contact: Contact) -> Contact:
    """Its row as it is now, locked. Locks are taken in this order everywhere: contact, lead, agent."""
    return Contact.objects.select_for_update(no_key=True).get(pk=contact.pk)


def given_fields(data: Mapping[str, Any], *, by: Actor) -> dict[str, Any]:
    """A contact's own fields out of what was given: `name` split, `phone` normalised, e-mail in lower case."""
    fields = {name: data[name] for name in CONTACT_FIELDS if data.get(name) is not None}
    if data.get("name") and not fields.get("first_name"):
        fields["first_name"], _, rest = data["name"].strip().partition(" ")
        fields["last_name"] = fields.get("last_name") or rest.strip()
    if "email" in fields:
        fields["email"] = fields["email"].strip().lower()
    if phone := fields.get("phone_e164"):
        fields["phone_e164"] = normalize(phone, "")
    elif data.get("phone"):
        fields["phone_e164"] = normalize(data["phone"], default_country(by))
    elif data.get("phone") == "":
        fields["phone_e164"] = ""
    return fields


def default_country(by: Actor) -> str:
    return company_of(by).default_country


def company_of(by: Actor) -> Company:
    """The active company: the acting user's own one is at hand."""
    user = as_user(by)
    if user is not None and user.company is not None and user.company_id == current_company_id():
        return user.company
    return Company.objects.get(pk=current_company_id())


def new_contact(fields: Mapping[str, Any], *, by: Actor) -> Contact:
    """Unsaved. Raises `MissingField`: a new contact needs a phone or an e-mail, and a first name."""
    if not fields.get("phone_e164") and not fields.get("email"):
        raise MissingField("phone_e164", "A new contact needs a phone number or an e-mail address")
    if not fields.get("first_name"):
        raise MissingField("first_name", "A new contact needs a first name")
    contact = Contact(**fields, created_by=as_user(by))
    contact.search_text = contact.searchable
    return contact


def created_event(contact: Contact, *, by: Actor) -> Event:
    given = {name: (None, value) for name in CONTACT_FIELDS if (value := getattr(contact, name)) not in ("", [], {})}
    return Event(events.CONTACT_CREATED, contact, by, given)


def change_contact(contact: Contact, fields: Mapping[str, Any]) -> Changes:
    """Write what differs, to the contact and in one statement to its leads. The contact is locked by the caller."""
    changes = differing(contact, fields)
    if not changes:
        return {}
    if not contact.phone_e164 and not contact.email:
        raise MissingField("phone_e164", "A contact needs a phone number or an e-mail address")
    save_contact(contact, changes)
    return changes


def differing(row: Model, fields: Mapping[str, Any]) -> Changes:
    """Set the fields in memory; field → (before, after) of those that were different."""
    changes = {name: (before, value) for name, value in fields.items() if (before := getattr(row, name)) != value}
    for name, (_, value) in changes.items():
        setattr(row, name, value)
    return changes


def save_contact(contact: Contact, changes: Changes) -> None:
    """Raises `ContactTaken` where another contact has the new phone or e-mail, with nothing written."""
    contact.search_text, contact.updated_at = contact.searchable, now()
    try:
        if {"phone_e164", "email"} & changes.keys():
            with transaction.atomic():  # a refusal by the database must not spoil the caller's transaction
                contact.save(update_fields=[*changes, "search_text", "updated_at"])
        else:
            contact.save(update_fields=[*changes, "search_text", "updated_at"])
    except IntegrityError as error:
        raise taken(error) from error
    if SEARCHED & changes.keys():
        contact.leads.update(
            search_text=contact.search_text, last_name_key=contact.sort_key, updated_at=contact.updated_at
        )


def taken(error: IntegrityError) -> ContactTaken:
    """Which of the two unique constraints spoke: PostgreSQL names it, SQLite its columns."""
    return ContactTaken("phone_e164" if "phone" in str(error).split("DETAIL")[0] else "email")
