"""Bodies of requests about calls."""

from __future__ import annotations

from calls.models import Direction, Outcome
from crm.core.api.fields import Body, ChoiceField, CleanCharField, E164Field, IntField, MomentField, UuidField
from crm.providers.ports import Control
from leads.api.bulk_bodies import WhichLeads

DAY_SECONDS = 24 * 60 * 60


class ScheduleBody(Body):
    lead_id = UuidField()
    agent_id = CleanCharField(required=False, allow_null=True, help_text="UUID or e-mail; the lead is assigned to it")
    at = MomentField(required=False, allow_null=True, help_text="Not before; past or none: now")


class BulkScheduleBody(WhichLeads):
    at = MomentField(required=False, allow_null=True, help_text="Not before; past or none: now")


class DialBody(Body):
    lead_id = UuidField()


class ControlBody(Body):
    control = ChoiceField([(c.value, c.value) for c in Control if c != Control.TRANSFER])
    keys = CleanCharField(required=False, allow_blank=True, max_length=32, help_text="For `keys`: 0 to 9, * and #")


class HandOnBody(Body):
    """A colleague, or a number."""

    agent_id = CleanCharField(required=False, allow_null=True, help_text="UUID or e-mail of a colleague")
    number = E164Field(required=False, allow_blank=True)
    name = CleanCharField(required=False, allow_blank=True, max_length=200, help_text="Whose number it is")


class WrapUpBody(Body):
    disposition = CleanCharField(max_length=100, help_text="Key or label")
    note = CleanCharField(required=False, allow_blank=True, max_length=10_000)
    callback_at = MomentField(required=False, allow_null=True, help_text="When the person asked to be called")


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
