"""Leads and contacts as lists that can be kept as searches and exported."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from django.db.models import Case, Expression, Value, When
from django.db.models.fields.json import KeyTransform
from django.http import QueryDict
from django.utils.timezone import now

from agents.models import Agent
from crm.accounts.models import User
from crm.core.api.fields import as_uuid
from crm.core.api.json import is_clean
from crm.lists import listings
from crm.lists.columns import Column, Kind
from crm.lists.filters import search_named
from crm.lists.listings import SAVED, Asker, Listing
from leads import dispositions, listing
from leads.filters import MAX_KEY, ContactFilter, LeadFilter
from leads.models import Contact, ImportFile, Lead, Priority, Qualification, Stage, Status
from leads.querysets import ContactQuerySet, LeadQuerySet
from leads.sla import SlaStatus, has_sla_status

LEAD_ORDERING = {
    "created_at": "created_at",
    "updated_at": "updated_at",
    "score": "score",
    "deal_value": "deal_value",
    "deadline": "deadline",
    "priority": "priority",
    "next_attempt_at": "next_attempt_at",
    "last_name": "last_name_key",
}
CONTACT_ORDERING = {name: name for name in ("created_at", "updated_at", "last_name", "first_name")}


def priority_name() -> Expression:
    return Case(*(When(priority=one.value, then=Value(one.name.lower())) for one in Priority))


def sla_status() -> Expression:
    """Where each lead stands on its clock at the moment of the export."""
    at = now()
    return Case(*(When(has_sla_status(status, at), then=Value(status.value)) for status in SlaStatus))


def custom_column(key: str) -> Column | None:
    """`custom.<key>`: one of the company's own fields."""
    prefix, _, name = key.partition(".")
    if prefix != "custom" or not 0 < len(name) <= MAX_KEY or not is_clean(name):
        return None
    return Column(key, name.replace("_", " ").capitalize(), lambda: KeyTransform(name, "custom_fields"), Kind.JSON)


PERSON = (
    ("first_name", "First name", Kind.TEXT, 18),
    ("last_name", "Last name", Kind.TEXT, 18),
    ("phone_e164", "Phone", Kind.WORD, 18),
    ("email", "E-mail", Kind.TEXT, 28),
)
LEAD_COLUMNS = (
    Column("id", "ID", "pk", Kind.WORD, width=38),
    *(Column(key, label, f"contact__{key}", kind, width) for key, label, kind, width in PERSON),
    Column("organization", "Organisation", "contact__organization", width=24),
    Column("title", "Title", "contact__title"),
    Column("status", "Status", "status", Kind.WORD, words=dict(Status.choices)),
    Column("stage", "Stage", "stage", Kind.WORD, words=dict(Stage.choices)),
    Column("disposition", "Disposition", "disposition"),
    Column("priority", "Priority", priority_name, Kind.WORD, words={p.name.lower(): p.label for p in Priority}),
    Column(
        "qualification_status", "Qualification", "qualification_status", Kind.WORD, words=dict(Qualification.choices)
    ),
    Column("score", "Score", "score", Kind.NUMBER, width=8),
    Column("deal_value", "Value", "deal_value", Kind.MONEY, width=14),
    Column("sla_status", "SLA", sla_status, Kind.WORD, width=10, words=dict(SlaStatus.choices)),
    Column("deadline", "Deadline", "deadline", Kind.MOMENT),
    Column("agent_name", "Agent", "agent__name", width=22),
    Column("agent_email", "Agent’s e-mail", "agent__user__email", width=28),
    Column("vendor_code", "Vendor", "vendor__code"),
    Column("source", "Source", "source"),
    Column("tags", "Tags", "tags", Kind.LIST, width=24),
    Column("schedule_at", "Scheduled", "schedule_at", Kind.MOMENT),
    Column("next_attempt_at", "Next attempt", "next_attempt_at", Kind.MOMENT),
    Column("attempts_count", "Attempts", "attempts_count", Kind.NUMBER, width=8),
    Column("expected_close_date", "Expected close", "expected_close_date", Kind.MOMENT),
    Column("assigned_at", "Assigned", "assigned_at", Kind.MOMENT),
    Column("first_response_at", "First response", "first_response_at", Kind.MOMENT),
    Column("closed_at", "Closed", "closed_at", Kind.MOMENT),
    Column("is_duplicate", "Duplicate", "is_duplicate", Kind.FLAG, width=8),
    Column("custom_fields", "Own fields", "custom_fields", Kind.JSON, width=30),
    Column("created_at", "Created", "created_at", Kind.MOMENT),
    Column("updated_at", "Last change", "updated_at", Kind.MOMENT),
)
CONTACT_COLUMNS = (
    Column("id", "ID", "pk", Kind.WORD, width=38),
    *(Column(key, label, key, kind, width) for key, label, kind, width in PERSON),
    Column("organization", "Organisation", "organization", width=24),
    Column("title", "Title", "title"),
    Column("country", "Country", "country", width=8),
    Column("region", "Region", "region"),
    Column("city", "City", "city"),
    Column("timezone", "Time zone", "timezone", width=20),
    Column("tags", "Tags", "tags", Kind.LIST, width=24),
    Column("lifecycle_stage", "Stage", "lifecycle_stage", Kind.WORD),
    Column("opt_in_status", "Consent", "opt_in_status", Kind.WORD),
    Column("do_not_contact", "Do not contact", "do_not_contact", Kind.FLAG, width=14),
    Column("custom_fields", "Own fields", "custom_fields", Kind.JSON, width=30),
    Column("created_at", "Created", "created_at", Kind.MOMENT),
    Column("updated_at", "Last change", "updated_at", Kind.MOMENT),
)


