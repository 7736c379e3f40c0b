"""Forms of the users' and profile pages; what values may be is for the actions, whose refusals come back here."""

from __future__ import annotations

from typing import Any

from django import forms

from crm.accounts.models import Theme, User
from crm.accounts.permissions_table import Role
from crm.accounts.regions import timezones
from crm.core.errors import InvalidField, Refused


def refuse(form: forms.Form, error: Refused, fields: dict[str, str] | None = None) -> None:
    """Put a refusal beside the field that it names (`fields`: under which name the form has it), else at the head."""
    named = error.field if isinstance(error, InvalidField) else getattr(error, "field", None)
    field = (fields or {}).get(named or "", named)
    form.add_error(field if field in form.fields else None, error.message)


def zone_choices(empty: str) -> list[tuple[str, str]]:
    return [("", empty), *((name, name.replace("_", " ")) for name in timezones())]


class PersonForm(forms.Form):
    first_name = forms.CharField(label="First name", max_length=150)
    last_name = forms.CharField(label="Last name", max_length=150, required=False)
    email = forms.EmailField(label="E-mail", max_length=254)
    username = forms.CharField(
        label="User name", max_length=150, required=False, help_text="Signs in beside the e-mail address."
    )
    role = forms.ChoiceField(label="Role", choices=Role.choices, initial=Role.AGENT)


class NewUserForm(PersonForm):
    pass


class UserForm(PersonForm):
    timezone = forms.ChoiceField(label="Time zone", required=False, choices=lambda: zone_choices("The company's"))

    @classmethod
    def of(cls, user: User, data: Any = None) -> UserForm:
        names = ("first_name", "last_name", "email", "username", "role", "timezone")
        return cls(data, initial={name: getattr(user, name) for name in names})


class InviteForm(forms.Form):
    email = forms.EmailField(label="E-mail", max_length=254)
    role = forms.ChoiceField(label="Role", choices=Role.choices, initial=Role.AGENT)


class ProfileForm(forms.Form):
    first_name = forms.CharField(label="First name", max_length=150)
    last_name = forms.CharField(label="Last name", max_length=150, required=False)
    timezone = forms.ChoiceField(label="Time zone", required=False, choices=lambda: zone_choices("The company's"))
    theme = forms.ChoiceField(label="Colours", choices=Theme.choices)

    @classmethod
    def of(cls, user: User, data: Any = None) -> ProfileForm:
        return cls(data, initial={name: getattr(user, name) for name in cls.base_fields})
