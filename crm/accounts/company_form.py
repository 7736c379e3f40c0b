"""The company's settings as a form: hours as lines of text, holidays as dates, one a line."""

from __future__ import annotations

from typing import Any

from django import forms

from crm.accounts.company_settings import PRIORITIES
from crm.accounts.forms import zone_choices
from crm.accounts.models import Company, DuplicatePolicy, SlaClock
from crm.accounts.regions import CURRENCIES, countries
from crm.core.working_hours import WEEKDAYS

DAY_LABELS = dict(
    zip(WEEKDAYS, ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"), strict=True)
)
PLAIN = (
    "name",
    "timezone",
    "default_country",
    "currency",
    "sla_duration_minutes",
    "sla_clock",
    "agents_may_claim",
    "accept_minutes",
    "duplicate_policy",
    "qualify_threshold",
    "promote_threshold",
    "disqualify_threshold",
    "record_calls",
    "recording_notice",
    "attribution_days",
    "retention_days",
)
# where a setting that the form spreads over several fields shows its refusal
SHOWN_AT = {"calling_hours": "calling_start", "business_hours": "hours_mon", "sla_by_priority": "sla_urgent"}


class CompanyForm(forms.Form):
    name = forms.CharField(label="Name", max_length=200)
    timezone = forms.ChoiceField(label="Time zone", choices=lambda: zone_choices("Choose")[1:])
    default_country = forms.ChoiceField(
        label="Country of phone numbers",
        choices=lambda: list(countries().items()),
        help_text="How a number without a country code is read.",
    )
    currency = forms.ChoiceField(label="Currency", choices=[(code, code) for code in sorted(CURRENCIES)])
    holidays = forms.CharField(
        label="Holidays",
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="One date a line, such as 2026-12-25.",
    )
    calling_start = forms.CharField(label="From", widget=forms.TimeInput(attrs={"type": "time"}))
    calling_end = forms.CharField(label="To", widget=forms.TimeInput(attrs={"type": "time"}))
    record_calls = forms.BooleanField(label="Record calls", required=False)
    recording_notice = forms.CharField(
        label="What is said first", required=False, max_length=300, help_text="Nobody is recorded without being told."
    )
    sla_duration_minutes = forms.IntegerField(label="Minutes to the first response")
    sla_clock = forms.ChoiceField(label="Counted in", choices=SlaClock.choices)
    agents_may_claim = forms.BooleanField(label="Agents may claim the next unassigned lead", required=False)
    accept_minutes = forms.IntegerField(
        label="Minutes to accept",
        required=False,
        help_text="An untouched lead then goes on to the next agent, or back to the queue. Empty: it stays.",
    )
    duplicate_policy = forms.ChoiceField(label="A second open lead of one contact", choices=DuplicatePolicy.choices)
    disqualify_threshold = forms.IntegerField(label="Disqualified below")
    qualify_threshold = forms.IntegerField(label="Qualified from")
    promote_threshold = forms.IntegerField(label="Promoted from")
    attribution_days = forms.IntegerField(label="Days in which a conversion counts for a campaign")
    retention_days = forms.IntegerField(
        label="Days that closed leads are kept", required=False, help_text="Empty: without end."
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for day, label in DAY_LABELS.items():
            self.fields[f"hours_{day}"] = forms.CharField(label=label, required=False, max_length=200)
        for priority in PRIORITIES:
            label = f"Priority {priority}"
            self.fields[f"sla_{priority}"] = forms.IntegerField(label=label, required=False)

    @classmethod
    def of(cls, company: Company, data: Any = None) -> CompanyForm:
        initial: dict[str, Any] = {name: getattr(company, name) for name in PLAIN}
        initial |= {"calling_start": company.calling_hours["start"], "calling_end": company.calling_hours["end"]}
        initial["holidays"] = "\n".join(company.holidays)
        initial |= {f"hours_{day}": write_spans(company.business_hours.get(day, [])) for day in WEEKDAYS}
        initial |= {f"sla_{priority}": company.sla_by_priority.get(priority) for priority in PRIORITIES}
        return cls(data, initial=initial)

    @property
    def days(self) -> list[Any]:
        return [self[f"hours_{day}"] for day in WEEKDAYS]

    @property
    def priorities(self) -> list[Any]:
        return [self[f"sla_{priority}"] for priority in reversed(PRIORITIES)]

    def settings(self) -> dict[str, Any]:
        """As `update_company` takes them."""
        data = self.cleaned_data
        values: dict[str, Any] = {name: data[name] for name in PLAIN}
        values["calling_hours"] = {"start": data["calling_start"][:5], "end": data["calling_end"][:5]}
        values["holidays"] = data["holidays"].split()
        values["business_hours"] = {day: read_spans(data[f"hours_{day}"]) for day in WEEKDAYS}
        given = {priority: data[f"sla_{priority}"] for priority in PRIORITIES}
        values["sla_by_priority"] = {name: minutes for name, minutes in given.items() if minutes is not None}
        return values


def write_spans(spans: list[list[str]]) -> str:
    return ", ".join(f"{start}–{end}" for start, end in spans)


def read_spans(text: str) -> list[list[str]]:
    """`09:00–12:00, 13:00–17:00`, with any dash; what is no span is left for the rule to refuse."""
    parts = (part for part in text.replace("–", "-").replace("—", "-").split(",") if part.strip())
    return [[end.strip() for end in part.split("-")] for part in parts]
