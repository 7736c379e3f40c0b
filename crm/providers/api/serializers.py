"""Bodies of requests about a company's own accounts."""

from __future__ import annotations

from crm.core.api.fields import Body, BoolField, CleanCharField


class ConnectionBody(Body):
    """All needed of a new one but `caller_number` and `is_active`; of one that is, the named fields change."""

    account = CleanCharField(max_length=64, required=False, help_text="Twilio's Account SID")
    secret = CleanCharField(
        max_length=200, required=False, allow_blank=True, write_only=True, help_text="Twilio's Auth Token; never shown"
    )
    caller_number = CleanCharField(max_length=16, required=False, allow_blank=True, help_text="E.164")
    is_active = BoolField(required=False)