# The page's columns by other names than a file's, which has those of the API.
IN_FILES = {
    "sla": "sla_status",
    "agent": "agent_name",
    "phone": "phone_e164",
    "next_attempt": "next_attempt_at",
    "created": "created_at",
    "updated": "updated_at",
    "value": "deal_value",
}
ON_PAGES = {file: page for page, file in IN_FILES.items()}
NAME = ("first_name", "last_name")  # stands in every row of the page


def file_columns(keys: Iterable[str]) -> list[str]:
    """The page's columns as a file names them."""
    return [*NAME, *(IN_FILES.get(key, key) for key in keys)]


def page_columns(keys: Iterable[str]) -> list[str]:
    """A file's columns as the page names them, without those that it does not have."""
    named = (ON_PAGES.get(key, key) for key in keys)
    return [key for key in named if key in listing.KNOWN_COLUMNS]


def leads_of(user: User) -> LeadQuerySet:
    return Lead.objects.alive().visible_to(user)


def contacts_of(user: User) -> ContactQuerySet:
    return Contact.objects.alive().visible_to(user)


def lead_words(filters: Mapping[str, str], asker: Asker) -> list[str]:
    """Each filter as the list's chips say it, a saved search by its name."""
    params = QueryDict(mutable=True)
    params.update(filters)
    return [f"{chip.label} {chip.text}" for chip in listing.chips_of(params, naming(params, asker))]


def naming(params: Mapping[str, str], asker: Asker) -> Callable[[str, str], str | None]:
    """Words for values that only the database knows; asks it for those that are there."""
    agents = dict(Agent.objects.values_list("pk", "name")) if "agent_id" in params else {}
    labels = dispositions.labels() if "disposition" in params else {}

    def name(of: str, value: str) -> str | None:
        if of == SAVED:
            kept = search_named("leads", value, asker.user)
            return kept.name if kept is not None else None
        if of == "import_id":
            return ImportFile.objects.filter(pk=value).values_list("name", flat=True).first()
        if of == "agent_id":
            pk = as_uuid(value)
            return agents.get(pk) if pk else None
        return labels.get(value) if of == "disposition" else None

    return name


listings.register(
    Listing(
        name="leads",
        label="Leads",
        permission="leads.view",
        filterset=LeadFilter,
        rows=leads_of,
        columns=LEAD_COLUMNS,
        usual=("first_name", "last_name", "organization", "phone_e164", "stage", "status", "score", "deal_value",
               "agent_name", "created_at"),
        ordering=LEAD_ORDERING,
        default_ordering="-created_at",
        page="leads:list",
        shapes=("leads:board",),
        dynamic=custom_column,
        words=lead_words,
    )
)  # fmt: skip
listings.register(
    Listing(
        name="contacts",
        label="Contacts",
        permission="contacts.view",
        filterset=ContactFilter,
        rows=contacts_of,
        columns=CONTACT_COLUMNS,
        usual=("first_name", "last_name", "organization", "title", "phone_e164", "email", "lifecycle_stage"),
        ordering=CONTACT_ORDERING,
        default_ordering="-created_at",
        page="contacts:list",
        dynamic=custom_column,
    )
)  # fmt: skip
