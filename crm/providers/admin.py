"""A company's own accounts on the desk; the secret is entered on their own page, and shown nowhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import admin
from django.urls import reverse

from crm.core.actors import Actor
from crm.core.admin import CompanyModelAdmin
from crm.providers.actions import connect, disconnect
from crm.providers.models import Connection


@admin.register(Connection)
class ConnectionAdmin(CompanyModelAdmin):
    list_display = ("provider", "account", "caller_number", "is_active", "updated_at")
    list_filter = ("provider", "is_active")
    ordering = ("provider",)
    fields = ("provider", "account", "caller_number", "is_active", "created_at", "updated_at")
    readonly_fields = ("provider", "account", "created_at", "updated_at")

    def view_on_site(self, obj: Connection) -> str:  # type: ignore[override]
        return reverse("connections:edit", args=[obj.provider])

    def perform_update(self, row: Connection, changes: Mapping[str, Any], *, by: Actor) -> Connection:
        return connect(row.provider, changes, by=by)[0]

    def perform_delete(self, row: Connection, *, by: Actor) -> None:
        disconnect(row, by=by)
