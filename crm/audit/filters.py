"""The audit log's filters, for its page and its API."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet

from crm.audit.models import AuditEntry
from crm.core.api.fields import as_uuid
from crm.core.api.filters import CsvFilter, MomentFilter, StrictFilterSet, UuidFilter, read_text


def read_object(text: str) -> tuple[str, Any]:
    """`lead`, an id, or both: `lead:0196b2f0-…`."""
    kind, _, last = read_text(text).rpartition(":")
    pk = as_uuid(last)
    if pk is None and (kind or "-" in last):
        raise ValidationError("Must be a type (lead), an id, or both (lead:<id>).")
    return (kind, pk) if pk else (last.lower(), None)


class ActorFilter(CsvFilter):
    """A user's id, e-mail or user name, a vendor's code, or a part of the product (`routing`)."""

    def filter(self, qs: QuerySet[Any], value: list[str]) -> QuerySet[Any]:
        if not value:
            return qs
        ids = [pk for text in value if (pk := as_uuid(text))]
        names = [text.lower() for text in value if not as_uuid(text)]
        actors = Q(user_id__in=ids)
        if names:
            users = get_user_model()._default_manager.filter(Q(email__in=names) | Q(username__in=value))
            actors |= Q(user_id__in=[*users.values_list("pk", flat=True)]) | Q(actor_label__in=value)
        return qs.filter(actors)


class ObjectFilter(CsvFilter):
    def filter(self, qs: QuerySet[Any], value: list[tuple[str, Any]]) -> QuerySet[Any]:
        wanted = Q()
        for kind, pk in value:
            wanted |= (Q(object_type=kind) if kind else Q()) & (Q(object_id=pk) if pk else Q())
        return qs.filter(wanted)


class AuditFilter(StrictFilterSet):
    actor = ActorFilter(label="A user's id, e-mail or user name, a vendor's code, or a part of the product")
    action = CsvFilter("action", label="An event's name: lead.assigned")
    object = ObjectFilter(read=read_object, label="A type, an id, or both: lead, lead:<id>")
    object_type = CsvFilter("object_type")
    object_id = UuidFilter("object_id")
    start_date = MomentFilter("at", "gte", label="From this time or day on")
    end_date = MomentFilter("at", "lte", label="Up to this time, or to the end of this day")

    class Meta:
        model = AuditEntry
        fields: list[str] = []
