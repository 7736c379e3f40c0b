"""Users, invitations and the company's settings on the desk; an administrator's alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest
from django.shortcuts import redirect
from django.utils.timezone import now

from crm.accounts.actions.companies import update_company
from crm.accounts.actions.invitations import invite, withdraw_invitation
from crm.accounts.actions.users import NewUser, activate_user, create_user, deactivate_user, update_user
from crm.accounts.models import Company, Invitation, User
from crm.core.actors import Actor
from crm.core.admin import CompanyModelAdmin, PlatformModelAdmin, RefusableForm
from crm.core.admin_fields import ObjectField

USER_FIELDS = ("email", "username", "first_name", "last_name", "role", "timezone")


@admin.register(User)
class UserAdmin(CompanyModelAdmin):
    list_display = ("name", "email", "username", "role", "is_active", "last_login")
    list_display_links = ("name",)
    list_filter = ("role", "is_active")
    search_fields = ("email", "username", "first_name", "last_name")
    ordering = ("first_name", "last_name", "id")
    actions = ("deactivate", "activate")
    readonly_fields = ("is_active", "date_joined", "last_login")
    fieldsets = (
        ("Person", {"fields": USER_FIELDS}),
        ("State", {"fields": ("is_active", "date_joined", "last_login")}),
    )
    add_fieldsets = (
        ("Person", {"fields": USER_FIELDS, "description": "A mail with a link lets the person set a password."}),
    )

    def perform_create(self, data: Mapping[str, Any], *, by: Actor) -> User:
        return create_user(NewUser(**{name: data[name] for name in USER_FIELDS}), by=by)

    def perform_update(self, user: User, changes: Mapping[str, Any], *, by: Actor) -> User:
        return update_user(user, changes, by=by)

    @admin.action(description="Deactivate: sign out, and return open leads to the queue", permissions=["act"])
    def deactivate(self, request: HttpRequest, users: QuerySet[User]) -> None:
        by = self.actor(request)
        self.each(request, users, lambda user: deactivate_user(user, by=by), "users deactivated")

    @admin.action(description="Activate", permissions=["act"])
    def activate(self, request: HttpRequest, users: QuerySet[User]) -> None:
        by = self.actor(request)
        self.each(request, users, lambda user: activate_user(user, by=by), "users activated")


@admin.register(Invitation)
class InvitationAdmin(CompanyModelAdmin):
    list_display = ("email", "role", "invited_by", "created_at", "state")
    list_filter = ("role",)
    list_select_related = ("invited_by",)
    search_fields = ("email",)
    ordering = ("-created_at", "-id")
    actions = ("withdraw",)
    fields = ("email", "role")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("email", "role", "invited_by", "created_at", "expires_at", "accepted_at") if obj else self.fields

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def perform_create(self, data: Mapping[str, Any], *, by: User) -> Invitation:
        return invite(data["email"], data["role"], by=by)

    @admin.display()
    def state(self, invitation: Invitation) -> str:
        if invitation.accepted_at:
            return "Accepted"
        return "Waiting" if invitation.expires_at > now() else "Over"

    @admin.action(description="Withdraw", permissions=["act"])
    def withdraw(self, request: HttpRequest, invitations: QuerySet[Invitation]) -> None:
        by = self.actor(request)
        self.each(request, invitations, lambda row: withdraw_invitation(row, by=by), "invitations withdrawn")


class CompanyForm(RefusableForm):
    business_hours = ObjectField(help_text='By day: {"mon": [["09:00", "17:00"]]}')
    holidays = ObjectField(kind=list, help_text='Dates on which nobody works: ["2026-12-25"]')
    sla_by_priority = ObjectField(help_text='Minutes where they differ: {"urgent": 15}')
    calling_hours = ObjectField(help_text='In the contact\'s local time: {"start": "08:00", "end": "21:00"}')

    class Meta:
        model = Company
        fields: ClassVar[list[str]] = []


@admin.register(Company)
class CompanyAdmin(CompanyModelAdmin):
    """One's own company alone, and its settings."""

    form = CompanyForm
    list_display = ("name", "timezone", "default_country", "currency", "sla_duration_minutes", "sla_clock")
    fieldsets = (
        ("Company", {"fields": ("name", "timezone", "default_country", "currency")}),
        ("Hours", {"fields": ("business_hours", "holidays", "calling_hours")}),
        ("Recording", {"fields": ("record_calls", "recording_notice")}),
        ("Response clock", {"fields": ("sla_duration_minutes", "sla_by_priority", "sla_clock")}),
        ("Leads", {"fields": ("agents_may_claim", "accept_minutes", "duplicate_policy", "retention_days")}),
        (
            "Scores",
            {"fields": ("qualify_threshold", "promote_threshold", "disqualify_threshold", "attribution_days")},
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Company]:
        company = request.company  # type: ignore[attr-defined]
        return Company.objects.filter(pk=company.pk) if company else Company.objects.none()

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """There is one: straight to its settings."""
        company = request.company  # type: ignore[attr-defined]
        if company is None or not self.has_view_permission(request):
            return super().changelist_view(request, extra_context)
        return redirect(self.url("change", company.pk))

    def perform_update(self, company: Company, changes: Mapping[str, Any], *, by: Actor) -> Company:
        return update_company(company, changes, by=by)


admin.site.unregister([Group, Authenticator])  # roles are a table of our own; the second factor is shown below


@admin.register(Authenticator)
class AuthenticatorAdmin(PlatformModelAdmin):
    """Second factors, without their secrets: to take one away from somebody who lost it."""

    list_display = ("user", "type", "created_at", "last_used_at")
    list_select_related = ("user",)
    fields = readonly_fields = ("user", "type", "created_at", "last_used_at")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False


@admin.register(LogEntry)
class LogEntryAdmin(PlatformModelAdmin):
    """What superusers changed in the platform's own tables."""

    list_display = ("action_time", "user", "content_type", "object_repr", "action_flag")
    list_select_related = ("user", "content_type")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    has_delete_permission = has_change_permission
