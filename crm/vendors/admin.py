"""Vendors on the desk."""

from __future__ import annotations

from django.contrib import admin

from crm.core.admin import ReadOnlyAdmin
from crm.vendors.models import Vendor


@admin.register(Vendor)
class VendorAdmin(ReadOnlyAdmin):
    list_display = ("code", "name", "is_active", "created_at")
    list_filter = ("is_active",)
    search_fields = ("code", "name")
    ordering = ("code",)
