"""Calls on the desk: to be looked at, and called off."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from unfold.widgets import UnfoldAdminSplitDateTimeWidget

from calls.actions import cancel_call
from calls.bulk import SCHEDULE
from calls.models import Call, CallEvent
from crm.core.admin import ReadOnlyAdmin
from leads.admin.leads import LeadAdmin
from leads.bulk_jobs import BulkWork
from leads.models import Lead


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


class WhenForm(forms.Form):
    at = forms.SplitDateTimeField(required=False, label="Not before", widget=UnfoldAdminSplitDateTimeWidget())


class CalledLeadAdmin(LeadAdmin):
    """Leads, and having them called."""

    actions = (*LeadAdmin.actions, "call")  # type: ignore[assignment]

    @admin.action(description="Have them called …", permissions=["act"])
    def call(self, request: HttpRequest, leads: QuerySet[Lead]) -> Any:
        form = self.asked(request, WhenForm)
        if not form.is_valid():
            return self.ask(request, leads, form, title="Have the leads called; empty: now", button="Call")
        return self.together(request, leads, BulkWork(SCHEDULE, at=form.cleaned_data["at"]), "leads scheduled")


admin.site.unregister(Lead)
admin.site.register(Lead, CalledLeadAdmin)
