"""Bodies of requests about leads, contacts, notes and dispositions. Null is taken as empty or as not given."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, ClassVar, cast
from zoneinfo import available_timezones

from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail

from crm.core.api.fields import (
    Body,
    BoolField,
    ChoiceField,
    CleanCharField,
    E164Field,
    EmailField,
    JsonObjectField,
    MomentField,
    MoneyField,
    TagsField,
    UuidField,
)
from leads.models import OptIn, Priority, Qualification, Stage, Status

MAX_NOTE = 20_000
MAX_REASON = 2_000


@cache
def known_zones() -> frozenset[str]:
    return frozenset(available_timezones())


class ZoneField(CleanCharField):
    """A time zone of the IANA database."""

    default_error_messages = {"zone": "Must be a time zone such as America/New_York."}

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        if text and text not in known_zones():
            self.fail("zone")
        return text


class CountryField(CleanCharField):
    """Two letters, ISO 3166."""

    default_error_messages = {"country": "Must be a country's two letters, such as US."}

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data).upper()
        if text and not (len(text) == 2 and text.isascii() and text.isalpha()):
            self.fail("country")
        return text


def text(size: int = 255, **kwargs: Any) -> CleanCharField:
    return CleanCharField(max_length=size, required=False, allow_blank=True, allow_null=True, **kwargs)


class PersonFields(Body):
    """What can be said of the person, in a contact's and in a lead's own body."""

    name = text(300)
    first_name = text(150)
    last_name = text(150)
    email = EmailField(required=False, allow_blank=True, allow_null=True)
    phone = text(60, help_text="Any national or international form; normalised to E.164")
    phone_e164 = E164Field(required=False, allow_blank=True, allow_null=True)
    organization = text(200, help_text="The employer")
    title = text(200)
    timezone = ZoneField(required=False, allow_blank=True, allow_null=True)
    country = CountryField(required=False, allow_blank=True, allow_null=True)
    region = text(100)
    city = text(100)


class LeadFields(PersonFields):
    """What a change of a lead may name."""

    source = text(100)  # type: ignore[assignment]
    stage = ChoiceField(Stage, required=False)
    stage_reason = text(MAX_REASON)
    status = ChoiceField(Status, required=False)
    disposition = text(100, help_text="Key or label")
    priority = ChoiceField(Priority, required=False)
    qualification_status = ChoiceField(Qualification, required=False)
    deal_value = MoneyField(required=False, allow_null=True)
    expected_close_date = MomentField(required=False, allow_null=True)
    qualification_data = JsonObjectField(required=False)
    custom_fields = JsonObjectField(required=False)
    tags = TagsField(required=False)
    schedule_at = MomentField(required=False, allow_null=True)


class NewPerson(PersonFields):
    """Says what is missing together with what is malformed, where no known contact can be meant."""

    reached_by: ClassVar[tuple[str, ...]] = ("phone", "phone_e164", "email")

    def to_internal_value(self, data: Any) -> Any:
        problems: dict[str, Any] = {}
        values: Any = None
        try:
            values = super().to_internal_value(data)
        except serializers.ValidationError as error:
            problems = dict(cast("dict[str, Any]", error.detail))
        if problems := {**self.missing(data), **problems}:
            raise serializers.ValidationError(problems)
        return values

    def missing(self, data: Mapping[str, Any]) -> dict[str, Any]:
        if any(data.get(name) for name in self.reached_by):
            return {}
        named = any(data.get(name) for name in ("name", "first_name"))
        nameless = {} if named else {"first_name": [missing("A new contact needs a first name")]}
        return {"phone_e164": [missing("A new contact needs a phone number or an e-mail address")], **nameless}


def missing(message: str) -> ErrorDetail:
    return ErrorDetail(message, code="required")


class NewLeadBody(NewPerson, LeadFields):
    """A lead of a contact by id, of a person by name and phone or e-mail, or any mix."""

    reached_by = (*NewPerson.reached_by, "contact_id")

    contact_id = UuidField(required=False, allow_null=True)
    agent_id = text(254, help_text="UUID or e-mail of the agent that gets it")
    agent_email = text(254)
    assignee_id = UuidField(required=False, allow_null=True)
    vendor_code = text(50)
    campaign_id = UuidField(required=False, allow_null=True)


class StageBody(Body):
    stage = ChoiceField(Stage)
    stage_reason = text(MAX_REASON, help_text="Needed to leave customer or lost")


class DealValueBody(Body):
    deal_value = MoneyField(allow_null=True)


class NoteBody(Body):
    text = CleanCharField(max_length=MAX_NOTE)


class ContactBody(PersonFields):
    tags = TagsField(required=False)
    custom_fields = JsonObjectField(required=False)
    lifecycle_stage = ChoiceField(Stage, required=False)
    opt_in_status = ChoiceField(OptIn, required=False)
    do_not_contact = BoolField(required=False)


class NewContactBody(NewPerson, ContactBody):
    """A phone or an e-mail, and a name."""


class DispositionFields(Body):
    label = CleanCharField(max_length=100, required=False)  # type: ignore[assignment]
    is_final = BoolField(required=False)
    reached_person = BoolField(required=False)
    is_active = BoolField(required=False)


class NewDispositionBody(DispositionFields):
    label = CleanCharField(max_length=100)  # type: ignore[assignment]
    key = text(50, help_text="The label's unless given")
