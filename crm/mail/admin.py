"""Outgoing mail on the desk: to whom, each try, and sending again. Bodies may hold sign-in links: never shown."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.admin import TabularInline

from crm.core.admin import ReadOnlyAdmin
from crm.mail.actions import resend
from crm.mail.models import Mail, MailAttempt


class AttemptInline(TabularInline):
    model = MailAttempt
    fields = readonly_fields = ("number", "at", "error")
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Mail)
class MailAdmin(ReadOnlyAdmin):
    list_display = ("subject", "to", "kind", "state", "tries", "created_at", "sent_at")
    list_filter = ("state", "created_at")
    search_fields = ("to", "subject")
    ordering = ("-created_at", "-id")
    sortable_by = ("created_at",)
    exclude = ("text", "html")
    inlines = (AttemptInline,)
    actions = ("send_again",)

    @admin.action(description="Send again", permissions=["view"])
    def send_again(self, request: HttpRequest, mails: QuerySet[Mail]) -> None:
        by = self.actor(request)
        self.each(request, mails, lambda mail: resend(mail, by=by), "mails sent again")
