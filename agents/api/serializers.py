"""Bodies of the requests about agents: their form alone; what values may be is for the actions."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from agents.goals import GOALS
from agents.models import CAPACITY_LIMIT, Availability, Kind
from crm.core.api.fields import (
    Body,
    BoolField,
    ChoiceField,
    CleanCharField,
    E164Field,
    EmailField,
    IntField,
    JsonObjectField,
    UuidField,
    one_of,
)

CAPACITY_NAMES = ("max", "max_capacity", "max_leads")


def maximum() -> IntField:
    return IntField(required=False, allow_null=True, max_value=CAPACITY_LIMIT)


class AgentFields(Body):
    name = CleanCharField(max_length=200, required=False)
    timezone = CleanCharField(max_length=64, required=False, allow_blank=True, allow_null=True)
    business_hours = JsonObjectField(required=False, allow_null=True)
    availability = ChoiceField(Availability, required=False)
    is_active = BoolField(required=False)
    max_attempts = IntField(required=False, min_value=1, max_value=100)
    retry_delay_minutes = IntField(required=False, max_value=366 * 24 * 60)
    max_concurrent_calls = IntField(required=False, min_value=1, max_value=1000)
    max_capacity = maximum()
    voice_script = CleanCharField(max_length=20_000, required=False, allow_blank=True)
    voice = CleanCharField(max_length=64, required=False, allow_blank=True)
    caller_number = E164Field(required=False, allow_blank=True, allow_null=True)
    own_number = E164Field(required=False, allow_blank=True, allow_null=True)


class NewAgent(AgentFields):
    """A person from `user_id` or a user's `email`; without both a voice agent, which has a `name`."""

    kind = ChoiceField(Kind, required=False)
    user_id = UuidField(required=False)
    email = EmailField(required=False)

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        named = one_of(("user_id", "email"), data)
        kind = data.get("kind") or (Kind.HUMAN if named or not data.get("name") else Kind.VOICE)
        if kind == Kind.HUMAN and not named:
            raise missing("user_id")
        if kind == Kind.VOICE and named:
            raise serializers.ValidationError({named: ["A voice agent is tied to no user."]})
        if kind == Kind.VOICE and not data.get("name"):
            raise missing("name")
        return data


class CapacityBody(Body):
    max = maximum()
    max_capacity = maximum()
    max_leads = maximum()

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        """The first of the three names that stands there."""
        name = next((name for name in CAPACITY_NAMES if name in data), None)
        if name is None:
            raise missing("max")
        return {"max": data[name]}


class AvailabilityBody(Body):
    availability = ChoiceField(Availability)


class GoalsBody(Body):
    calls = IntField(required=False, allow_null=True, max_value=GOALS["calls"])
    reached = IntField(required=False, allow_null=True, max_value=GOALS["reached"])
    qualified = IntField(required=False, allow_null=True, max_value=GOALS["qualified"])
    talk_minutes = IntField(required=False, allow_null=True, max_value=GOALS["talk_minutes"])
    agent_id = CleanCharField(max_length=254, required=False)


def missing(field: str) -> serializers.ValidationError:
    return serializers.ValidationError({field: [serializers.ErrorDetail("Field required.", "required")]})
