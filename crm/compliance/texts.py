"""Text messages of people in the timelines of their leads."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from crm.compliance.events import TEXT_RECEIVED
from crm.compliance.models import IncomingText

TOLD = {TEXT_RECEIVED: "sent a text message"}


def texts_of(ids: Collection[str]) -> dict[UUID, str]:
    return dict(IncomingText.objects.filter(pk__in=ids).values_list("pk", "text"))
