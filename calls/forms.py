"""What people say of a call on its page, and when they want one."""

from __future__ import annotations

from typing import Any

from django import forms

from calls.models import Direction, Outcome
from crm.core.forms import CleanForm


class LogForm(CleanForm):
    """A call that was made outside of the product."""

    outcome = forms.ChoiceField(choices=Outcome.choices, initial=Outcome.ANSWERED, label="How it went")
    direction = forms.ChoiceField(choices=Direction.choices, initial=Direction.OUTBOUND, label="Direction")
    minutes = forms.IntegerField(min_value=0, max_value=24 * 60, required=False, label="Minutes")
    disposition = forms.ChoiceField(required=False, label="Outcome")
    summary = forms.CharField(
        max_length=10_000, required=False, label="What was said", widget=forms.Textarea(attrs={"rows": 3})
    )
    callback_at = forms.DateTimeField(
        required=False, label="Call back at", widget=forms.DateTimeInput(attrs={"type": "datetime-local"})
    )

    def __init__(self, *args: Any, outcomes: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["disposition"]
        field.choices = [("", "None"), *outcomes]

    def facts(self) -> dict[str, Any]:
        """As `log_call` takes them."""
        given = dict(self.cleaned_data)
        minutes = given.pop("minutes")
        return {**given, "duration_seconds": None if minutes is None else minutes * 60}


class OutcomeForm(CleanForm):
    disposition = forms.CharField(max_length=100)
    summary = forms.CharField(max_length=10_000, required=False)
