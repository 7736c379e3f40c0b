"""Clocks on the desk, to read: they follow their leads."""

from __future__ import annotations

from typing import Any

from django.contrib import admin

from crm.core.admin import ReadOnlyAdmin
from crm.sla.models import Timer


@admin.register(Timer)
class TimerAdmin(ReadOnlyAdmin):
    list_display = ("lead_name", "agent", "priority", "started_at", "due_at", "answered_at", "ended_at", "outcome")
    list_filter = ("priority", "due_at")
    list_select_related = ("lead__contact", "agent")
    search_fields = ("lead__search_text",)
    folded_search = "lead__search_text"
    ordering = ("-id",)

    @admin.display(description="Lead")
    def lead_name(self, timer: Any) -> str:
        return str(timer.lead.contact.name)

    @admin.display(description="Outcome")
    def outcome(self, timer: Timer) -> str:
        return str(timer.get_outcome().label)
