"""Bodies of requests about consent and suppressed addresses."""

from __future__ import annotations

from crm.compliance.channels import COVERS, Channel
from crm.core.api.fields import Body, BoolField, ChoiceField, CleanCharField, EmailField, ListField, MomentField


class ConsentBody(Body):
    channel = ChoiceField(COVERS, help_text="`all`: every channel, and the person as a whole")
    granted = BoolField()
    wording = CleanCharField(
        max_length=2000, required=False, allow_blank=True, help_text="What the person said, or agreed to"
    )
    source = CleanCharField(  # type: ignore[assignment]
        max_length=200, required=False, allow_blank=True, help_text="Where it was said: a form, a letter, a call"
    )
    basis = CleanCharField(max_length=200, required=False, allow_blank=True, help_text="By what rule it counts")
    complaint = BoolField(
        required=False, help_text="A provider or a vendor passes on a complaint; `source` then names it"
    )


class NewSuppressionBody(Body):
    phone = CleanCharField(max_length=40, required=False, help_text="National formats as the company's country's")
    email = EmailField(required=False)
    channels = ListField(child=ChoiceField(Channel), required=False, help_text="Without them: all that reach it")
    reason = CleanCharField(max_length=300, required=False, allow_blank=True)
    source = CleanCharField(max_length=100, required=False, allow_blank=True)  # type: ignore[assignment]
    expires_at = MomentField(required=False, allow_null=True)
