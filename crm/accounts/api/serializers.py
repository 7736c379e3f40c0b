"""Bodies of the requests about accounts: their form alone; what values may be is for the actions."""

from __future__ import annotations

from rest_framework import serializers

from crm.accounts.models import DuplicatePolicy, SlaClock
from crm.accounts.permissions_table import Role
from crm.core.api.fields import (
    Body,
    BoolField,
    ChoiceField,
    CleanCharField,
    EmailField,
    IntField,
    JsonObjectField,
    ListField,
)

LONG = 1000


class Password(CleanCharField):
    """As it was typed: white space counts."""

    def __init__(self, **kwargs: object) -> None:
        super().__init__(max_length=LONG, trim_whitespace=False, **kwargs)


class Register(Body):
    email = EmailField()
    password = Password()
    first_name = CleanCharField(max_length=150)
    last_name = CleanCharField(max_length=150, allow_blank=True, default="")
    company_name = CleanCharField(max_length=200, required=False)
    invitation = CleanCharField(required=False)

    def validate(self, data: dict[str, object]) -> dict[str, object]:
        """A company is named, or joined by an invitation."""
        if not data.get("invitation") and not data.get("company_name"):
            raise serializers.ValidationError(
                {"company_name": [serializers.ErrorDetail("Field required.", "required")]}
            )
        return data


class Login(Body):
    username = CleanCharField(required=False, max_length=254)
    email = CleanCharField(required=False, max_length=254)
    password = Password()
    code = CleanCharField(required=False, allow_blank=True, max_length=100)

    def validate(self, data: dict[str, object]) -> dict[str, object]:
        if not data.get("username") and not data.get("email"):
            raise serializers.ValidationError({"username": [serializers.ErrorDetail("Field required.", "required")]})
        return data


class Refresh(Body):
    refresh = CleanCharField(max_length=LONG)


class Logout(Body):
    refresh = CleanCharField(max_length=LONG, required=False)


class ForgotPassword(Body):
    email = EmailField()


class ResetPassword(Body):
    uid = CleanCharField()
    token = CleanCharField()
    password = Password()


class UserFields(Body):
    """PATCH: the named fields change."""

    email = EmailField()
    username = CleanCharField(max_length=150, allow_null=True, allow_blank=True)
    first_name = CleanCharField(max_length=150, allow_blank=True)
    last_name = CleanCharField(max_length=150, allow_blank=True)
    role = ChoiceField(Role)
    is_active = BoolField()
    timezone = CleanCharField(max_length=64, allow_null=True, allow_blank=True)


class NewUserBody(Body):
    email = EmailField()
    password = Password(required=False)
    first_name = CleanCharField(max_length=150)
    last_name = CleanCharField(max_length=150, allow_blank=True, default="")
    role = ChoiceField(Role)
    username = CleanCharField(max_length=150, required=False, allow_null=True, allow_blank=True)
    timezone = CleanCharField(max_length=64, required=False, allow_null=True, allow_blank=True)


class Invite(Body):
    email = EmailField()
    role = ChoiceField(Role)


class CompanyFields(Body):
    """PATCH: the named settings change."""

    name = CleanCharField(max_length=200)
    timezone = CleanCharField(max_length=64)
    default_country = CleanCharField(max_length=2)
    currency = CleanCharField(max_length=3)
    sla_duration_minutes = IntField(min_value=1)
    sla_by_priority = JsonObjectField()
    sla_clock = ChoiceField(SlaClock)
    calling_hours = JsonObjectField()
    business_hours = JsonObjectField()
    holidays = ListField(child=CleanCharField(max_length=10))
    agents_may_claim = BoolField()
    accept_minutes = IntField(min_value=1, allow_null=True)
    attribution_days = IntField(min_value=1)
    record_calls = BoolField()
    recording_notice = CleanCharField(max_length=300, allow_blank=True, help_text="Said first, if calls are recorded")
    retention_days = IntField(min_value=1, allow_null=True)
    duplicate_policy = ChoiceField(DuplicatePolicy)
    qualify_threshold = IntField(max_value=100)
    promote_threshold = IntField(max_value=100)
    disqualify_threshold = IntField(max_value=100)
