"""Clean input of the page that gives a lead back."""

from __future__ import annotations

from django import forms

from crm.core.forms import CleanForm


class ReturnForm(CleanForm):
    reason = forms.CharField(max_length=200, help_text="The vendor reads it in its scorecard, so name nobody")
