"""Bodies of requests about calls."""

from __future__ import annotations

from calls.models import Direction, Outcome
from crm.core.api.fields import Body, ChoiceField, CleanCharField, IntField, MomentField, UuidField

DAY_SECONDS = 24 * 60 * 60


class ScheduleBody(Body):
    lead_id = UuidField()
    agent_id = CleanCharField(required=False, allow_null=True, help_text="UUID or e-mail; the lead is assigned to it")
    at = MomentField(required=False, allow_null=True, help_text="Not before; past or none: now")


class LogBody(Body):
    lead_id = UuidField()
    outcome = ChoiceField(Outcome, required=False, help_text="`answered` unless told")
    direction = ChoiceField(Direction, required=False)
    detail = CleanCharField(required=False, allow_blank=True, max_length=40, help_text="busy, voicemail …")
    started_at = MomentField(required=False, allow_null=True)
    duration_seconds = IntField(required=False, allow_null=True, max_value=DAY_SECONDS)
    disposition = CleanCharField(required=False, allow_blank=True, allow_null=True, max_length=100)
    summary = CleanCharField(required=False, allow_blank=True, max_length=10_000)
    callback_at = MomentField(required=False, allow_null=True, help_text="When the person asked to be called")


class DispositionBody(Body):
    disposition = CleanCharField(max_length=100, help_text="Key or label")
    summary = CleanCharField(required=False, allow_blank=True, max_length=10_000)
