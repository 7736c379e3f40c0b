"""What the pages' forms about views take."""

from __future__ import annotations

from django import forms
from django.http import QueryDict

from crm.core.forms import CleanForm


class ViewForm(CleanForm):
    """A view's name and whether it is shared; the list's address and columns come along."""

    name = forms.CharField(max_length=100, error_messages={"required": "Give the view a name."})
    shared = forms.BooleanField(required=False)
    query = forms.CharField(required=False, max_length=4000)
    columns = forms.CharField(required=False, max_length=4000)

    @property
    def params(self) -> QueryDict:
        return QueryDict(self.cleaned_data["query"])

    @property
    def column_keys(self) -> list[str]:
        return [key for key in self.cleaned_data["columns"].split(",") if key]
