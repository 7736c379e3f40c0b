"""Shared views on the desk; private ones are their owner's alone."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from crm.core.admin import ReadOnlyAdmin
from crm.lists.models import SavedSearch


@admin.register(SavedSearch)
class SavedSearchAdmin(ReadOnlyAdmin):
    list_display = ("name", "object", "owner", "created_at")
    list_filter = ("object",)
    list_select_related = ("owner",)
    search_fields = ("name",)
    ordering = ("object", "name")

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).filter(shared=True)
