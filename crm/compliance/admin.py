"""The gate on the desk: decisions and the ledger to read, the suppression list and stricter hours to change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from django.contrib import admin

from crm.compliance.actions.hours import remove_stricter_hours, set_stricter_hours
from crm.compliance.actions.suppressions import lift_suppression, suppress
from crm.compliance.channels import BY_PHONE, Channel
from crm.compliance.models import ConsentEvent, ContactDecision, IncomingText, StricterHours, Suppression
from crm.core.actors import Actor
from crm.core.admin import CompanyModelAdmin, ReadOnlyAdmin, RefusableForm
from crm.core.admin_fields import ObjectField


@admin.register(ContactDecision)
class DecisionAdmin(ReadOnlyAdmin):
    list_display = ("contact", "channel", "allowed", "user", "actor_label", "at", "next_permitted_at")
    list_filter = ("allowed", "channel", "at")
    list_select_related = ("contact", "user")
    search_fields = ("contact__search_text",)
    folded_search = "contact__search_text"
    ordering = ("-id",)


@admin.register(ConsentEvent)
class ConsentAdmin(ReadOnlyAdmin):
    list_display = ("contact", "channel", "state", "source", "user", "actor_label", "at")
    list_filter = ("state", "channel", "source", "at")
    list_select_related = ("contact", "user")
    search_fields = ("contact__search_text",)
    folded_search = "contact__search_text"
    ordering = ("-id",)


@admin.register(IncomingText)
class IncomingTextAdmin(ReadOnlyAdmin):
    list_display = ("contact", "channel", "meaning", "provider", "at")
    list_filter = ("channel", "meaning", "provider", "at")
    list_select_related = ("contact",)
    search_fields = ("contact__search_text",)
    folded_search = "contact__search_text"
    ordering = ("-id",)


class SuppressionForm(RefusableForm):
    address = forms.CharField(max_length=254, help_text="A phone number or an e-mail address")
    channels = forms.MultipleChoiceField(
        choices=Channel.choices,
        required=False,
        help_text="None: all that reach it",
        widget=forms.CheckboxSelectMultiple,
    )

    class Meta:
        model = Suppression
        fields: ClassVar[list[str]] = []


@admin.register(Suppression)
class SuppressionAdmin(CompanyModelAdmin):
    """Rows are added and lifted; what one covers is widened by adding it again."""

    form = SuppressionForm
    list_display = ("shown", "kind", "channels", "reason", "source", "expires_at", "created_by", "created_at")
    list_filter = ("kind", "created_at")
    list_select_related = ("created_by",)
    search_fields = ("value_sha256",)
    ordering = ("-created_at", "-id")
    readonly_fields = ("shown", "kind", "channels", "value_sha256", "reason", "source", "expires_at", "created_at")

    def get_fields(self, request: Any, obj: Any = None) -> Any:
        return self.readonly_fields if obj else ("address", "channels", "reason", "source", "expires_at")

    def get_readonly_fields(self, request: Any, obj: Any = None) -> Any:
        return self.readonly_fields if obj else ()

    def has_change_permission(self, request: Any, obj: Any = None) -> bool:
        return False

    def perform_create(self, data: Mapping[str, Any], *, by: Actor) -> Suppression:
        which = "email" if "@" in data["address"] else "phone"
        fields = {name: data.get(name) or "" for name in ("reason", "source")}
        return suppress(
            **{which: data["address"]},
            **fields,
            channels=data.get("channels") or (),
            expires_at=data.get("expires_at"),
            by=by,
        )[0]

    def perform_delete(self, row: Suppression, *, by: Actor) -> None:
        lift_suppression(row, by=by)


class StricterHoursForm(RefusableForm):
    hours = ObjectField(help_text='By weekday, local time: {"mon": [["09:00", "17:00"]]}')
    channels = forms.MultipleChoiceField(
        choices=[(channel.value, channel.label) for channel in BY_PHONE], widget=forms.CheckboxSelectMultiple
    )

    class Meta:
        model = StricterHours
        fields: ClassVar[list[str]] = ["country", "region", "hours", "channels", "note"]


@admin.register(StricterHours)
class StricterHoursAdmin(CompanyModelAdmin):
    """Refused where they are wider than the law's."""

    form = StricterHoursForm
    list_display = ("country", "region", "channels", "note", "updated_at")
    list_filter = ("country",)
    ordering = ("country", "region")
    fields = ("country", "region", "hours", "channels", "note")

    def get_readonly_fields(self, request: Any, obj: Any = None) -> Any:
        return ("country", "region") if obj else ()

    def perform_create(self, data: Mapping[str, Any], *, by: Actor) -> StricterHours:
        return set_stricter_hours(
            data["country"].upper(),
            data.get("region", "").upper(),
            hours=data["hours"],
            channels=data["channels"],
            note=data.get("note", ""),
            by=by,
        )

    def perform_update(self, row: StricterHours, changes: Mapping[str, Any], *, by: Actor) -> StricterHours:
        wanted = {name: changes.get(name, getattr(row, name)) for name in ("hours", "channels", "note")}
        return set_stricter_hours(row.country, row.region, **wanted, by=by)

    def perform_delete(self, row: StricterHours, *, by: Actor) -> None:
        remove_stricter_hours(row, by=by)
