"""Vendors on the desk."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse

from crm.core.actors import Actor
from crm.core.admin import CompanyModelAdmin, ReadOnlyAdmin, RefusableForm
from crm.core.admin_fields import ObjectField
from crm.vendors.actions import update_vendor
from crm.vendors.models import Status, Vendor, VendorPost, VendorReturn


class VendorForm(RefusableForm):
    field_mapping = ObjectField(help_text='The vendor\'s name of a field and ours: {"mobile": "phone"}')

    class Meta:
        model = Vendor
        fields: ClassVar[list[str]] = []


@admin.register(Vendor)
class VendorAdmin(CompanyModelAdmin):
    """New ones and keys are made on the vendors' own page, which shows a key once."""

    form = VendorForm
    list_display = ("code", "name", "status", "daily_cap", "price", "created_at")
    list_filter = ("status",)
    search_fields = ("code", "name")
    ordering = ("code",)
    readonly_fields = ("code", "created_at", "updated_at")
    fields = ("code", "name", "description", "status", "field_mapping", "daily_cap", "price", "created_at")
    actions = ("pause", "resume")

    def view_on_site(self, obj: Vendor) -> str:  # type: ignore[override]
        return reverse("vendors:detail", args=[obj.pk])

    def perform_update(self, vendor: Vendor, changes: Mapping[str, Any], *, by: Actor) -> Vendor:
        return update_vendor(vendor, changes, by=by)

    @admin.action(description="Pause: take nothing from them", permissions=["act"])
    def pause(self, request: HttpRequest, vendors: QuerySet[Vendor]) -> None:
        by = self.actor(request)
        self.each(request, vendors, lambda row: update_vendor(row, {"status": Status.PAUSED}, by=by), "vendors paused")

    @admin.action(description="Take leads from them again", permissions=["act"])
    def resume(self, request: HttpRequest, vendors: QuerySet[Vendor]) -> None:
        by = self.actor(request)
        self.each(request, vendors, lambda row: update_vendor(row, {"status": Status.ACTIVE}, by=by), "vendors active")


@admin.register(VendorPost)
class VendorPostAdmin(ReadOnlyAdmin):
    list_display = ("vendor", "kind", "outcome", "reason_code", "cost", "at")
    list_filter = ("kind", "outcome", "reason_code")
    list_select_related = ("vendor",)
    ordering = ("-id",)


@admin.register(VendorReturn)
class VendorReturnAdmin(ReadOnlyAdmin):
    list_display = ("vendor", "reason", "cost", "at")
    list_select_related = ("vendor",)
    search_fields = ("reason",)
    ordering = ("-id",)
