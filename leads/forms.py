"""Clean input of the pages of leads."""

from __future__ import annotations

import json
from typing import Any

import orjson
from django import forms
from django.core.exceptions import ValidationError
from django.utils.timezone import localtime

from agents.models import Agent
from crm.accounts.models import User
from crm.accounts.permissions_table import allows
from crm.core.api.fields import MAX_TAG, MAX_TAGS
from crm.core.forms import CleanForm
from leads.models import CLOSED_STAGES, Lead, Priority, Qualification, Stage, Strategy

MAX_TEXT = 10_000
SHARING = [choice for choice in Strategy.choices if choice[0] != Strategy.CLAIM]


class ShareForm(CleanForm):
    """How ticked leads are shared out, and among whom (nobody named: all active people)."""

    strategy = forms.ChoiceField(choices=SHARING, initial=Strategy.CAPACITY)
    agents = forms.ModelMultipleChoiceField(
        Agent.objects.active(), required=False, error_messages={"invalid_choice": "An agent you chose is not active."}
    )
    notes = forms.CharField(max_length=500, required=False)

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if data.get("strategy") == Strategy.MANUAL and not data.get("agents"):
            self.add_error("agents", "By hand needs an agent: tick whom the leads go to.")
        return data


class WhenForm(CleanForm):
    """When leads are to be called; nothing: now."""

    at = forms.DateTimeField(
        required=False,
        label="Not before",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}),
        error_messages={"invalid": "Give the day and time of the call"},
    )


class BulkForm(CleanForm):
    """What the bulk bar changes of all ticked leads; what is left empty stays. `cleaned_data["changes"]` is for
    `update_many`."""

    stage = forms.ChoiceField(choices=[("", ""), *Stage.choices], required=False)
    reason = forms.CharField(max_length=1000, required=False)
    disposition = forms.CharField(max_length=50, required=False)
    priority = forms.TypedChoiceField(choices=[("", ""), *Priority.choices], coerce=int, required=False)
    tags = forms.CharField(max_length=1000, required=False)

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        given = {
            "stage": data.get("stage"),
            "stage_reason": data.get("reason") if data.get("stage") else "",
            "disposition": data.get("disposition"),
            "priority": data.get("priority"),
            "add_tags": self.tags_of(data.get("tags") or ""),
        }
        data["changes"] = {name: value for name, value in given.items() if value}
        if not data["changes"] and not self.errors:
            self.add_error(None, "Choose what to change first.")
        return data

    def tags_of(self, text: str) -> list[str]:
        tags = list(dict.fromkeys(word.strip() for word in text.split(",") if word.strip()))
        if any(len(tag) > MAX_TAG for tag in tags) or len(tags) > MAX_TAGS:
            self.add_error("tags", f"A tag has at most {MAX_TAG} characters, a lead at most {MAX_TAGS} tags.")
        return tags


class AssignForm(CleanForm):
    """One lead: an agent, or a strategy that finds one."""

    agent = forms.ModelChoiceField(
        Agent.objects.active(), required=False, error_messages={"invalid_choice": "That agent is not active any more."}
    )
    strategy = forms.ChoiceField(choices=[("", ""), *SHARING], required=False)
    notes = forms.CharField(max_length=500, required=False)

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if not data.get("agent") and data.get("strategy", "") in ("", Strategy.MANUAL) and not self.errors:
            self.add_error("agent", "Choose an agent first.")
        return data


class StageForm(CleanForm):
    stage = forms.ChoiceField(choices=Stage.choices)
    reason = forms.CharField(max_length=1000, required=False)


class DispositionForm(CleanForm):
    disposition = forms.CharField(max_length=50, required=False)
    note = forms.CharField(max_length=MAX_TEXT, required=False)


class PriorityForm(CleanForm):
    priority = forms.TypedChoiceField(choices=Priority.choices, coerce=int)


class NoteForm(CleanForm):
    text = forms.CharField(max_length=MAX_TEXT, error_messages={"required": "Write something first."})


class TagsField(forms.CharField):
    """Words by commas, as a list without repetitions."""

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(map(str, value)) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        words = [word.strip() for word in (super().to_python(value) or "").split(",")]
        return list(dict.fromkeys(word for word in words if word))


