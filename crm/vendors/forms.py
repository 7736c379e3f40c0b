"""Clean input of the pages of vendors."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from crm.core.errors import InvalidField, Refused
from crm.core.forms import CleanForm
from crm.vendors.field_mapping import CUSTOM, FIELDS, MAX_NAME, checked
from crm.vendors.models import Status, Vendor

BLANK_ROWS = 4


class VendorForm(CleanForm):
    """What administrators set of a vendor."""

    name = forms.CharField(max_length=200)
    description = forms.CharField(
        max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 3}), help_text="For your own people"
    )
    daily_cap = forms.IntegerField(
        min_value=0,
        max_value=10_000_000,
        required=False,
        label="Leads a day at most",
        help_text="Empty: no limit. Counted in the company’s days",
    )
    price = forms.DecimalField(
        min_value=0,
        max_digits=12,
        decimal_places=2,
        required=False,
        label="Price of a lead",
        help_text="For each accepted one, from now on",
    )


class NewVendorForm(VendorForm):
    field_order = ("vendor_code", "name")
    vendor_code = forms.CharField(
        max_length=50, label="Code", help_text="Letters, digits, dots and dashes, such as DEMO001; it stays"
    )


class EditVendorForm(VendorForm):
    status = forms.ChoiceField(choices=Status.choices, help_text="A paused vendor’s leads are refused")


def initial_of(vendor: Vendor) -> dict[str, Any]:
    return {name: getattr(vendor, name) for name in EditVendorForm.base_fields}


class MappingForm(CleanForm):
    """Rows of a vendor's field and ours; an empty row is no row. Our name may also be `custom_fields.<name>`."""

    def __init__(self, data: Any = None, *, mapping: dict[str, str]) -> None:
        super().__init__(data)
        pairs = [*mapping.items(), *[("", "")] * BLANK_ROWS]
        if data is not None:  # as many rows as were sent
            pairs += [("", "")] * sum(1 for name in data if name.startswith("theirs_") and name[7:].isdecimal())
        self.count = min(len(pairs), 220)
        for number, (theirs, ours) in enumerate(pairs[: self.count]):
            self.fields[f"theirs_{number}"] = forms.CharField(
                max_length=MAX_NAME, required=False, initial=theirs, label=f"Their field {number + 1}"
            )
            self.fields[f"ours_{number}"] = forms.CharField(
                max_length=MAX_NAME + len(CUSTOM),
                required=False,
                initial=ours,
                label=f"Our field {number + 1}",
                widget=forms.TextInput(attrs={"list": "our-fields"}),
            )

    def rows(self) -> Iterator[tuple[forms.BoundField, forms.BoundField]]:
        for number in range(self.count):
            yield self[f"theirs_{number}"], self[f"ours_{number}"]

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        mapping: dict[str, str] = {}
        for number in range(self.count):
            theirs, ours = data.get(f"theirs_{number}") or "", data.get(f"ours_{number}") or ""
            if bool(theirs) != bool(ours):
                self.add_error(f"ours_{number}" if theirs else f"theirs_{number}", "Fill both, or neither.")
            elif theirs in mapping:
                self.add_error(f"theirs_{number}", "This field stands above already.")
            elif theirs:
                mapping[theirs] = ours
        if not self.errors:
            self._checked(mapping)
        return {"field_mapping": mapping}

    def _checked(self, mapping: dict[str, str]) -> None:
        try:
            checked(mapping)
        except InvalidField as refused:
            raise ValidationError(f"{refused.message}.") from refused

    our_fields = FIELDS


class PeriodForm(CleanForm):
    start_date = forms.DateField(required=False, label="From", widget=forms.DateInput(attrs={"type": "date"}))
    end_date = forms.DateField(required=False, label="To", widget=forms.DateInput(attrs={"type": "date"}))

    def days(self) -> tuple[dt.date | None, dt.date | None]:
        """None for what is not given, or no date."""
        if not self.is_bound:
            return None, None
        self.is_valid()
        start, end = self.cleaned_data.get("start_date"), self.cleaned_data.get("end_date")
        return start, end if end is None or end < dt.date.max else None


def put_on(form: CleanForm, refused: Refused) -> None:
    """The refusal beside the field that it is about."""
    named = {"VendorCodeTaken": "vendor_code"}.get(type(refused).__name__, getattr(refused, "field", None))
    form.add_error(named if named in form.fields else None, f"{refused.message}.")
