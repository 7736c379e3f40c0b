"""Clean input of the pages of consent, suppressed addresses and calling hours."""

from __future__ import annotations

from typing import Any

from django import forms

from agents.forms import WindowsField
from crm.accounts.regions import countries
from crm.compliance.actions.hours import DAY_NAMES
from crm.compliance.channels import BY_PHONE, COVERS, Channel
from crm.compliance.models import StricterHours
from crm.compliance.places import regions
from crm.core.errors import Refused
from crm.core.forms import CleanForm
from crm.core.working_hours import WEEKDAYS

PHONE_CHANNELS = [(channel.value, channel.label) for channel in BY_PHONE]
TICKS = {"class": "form-check-input"}

TOLD_US, PASSED_ON = "person", "complaint"


class ConsentForm(CleanForm):
    """What a person said, as an agent writes it down; or complained of to somebody who passed it on."""

    channel = forms.ChoiceField(choices=COVERS, label="About")
    granted = forms.ChoiceField(
        choices=[("no", "Does not want it"), ("yes", "Agrees to it")], label="What they said", initial="no"
    )
    wording = forms.CharField(
        max_length=2000, required=False, label="In their words", widget=forms.Textarea(attrs={"rows": 2})
    )
    told_by = forms.ChoiceField(
        choices=[(TOLD_US, "They told us"), (PASSED_ON, "A complaint was passed on")],
        required=False,
        initial=TOLD_US,
        label="How we know",
    )
    origin = forms.CharField(
        max_length=200, required=False, label="Passed on by", help_text="A complaint’s provider or vendor"
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if data.get("told_by") == PASSED_ON:
            if data.get("granted") == "yes":
                self.add_error("granted", "A complaint agrees to nothing.")
            if not data.get("origin"):
                self.add_error("origin", "Name who passed the complaint on.")
        return data

    @property
    def is_complaint(self) -> bool:
        return bool(self.cleaned_data["told_by"] == PASSED_ON)


class SuppressionForm(CleanForm):
    address = forms.CharField(max_length=254, label="Phone number or e-mail address")
    channels = forms.MultipleChoiceField(
        choices=Channel.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple(attrs=TICKS),
        help_text="None ticked: all that reach it",
    )
    reason = forms.CharField(max_length=300, required=False)
    expires_at = forms.DateTimeField(
        required=False,
        label="Until",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}),
        help_text="Empty: for good",
    )


class SuppressionFileForm(CleanForm):
    file = forms.FileField(label="CSV or Excel file")
    source = forms.CharField(
        max_length=100, required=False, label="Where it comes from", help_text="A registry, a list of yours"
    )


class StricterHoursForm(CleanForm):
    country = forms.ChoiceField(choices=[])
    region = forms.CharField(max_length=3, required=False, help_text="Its code, such as FL; empty: the whole country")
    channels = forms.MultipleChoiceField(
        choices=PHONE_CHANNELS,
        widget=forms.CheckboxSelectMultiple(attrs=TICKS),
        initial=[channel.value for channel in BY_PHONE],
    )
    note = forms.CharField(max_length=300, required=False, help_text="Why, for your own people")

    def __init__(self, data: Any = None, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.fields["country"].choices = list(countries().items())  # type: ignore[attr-defined]
        for day, label in zip(WEEKDAYS, DAY_NAMES, strict=True):
            self.fields[f"hours_{day}"] = WindowsField(max_length=200, required=False, label=label)

    def clean_region(self) -> str:
        return str(self.cleaned_data["region"]).strip().upper()

    def hours_fields(self) -> list[forms.BoundField]:
        return [self[f"hours_{day}"] for day in WEEKDAYS]

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        data["hours"] = {day: windows for day in WEEKDAYS if (windows := data.pop(f"hours_{day}", None))}
        return data


def hours_initial(row: StricterHours) -> dict[str, Any]:
    hours = {f"hours_{day}": row.hours.get(day, []) for day in WEEKDAYS}
    return {"country": row.country, "region": row.region, "channels": row.channels, "note": row.note, **hours}


def region_codes() -> list[tuple[str, str]]:
    """For the field's suggestions: code and name."""
    return [(code, region.name) for table in regions().values() for code, region in table.items()]


def put_on(form: CleanForm, refused: Refused, **named: str) -> None:
    """The refusal beside the field that it is about; `named`: the form's name of an action's field."""
    field = getattr(refused, "field", None)
    field = named.get(field or "", field)
    form.add_error(field if field in form.fields else None, refused.message.rstrip(".") + ".")
