"""Clean input of the pages of agents."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from agents.goals import GOALS
from agents.models import CAPACITY_LIMIT, Agent, Availability
from crm.accounts.models import User
from crm.core.forms import CleanForm
from crm.core.working_hours import WEEKDAYS, validate_hours

DAY_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
BETWEEN = re.compile(r"\s*(?:-|–|—|to)\s*")


class CapacityForm(CleanForm):
    """Open leads that the agent may hold; a voice agent may go without a limit."""

    max_capacity = forms.IntegerField(min_value=0, max_value=CAPACITY_LIMIT, required=False, label="Open leads at most")


class GoalsForm(CleanForm):
    """A day's goals; empty: none."""

    calls = forms.IntegerField(min_value=0, max_value=GOALS["calls"], required=False, label="Calls")
    reached = forms.IntegerField(min_value=0, max_value=GOALS["reached"], required=False, label="People reached")
    qualified = forms.IntegerField(min_value=0, max_value=GOALS["qualified"], required=False, label="Qualified")
    talk_minutes = forms.IntegerField(
        min_value=0, max_value=GOALS["talk_minutes"], required=False, label="Minutes of talk"
    )


class AvailabilityForm(CleanForm):
    availability = forms.ChoiceField(choices=Availability.choices)


class WindowsField(forms.CharField):
    """A day's hours: "09:00–12:30, 13:30–17:00", or nothing for a day off."""

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(f"{start}–{end}" for start, end in value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        return [self.window(part) for part in (super().to_python(value) or "").split(",") if part.strip()]

    def window(self, part: str) -> list[str]:
        times = [padded(time) for time in BETWEEN.split(part.strip())]
        if len(times) != 2:
            raise ValidationError("Write hours as 09:00–17:00, several by commas.")
        return times


def padded(time: str) -> str:
    """ "9" and "9:00" are "09:00"."""
    hours, _, minutes = time.strip().partition(":")
    return f"{hours.zfill(2)}:{minutes or '00'}"


class AgentForm(CleanForm):
    """What managers set of an agent; the rules stand in `agents/agent_fields.py`."""

    name = forms.CharField(max_length=200)
    max_capacity = forms.IntegerField(
        min_value=0,
        max_value=CAPACITY_LIMIT,
        required=False,
        label="Open leads at most",
        help_text="Empty: no limit, for voice agents alone",
    )
    timezone = forms.CharField(
        max_length=64, required=False, label="Time zone", help_text="Such as Europe/Berlin; empty: the company’s"
    )
    own_hours = forms.BooleanField(required=False, label="Hours of its own, not the company’s")
    max_attempts = forms.IntegerField(min_value=1, max_value=100, initial=3, label="Attempts at most")
    retry_delay_minutes = forms.IntegerField(
        min_value=0, max_value=527_040, initial=60, label="Minutes between attempts"
    )
    max_concurrent_calls = forms.IntegerField(min_value=1, max_value=1000, initial=1, label="Calls at once")
    voice_script = forms.CharField(
        max_length=20_000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 8}),
        label="Script",
        help_text=(
            "What is said, with {{first_name|there}} and the like. For a voice agent, a line for each key: "
            "[1 transfer +14155550100 Maya] One moment, [2 call back] Until tomorrow, [3 qualified] Wonderful, "
            "[9 opt out] Goodbye; [voicemail] for what a machine is told."
        ),
    )
    voice = forms.CharField(max_length=64, required=False)
    caller_number = forms.CharField(max_length=16, required=False, help_text="In the form +14155550123")
    own_number = forms.CharField(
        max_length=16,
        required=False,
        label="Telephone",
        help_text="In the form +14155550123; rung first where calls go by Twilio",
    )

    VOICE = ("voice", "caller_number")
    PERSON = ("own_number",)

    def __init__(self, data: Any = None, *, initial: dict[str, Any] | None = None, is_voice: bool) -> None:
        super().__init__(data, initial=initial)
        for day, label in zip(WEEKDAYS, DAY_NAMES, strict=True):
            self.fields[f"hours_{day}"] = WindowsField(max_length=200, required=False, label=label)
        for name in self.PERSON if is_voice else self.VOICE:
            del self.fields[name]

    def hours_fields(self) -> list[forms.BoundField]:
        return [self[f"hours_{day}"] for day in WEEKDAYS]

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        hours = {day: windows for day in WEEKDAYS if (windows := data.pop(f"hours_{day}", None))}
        own = data.pop("own_hours", False)
        if own and (problem := validate_hours(hours)):
            self.add_error("own_hours", problem)
        data["business_hours"] = hours if own else None
        return data


class NewAgentForm(AgentForm):
    """A user who is no agent yet, or nobody: an AI voice agent."""

    field_order = ("user", "name")
    user = forms.ModelChoiceField(
        User.objects.filter(agent__isnull=True, is_active=True),
        required=False,
        empty_label="Nobody: an AI voice agent",
        label="User",
    )

    def __init__(self, data: Any = None) -> None:
        super().__init__(data, is_voice=True)
        self.fields["name"].required = False
        self.fields["name"].help_text = "Empty: the user’s"

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if not data.get("user") and not data.get("name") and not self.errors:
            self.add_error("name", "A voice agent needs a name.")
        return data


def agent_initial(agent: Agent, company_hours: dict[str, Any]) -> dict[str, Any]:
    """What the edit form begins with; without hours of its own the company's stand there as a proposal."""
    hours = company_hours if agent.business_hours is None else agent.business_hours
    names = (
        "name",
        "max_capacity",
        "timezone",
        "max_attempts",
        "retry_delay_minutes",
        "max_concurrent_calls",
        "voice_script",
        *AgentForm.VOICE,
        *AgentForm.PERSON,
    )
    return {
        **{name: getattr(agent, name) for name in names},
        **{f"hours_{day}": hours.get(day, []) for day in WEEKDAYS},
        "own_hours": agent.business_hours is not None,
    }
