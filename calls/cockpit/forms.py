"""What a person says of a call when it is over."""

from __future__ import annotations

from django import forms

from agents.models import Availability
from crm.core.forms import CleanForm


class WrapUpForm(CleanForm):
    disposition = forms.CharField(max_length=100, error_messages={"required": "Choose how the call went"})
    note = forms.CharField(max_length=10_000, required=False)
    callback_at = forms.DateTimeField(
        required=False,
        label="Call back at",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}),
        error_messages={"invalid": "Give the call-back's day and time"},
    )


class HandOnForm(CleanForm):
    """A colleague by id, or a telephone by its number."""

    agent = forms.UUIDField(required=False, error_messages={"invalid": "Choose a colleague of the list"})
    number = forms.CharField(max_length=20, required=False)
    name = forms.CharField(max_length=200, required=False)


class SwitchForm(CleanForm):
    availability = forms.ChoiceField(choices=Availability.choices)
