"""Calls on the desk: to be looked at, and called off."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse

from calls.actions import cancel_call
from calls.models import Call, CallEvent
from crm.core.admin import ReadOnlyAdmin


@admin.register(Call)
class CallAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "contact", "agent", "attempt", "status", "outcome", "detail", "duration_seconds")
    list_filter = ("status", "outcome", "direction", "is_manual")
    list_select_related = ("contact", "agent")
    search_fields = ("search_text", "agent__name")
    ordering = ("-created_at", "-id")
    date_hierarchy = None
    actions = ("cancel",)

    def view_on_site(self, obj: Call) -> str:  # type: ignore[override]
        return reverse("calls:detail", args=[obj.pk])

    @admin.action(description="Cancel, or hang up", permissions=["act"])
    def cancel(self, request: HttpRequest, calls: QuerySet[Call]) -> None:
        by = self.actor(request)
        self.each(request, calls, lambda call: cancel_call(call, by=by), "calls canceled or being hung up")


@admin.register(CallEvent)
class CallEventAdmin(ReadOnlyAdmin):
    list_display = ("received_at", "call", "provider", "status", "detail", "is_late")
    list_filter = ("provider", "status", "is_late")
    list_select_related = ("call",)
    ordering = ("-id",)
