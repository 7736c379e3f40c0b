"""The list of contacts as a page shows it: its tabs, columns and sorting."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count

from crm.accounts.models import User
from crm.core.keyset import Order
from leads.listing import Column, View
from leads.models import Contact, Lead
from leads.querysets import IS_OPEN

DEFAULT_ORDER = "-created_at"
# What may be sorted by, and which way first.
SORTS = {"last_name": "last_name", "created_at": "-created_at", "updated_at": "-updated_at"}
# All that a row is made of.
FIELDS = (
    "company", "first_name", "last_name", "email", "phone_e164", "organization", "title", "country", "city", "tags",
    "lifecycle_stage", "opt_in_status", "do_not_contact", "created_at", "updated_at",
)  # fmt: skip
COLUMNS = (
    Column("organization", "Organisation", "o", shown=True),
    Column("title", "Role"),
    Column("phone_e164", "Phone", "w", shown=True),
    Column("email", "E-mail", "lo", shown=True),
    Column("lifecycle_stage", "Stage", "g", shown=True),
    Column("consent", "Consent", "lo", shown=True),
    Column("leads", "Leads", shown=True),
    Column("tags", "Tags"),
    Column("city", "City"),
    Column("country", "Country"),
    Column("created_at", "Created", sort="created_at", shown=True),
    Column("updated_at", "Last change", sort="updated_at"),
)
KNOWN_COLUMNS = {column.key: column for column in COLUMNS}
VIEWS = (
    View("all", "All"),
    View("in", "Opted in", {"opt_in_status": "opted_in"}),
    View("out", "Do not contact", {"do_not_contact": "true"}),
)
# Columns that a file splits, or does not have.
IN_FILES = {"consent": ("opt_in_status", "do_not_contact"), "leads": ()}
NAME = ("first_name", "last_name")


def file_columns(keys: Iterable[str]) -> list[str]:
    """The page's columns as a file names them."""
    return [*NAME, *(name for key in keys for name in IN_FILES.get(key, (key,)))]


def page_columns(keys: Iterable[str]) -> list[str]:
    """A file's columns as the page names them, without those that it does not have."""
    split = {name: key for key, names in IN_FILES.items() for name in names}
    return [key for name in keys if (key := split.get(name, name)) in KNOWN_COLUMNS]


def order_named(name: str) -> Order | None:
    """The order of `?ordering=`; none where there is no such one."""
    return Order(Contact, name) if name.removeprefix("-") in SORTS else None


@dataclass(frozen=True)
class Pursuits:
    """How many leads of a contact the reader sees, and how many of them are open."""

    all: int = 0
    open: int = 0


def pursuits_of(contacts: Iterable[Contact], user: User) -> dict[UUID, Pursuits]:
    """By contact, those that have any; one query."""
    leads = Lead.objects.alive().visible_to(user).filter(contact_id__in=[contact.pk for contact in contacts])
    counted = leads.order_by().values("contact_id").annotate(all=Count("pk"), open=Count("pk", filter=IS_OPEN))
    return {row["contact_id"]: Pursuits(row["all"], row["open"]) for row in counted}
