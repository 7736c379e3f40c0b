"""Clean input of the page of a company's own account."""

from __future__ import annotations

from typing import Any

from django import forms

from crm.core.errors import Refused
from crm.core.forms import CleanForm
from crm.providers.models import Connection


class ConnectionForm(CleanForm):
    """The secret goes in and never comes out: empty, the one that is kept stays."""

    account = forms.CharField(max_length=64, label="Account SID", widget=forms.TextInput(attrs={"autocomplete": "off"}))
    secret = forms.CharField(
        max_length=200,
        required=False,
        label="Auth Token",
        widget=forms.PasswordInput(render_value=False, attrs={"autocomplete": "new-password"}),
    )
    caller_number = forms.CharField(
        max_length=16,
        required=False,
        label="Number to call from",
        help_text="Where an agent has none of its own, such as +14155550100",
    )
    is_active = forms.BooleanField(required=False, initial=True, label="Call by this account")

    @classmethod
    def of(cls, row: Connection | None, data: Any = None) -> ConnectionForm:
        names = ("account", "caller_number", "is_active")
        form = cls(data, initial={name: getattr(row, name) for name in names} if row else None)
        end = f", which ends in {row.secret_end}" if row and row.secret_end else ""
        secret = form.fields["secret"]
        secret.help_text = f"Empty: the one that is kept{end}" if row else "Kept encrypted, shown to nobody"
        secret.required = row is None
        return form


def put_on(form: CleanForm, refused: Refused) -> None:
    """The refusal beside the field that it is about."""
    field = getattr(refused, "field", None)
    form.add_error(field if field in form.fields else None, refused.message.rstrip(".") + ".")
