"""The audit log on the desk, to read."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.contrib.admin import SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.timezone import localtime

from crm.audit.labels import label_of, labels
from crm.audit.models import AuditEntry
from crm.core.admin import ReadOnlyAdmin


class ActionFilter(SimpleListFilter):
    """What the product knows to record; asks no row for it."""

    title = "action"
    parameter_name = "action"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [*labels().items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(action=self.value()) if self.value() else queryset


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    list_display = ("moment", "who", "what", "object_type", "object_id", "fields_changed", "ip")
    list_filter = (ActionFilter, "at")
    list_select_related = ("user",)
    search_fields = ("object_id",)
    search_help_text = "The id of a lead, contact, agent or user"
    ordering = ("-id",)
    sortable_by = ()

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        if not search_term:
            return queryset, False
        try:
            return queryset.filter(object_id=UUID(search_term.strip())), False
        except ValueError:
            return queryset.none(), False

    @admin.display(description="When")
    def moment(self, entry: AuditEntry) -> str:
        return f"{localtime(entry.at):%Y-%m-%d %H:%M:%S}"

    @admin.display()
    def who(self, entry: AuditEntry) -> str:
        return str(entry.user or entry.actor_label)

    @admin.display()
    def what(self, entry: AuditEntry) -> str:
        return label_of(entry.action)

    @admin.display(description="Changed")
    def fields_changed(self, entry: AuditEntry) -> str:
        return ", ".join(change["field"] for change in entry.changes if isinstance(change, dict))
