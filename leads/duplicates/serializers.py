"""Bodies of requests that merge."""

from __future__ import annotations

from typing import Any

from crm.core.api.fields import Body, BoolField, JsonObjectField, UuidField


class ChoicesField(JsonObjectField):
    """Field → `this` or `other`: whose value it has."""

    default_error_messages = {"choice": "Each field is chosen by “this” or “other”."}

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        choices = super().to_internal_value(data)
        if not all(isinstance(choice, str) for choice in choices.values()):
            self.fail("choice")
        return choices


class MergeBody(Body):
    other_id = UuidField(help_text="The one that goes")
    fields = ChoicesField(  # type: ignore[assignment]
        required=False,
        help_text="Field → `this` (the one in the path, which stays) or `other`. Without a choice the one that stays "
        "keeps its value, a blank is filled from the other, `tags` and objects are united.",
    )
    dry_run = BoolField(required=False, help_text="Tell what would be done, and do nothing")
