"""Bodies of requests about routing rules."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from crm.core.api.fields import Body, BoolField, ChoiceField, CleanCharField, IntField, ListField, UuidField
from crm.core.errors import InvalidField
from leads.assignment.serializers import ALIASES
from leads.routing import kinds
from leads.routing.conditions import MOST_CONDITIONS, checked
from leads.routing.errors import MOST_RULES
from leads.routing.models import STRATEGIES

MOST_LOOKED_AT = 1000  # leads of a dry run
AGENTS = 1000

CONDITION: dict[str, Any] = {
    "type": "object",
    "required": ["field", "operator"],
    "properties": {
        "field": {"type": "string", "description": "One of the fields that rules know, or `custom.<key>`."},
        "operator": {"type": "string", "enum": list(kinds.OPERATORS)},
        "values": {"type": "array", "items": {"type": "string"}, "maxItems": 100},
    },
}


@extend_schema_field({"type": "array", "items": CONDITION, "maxItems": MOST_CONDITIONS})
class ConditionsField(serializers.Field[Any, Any, Any, Any]):
    """Conditions as they are stored; what is wrong is told with the condition's number."""

    default_error_messages = {"required": "Field required.", "null": "May not be null.", "wrong": "{why}."}

    def to_internal_value(self, data: Any) -> list[dict[str, Any]]:
        try:
            return checked(data)
        except InvalidField as wrong:
            self.fail("wrong", why=wrong.message)

    def to_representation(self, value: Any) -> Any:
        return value


class RuleFields(Body):
    """What may be said of a rule; agents by UUID or e-mail, in order."""

    name = CleanCharField(max_length=100)
    is_active = BoolField(required=False)
    position = IntField(required=False, min_value=1)
    conditions = ConditionsField(required=False)
    strategy = ChoiceField([s.value for s in STRATEGIES], aliases=ALIASES, required=False)
    agent_ids = ListField(child=CleanCharField(max_length=254), required=False, max_length=AGENTS)
    agent_emails = ListField(child=CleanCharField(max_length=254), required=False, max_length=AGENTS)


class OrderBody(Body):
    ids = ListField(child=UuidField(), max_length=MOST_RULES)


class TriedRule(RuleFields):
    """A rule that a dry run tries."""

    name = CleanCharField(max_length=100, required=False)


class DryRunBody(Body):
    """`rules` in their order; without them the saved, active ones."""

    limit = IntField(required=False, min_value=1, max_value=MOST_LOOKED_AT)
    rules = ListField(child=TriedRule(), required=False, allow_null=True, max_length=MOST_RULES)
