"""Lists of floors below this one: the audit log."""

from __future__ import annotations

from typing import Any

from django.db.models import Case, Expression, F, TextField, Value, When
from django.db.models.functions import Cast, Concat, NullIf, Trim

from crm.accounts.models import User
from crm.audit.filters import AuditFilter
from crm.audit.labels import labels
from crm.audit.models import AuditEntry
from crm.lists import listings
from crm.lists.columns import Column, Kind
from crm.lists.listings import Listing


def entries_of(user: User) -> Any:
    return AuditEntry.objects.all()


def actor() -> Expression:
    """The user's name, else the vendor's code or the part of the product."""
    name = Trim(Concat("user__first_name", Value(" "), "user__last_name"))
    named = Case(When(user=None, then=F("actor_label")), default=NullIf(name, Value("")))
    return Case(When(user__first_name="", user__last_name="", then=F("user__email")), default=named)


def label() -> Expression:
    """The action in words."""
    known = (When(action=name, then=Value(text)) for name, text in labels().items())
    return Case(*known, default=F("action"), output_field=TextField())


AUDIT_COLUMNS = (
    Column("id", "ID", "pk", Kind.WORD, width=38),
    Column("at", "When", "at", Kind.MOMENT),
    Column("action", "Action", "action", Kind.WORD),
    Column("label", "What", label, width=24),
    Column("actor_kind", "Kind of actor", "actor_kind", Kind.WORD),
    Column("actor", "Who", actor, width=22),
    Column("actor_id", "Who, ID", "user_id", Kind.WORD, width=38),
    Column("object_type", "On", "object_type", Kind.WORD),
    Column("object_id", "On, ID", "object_id", Kind.WORD, width=38),
    Column("changes", "Changes", "changes", Kind.JSON, width=40),
    Column("data", "Details", "data", Kind.JSON, width=40),
    Column("ip", "Address", lambda: Cast("ip", TextField()), Kind.WORD),
    Column("request_id", "Request", "request_id", width=38),
)
listings.register(
    Listing(
        name="audit",
        label="Audit log",
        permission="audit.view",
        filterset=AuditFilter,
        rows=entries_of,
        columns=AUDIT_COLUMNS,
        usual=("at", "actor", "label", "object_type", "object_id", "ip"),
        ordering={"at": "pk", "created_at": "pk"},
        default_ordering="-at",
        page="audit:list",
    )
)
