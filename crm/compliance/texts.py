"""What people text and agree to, in the timelines of their leads."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from crm.compliance.events import CONSENT_CLEARED, CONSENT_GRANTED, CONSENT_REVOKED, TEXT_RECEIVED
from crm.compliance.models import IncomingText

TOLD = {TEXT_RECEIVED: "sent a text message"}
ON_RECORD = {
    CONSENT_GRANTED: "put consent on record",
    CONSENT_REVOKED: "put on record that consent is revoked",
    CONSENT_CLEARED: "took a word on consent back",
}


def texts_of(ids: Collection[str]) -> dict[UUID, str]:
    return dict(IncomingText.objects.filter(pk__in=ids).values_list("pk", "text"))
