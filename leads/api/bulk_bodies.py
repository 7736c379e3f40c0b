"""Bodies of the requests about many leads at once."""

from __future__ import annotations

import json
from typing import Any, cast

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from crm.core.api.fields import (
    Body,
    BoolField,
    ChoiceField,
    CleanCharField,
    JsonObjectField,
    ListField,
    MomentField,
    MoneyField,
    TagsField,
    UuidField,
)
from leads.api.serializers import MAX_REASON
from leads.assignment.serializers import StrategyField
from leads.models import Priority, Qualification, Stage, Status

MOST_IDS = 100_000
LONGEST_ID = 64  # of a malformed one, as it is told


@extend_schema_field({"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": MOST_IDS})
class LeadIdsField(serializers.Field[Any, Any, Any, Any]):
    """Ids as they were written: what is no id is not refused here, it fails alone."""

    default_error_messages = {
        "required": "Field required.",
        "null": "May not be null.",
        "invalid": "Must be a list of ids.",
        "empty": "May not be empty.",
        "many": f"At most {MOST_IDS:,} ids; name more by filter.",
    }

    def to_internal_value(self, data: Any) -> list[str]:
        if not isinstance(data, list):
            self.fail("invalid")
        if not data:
            self.fail("empty")
        if len(data) > MOST_IDS:
            self.fail("many")
        return [name if isinstance(name, str) else json.dumps(name)[:LONGEST_ID] for name in data]

    def to_representation(self, value: Any) -> Any:
        return value


class WhichLeads(Body):
    """By `lead_ids` or by `filter`; `async` asks for a job however few they are."""

    lead_ids = LeadIdsField(required=False)
    filter = JsonObjectField(
        required=False,
        help_text='The filters of `GET /leads`, by name, at least one; `{"all": true}` alone is every lead',
    )

    def get_fields(self) -> dict[str, Any]:
        fields: dict[str, Any] = super().get_fields()
        fields["async"] = BoolField(required=False, help_text="Answer 202 with a job")
        return fields

    def to_internal_value(self, data: Any) -> Any:
        """Says that both are missing, or both given, together with what else is wrong."""
        problems: dict[str, Any] = {}
        values: Any = None
        try:
            values = super().to_internal_value(data)
        except serializers.ValidationError as error:
            problems = dict(cast("dict[str, Any]", error.detail))
        named = [name for name in ("lead_ids", "filter") if name in data]
        if not named:
            problems["lead_ids"] = [serializers.ErrorDetail("Name the leads by lead_ids or by filter.", "required")]
        elif len(named) == 2:
            problems["filter"] = [serializers.ErrorDetail("Name the leads by lead_ids or by filter, not both.")]
        if problems:
            raise serializers.ValidationError(problems)
        return values


class Updates(Body):
    """What may be changed of many leads; at least one of them."""

    source = CleanCharField(max_length=100, required=False, allow_blank=True)  # type: ignore[assignment]
    stage = ChoiceField(Stage, required=False)
    stage_reason = CleanCharField(
        max_length=MAX_REASON, required=False, allow_blank=True, help_text="Needed to leave customer or lost"
    )
    status = ChoiceField(Status, required=False)
    disposition = CleanCharField(
        max_length=100, required=False, allow_blank=True, allow_null=True, help_text="Key or label; empty: none"
    )
    priority = ChoiceField(Priority, required=False)
    qualification_status = ChoiceField(Qualification, required=False)
    deal_value = MoneyField(required=False, allow_null=True)
    expected_close_date = MomentField(required=False, allow_null=True)
    qualification_data = JsonObjectField(required=False)
    custom_fields = JsonObjectField(required=False)
    tags = TagsField(required=False)
    schedule_at = MomentField(required=False, allow_null=True)

    def validate(self, attrs: Any) -> Any:
        if not attrs.keys() - {"stage_reason"}:
            raise serializers.ValidationError("Name at least one field to change.")
        return attrs


class BulkUpdateBody(WhichLeads):
    updates = Updates()


class BulkDeleteBody(WhichLeads):
    pass


class BulkAssignBody(WhichLeads):
    """`strategy` is `manual` where agents are named, else `capacity`; for `manual` they are filled in this order."""

    strategy = StrategyField(required=False, allow_null=True)
    agent_emails = ListField(child=CleanCharField(max_length=254), required=False, allow_null=True, max_length=1000)
    agent_ids = ListField(child=CleanCharField(max_length=254), required=False, allow_null=True, max_length=1000)
    agent_email = CleanCharField(max_length=254, required=False, allow_null=True)
    agent_id = CleanCharField(max_length=254, required=False, allow_null=True)
    assignee_id = UuidField(required=False, allow_null=True)
    notes = CleanCharField(max_length=10_000, required=False, allow_blank=True, allow_null=True)
