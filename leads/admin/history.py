"""What hangs on leads: dispositions of the company, and the histories, which only actions write."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from crm.core.actors import Actor
from crm.core.admin import CompanyModelAdmin, ReadOnlyAdmin
from leads import actions
from leads.models import Assignment, Disposition, Note, StageChange


@admin.register(Disposition)
class DispositionAdmin(CompanyModelAdmin):
    """The company's own; the built-in ones are no rows."""

    list_display = ("label", "key", "is_final", "reached_person", "is_active")
    list_filter = ("is_active", "is_final", "reached_person")
    search_fields = ("label", "key")
    fields = ("label", "is_final", "reached_person", "is_active")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fields if obj else ("label", "is_final", "reached_person")

    def perform_create(self, data: Mapping[str, Any], *, by: Actor) -> Disposition:
        return actions.create_disposition(
            data["label"], by=by, is_final=data["is_final"], reached_person=data["reached_person"]
        )

    def perform_update(self, row: Disposition, changes: Mapping[str, Any], *, by: Actor) -> Disposition:
        return actions.update_disposition(row, changes, by=by)

    def perform_delete(self, row: Disposition, *, by: Actor) -> None:
        actions.delete_disposition(row, by=by)


class OfLead(ReadOnlyAdmin):
    """Newest first, with the contact's name and no query of its own per row."""

    search_fields = ("lead__search_text",)
    folded_search = "lead__search_text"

    @admin.display(description="Lead")
    def lead_name(self, row: Any) -> str:
        return str(row.lead.contact.name)


@admin.register(Assignment)
class AssignmentAdmin(OfLead):
    list_display = ("lead_name", "from_agent", "to_agent", "strategy", "user", "at")
    list_filter = ("strategy", "at")
    list_select_related = ("lead__contact", "from_agent", "to_agent", "user")
    ordering = ("-id",)


@admin.register(StageChange)
class StageChangeAdmin(OfLead):
    list_display = ("lead_name", "from_stage", "to_stage", "reason", "user", "is_automatic", "at")
    list_filter = ("to_stage", "is_automatic", "at")
    list_select_related = ("lead__contact", "user")
    ordering = ("-id",)


@admin.register(Note)
class NoteAdmin(OfLead):
    list_display = ("lead_name", "text", "user", "created_at")
    list_filter = ("created_at",)
    list_select_related = ("lead__contact", "user")
    ordering = ("-id",)
