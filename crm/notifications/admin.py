"""What people were told, on the desk, to read."""

from __future__ import annotations

from django.contrib import admin

from crm.core.admin import ReadOnlyAdmin
from crm.notifications.models import Notification


@admin.register(Notification)
class NotificationAdmin(ReadOnlyAdmin):
    list_display = ("title", "kind", "user", "created_at", "read_at")
    list_filter = ("kind", "created_at")
    list_select_related = ("user",)
    search_fields = ("title",)
    ordering = ("-created_at", "-id")
    exclude = ("key",)
