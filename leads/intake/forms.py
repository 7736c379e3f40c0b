"""Clean input of the page that gives a lead back."""

from __future__ import annotations

from django import forms

from crm.core.forms import CleanForm
from leads.choices import Complaint


class ReturnForm(CleanForm):
    reason = forms.CharField(max_length=200, help_text="The vendor reads it in its scorecard, so name nobody")
    complaint = forms.ChoiceField(
        choices=[("", "Nothing"), *Complaint.choices],
        required=False,
        label="What they said of being reached",
        help_text="A complaint closes every channel, for good; asking for no calls closes calls and texts",
    )
