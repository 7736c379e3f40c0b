"""Contacts on the desk."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from crm.core.actors import Actor
from crm.core.admin import CompanyModelAdmin
from leads import actions
from leads.admin.duplicates import merge_two
from leads.admin.filters import DeletedFilter
from leads.admin.forms import ContactForm
from leads.duplicates.jobs import merge_contacts_now
from leads.models import Contact

READ_ONLY = ("lifecycle_stage", "created_by", "created_at", "updated_at", "deleted_at")


@admin.register(Contact)
class ContactAdmin(CompanyModelAdmin):
    list_display = (
        "name",
        "phone_e164",
        "email",
        "organization",
        "lifecycle_stage",
        "opt_in_status",
        "do_not_contact",
        "created_at",
    )
    list_filter = ("lifecycle_stage", "opt_in_status", "do_not_contact", "created_at", DeletedFilter)
    search_fields = ("search_text",)
    search_help_text = "Name, phone, e-mail or employer"
    folded_search = "search_text"
    ordering = ("-created_at", "-id")
    sortable_by = ("created_at",)
    actions = ("merge",)
    fieldsets = (
        ("Person", {"fields": ("first_name", "last_name", "organization", "title", "tags")}),
        ("Reach", {"fields": ("phone_e164", "email", "timezone", "country", "region", "city")}),
        ("Consent", {"fields": ("opt_in_status", "do_not_contact")}),
        ("More", {"fields": ("custom_fields",)}),
        ("State", {"fields": READ_ONLY}),
    )

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, form=ContactForm, **kwargs)
        form.default_country = request.company.default_country  # type: ignore[attr-defined]
        return form

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return READ_ONLY

    def perform_create(self, data: Mapping[str, Any], *, by: Actor) -> Contact:
        return actions.create_contact(data, by=by)

    def perform_update(self, contact: Contact, changes: Mapping[str, Any], *, by: Actor) -> Contact:
        return actions.update_contact(contact, changes, by=by)

    def perform_delete(self, contact: Contact, *, by: Actor) -> None:
        actions.delete_contact(contact, by=by)

    @admin.action(description="Merge selected two …", permissions=["act"])
    def merge(self, request: HttpRequest, contacts: QuerySet[Contact]) -> Any:
        def label(row: Contact) -> str:
            return " · ".join(filter(None, (row.name, row.phone_e164, row.email, row.organization)))

        return merge_two(self, request, contacts, merge_contacts_now, label)