class PairsField(forms.CharField):
    """A JSON object written as lines `name: value`; values that are JSON stay what they are.

    What can't be written so (a name with a colon, a line break in it) is shown as one JSON object, and read as one.
    """

    widget = forms.Textarea(attrs={"rows": 4})

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        if any(":" in key or "\n" in key or key != key.strip() or key.startswith("{") for key in value):
            return json.dumps(value, ensure_ascii=False)
        return "\n".join(f"{key}: {as_line(item)}" for key, item in value.items())

    def to_python(self, value: Any) -> Any:
        text = (super().to_python(value) or "").strip()
        if text.startswith("{"):
            return whole_object(text)
        pairs: dict[str, Any] = {}
        for line in filter(str.strip, text.splitlines()):
            key, colon, written = line.partition(":")
            if not colon or not key.strip():
                raise ValidationError(f"Write each line as “name: value”: “{line.strip()[:40]}”.")
            pairs[key.strip()] = plain_or_json(written.strip())
        return pairs


def whole_object(text: str) -> dict[str, Any]:
    try:
        read = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise ValidationError("That is not a JSON object.") from error
    if not isinstance(read, dict):
        raise ValidationError("That is not a JSON object.")
    return read


def plain_or_json(text: str) -> Any:
    """`12`, `true`, `"12"`, `["a"]` are read as JSON; everything else is text."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text


def as_line(value: Any) -> str:
    """Text bare where it reads back as the same text, else in quotes; all else as JSON."""
    if isinstance(value, str) and "\n" not in value and value == value.strip() and plain_or_json(value) == value:
        return value
    return json.dumps(value, ensure_ascii=False)


class LeadForm(CleanForm):
    """A lead and its contact on one page; phone in any national form."""

    first_name = forms.CharField(max_length=150, required=False)
    last_name = forms.CharField(max_length=150, required=False)
    phone = forms.CharField(
        max_length=40, required=False, widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "off"})
    )
    email = forms.EmailField(max_length=254, required=False, label="E-mail")
    organization = forms.CharField(max_length=200, required=False, label="Organisation")
    title = forms.CharField(max_length=200, required=False, label="Role")
    source = forms.CharField(max_length=100, required=False)
    priority = forms.TypedChoiceField(choices=Priority.choices, coerce=int, initial=Priority.NORMAL)
    qualification_status = forms.ChoiceField(choices=Qualification.choices, label="Qualification", required=False)
    deal_value = forms.DecimalField(max_digits=14, decimal_places=2, min_value=0, required=False, label="Value")
    expected_close_date = forms.DateTimeField(
        required=False,
        label="Expected to close",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        input_formats=["%Y-%m-%d"],
    )
    tags = TagsField(max_length=1000, required=False, help_text="By commas")
    custom_fields = PairsField(
        max_length=MAX_TEXT, required=False, help_text="One a line, as “name: value”", label="Further fields"
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if not self.errors and not data.get("phone") and not data.get("email"):
            self.add_error("phone", "A lead needs a phone number or an e-mail address.")
        return data


class NewLeadForm(LeadForm):
    """Managers may name any agent, an agent itself alone."""

    stage = forms.ChoiceField(choices=[c for c in Stage.choices if c[0] not in CLOSED_STAGES], initial=Stage.LEAD)
    agent = forms.ModelChoiceField(Agent.objects.active(), required=False, empty_label="Nobody yet: to the queue")

    def __init__(self, data: Any = None, *, user: User) -> None:
        super().__init__(data)
        if not allows(user, "leads.assign"):
            self.fields["agent"].queryset = Agent.objects.active().filter(user=user)  # type: ignore[attr-defined]


def lead_initial(lead: Lead, phone: str) -> dict[str, Any]:
    """What the edit form begins with, each in the form in which an untouched field comes back."""
    contact, close = lead.contact, lead.expected_close_date
    return {
        "first_name": contact.first_name,
        "last_name": contact.last_name,
        "phone": phone,
        "email": contact.email,
        "organization": contact.organization,
        "title": contact.title,
        "source": lead.source,
        "priority": str(lead.priority),
        "qualification_status": lead.qualification_status,
        "deal_value": lead.deal_value,
        "expected_close_date": close and localtime(close).replace(hour=0, minute=0, second=0, microsecond=0),
        "tags": lead.tags,
        "custom_fields": lead.custom_fields,
    }
