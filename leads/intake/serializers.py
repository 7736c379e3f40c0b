"""Bodies of what vendors send, and of returns."""

from __future__ import annotations

import re
from typing import Any

from crm.core.api.fields import Body, ChoiceField, CleanCharField, JsonObjectField, MomentField, MoneyField, TagsField
from leads.api.serializers import NewPerson, text
from leads.choices import Complaint
from leads.models import Priority

HEX = re.compile(r"[0-9a-f]{64}", re.ASCII)


class Sha256Field(CleanCharField):
    """A SHA-256 as 64 hexadecimal digits, in lower case."""

    default_error_messages = {"form": "Must be a SHA-256 in 64 hexadecimal digits."}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "max_length": 200, "required": False, "allow_null": True, "allow_blank": True})

    def to_internal_value(self, data: Any) -> str:
        digest = super().to_internal_value(data).lower()
        if digest and not HEX.fullmatch(digest):
            self.fail("form")
        return digest


class VendorLeadBody(NewPerson):
    """What a vendor may say of a lead, after its field mapping."""

    source = text(100)  # type: ignore[assignment]
    priority = ChoiceField(Priority, required=False)
    deal_value = MoneyField(required=False, allow_null=True)
    expected_close_date = MomentField(required=False, allow_null=True)
    schedule_at = MomentField(required=False, allow_null=True)
    tags = TagsField(required=False)
    qualification_data = JsonObjectField(required=False)
    custom_fields = JsonObjectField(required=False)


class PingBody(Body):
    phone_sha256 = Sha256Field(help_text="SHA-256 of the number in E.164, such as +14155552671")
    email_sha256 = Sha256Field(help_text="SHA-256 of the address in lower case, trimmed")


class ReturnBody(Body):
    reason = CleanCharField(max_length=200)
    complaint = ChoiceField(
        Complaint,
        required=False,
        allow_null=True,
        help_text="`complaint` closes every channel, `do_not_call` calls and texts; a reason may say it too",
    )
