"""How often people were called lately, for the contact gate, whose laws limit it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from calls.models import Call, Direction
from crm.compliance import attempts
from crm.compliance.channels import Channel


def register() -> None:
    attempts.register("calls", called_since)


def called_since(
    contacts: Collection[UUID], channels: Collection[str], since: datetime
) -> Mapping[UUID, Sequence[datetime]]:
    """By the product or logged by hand; what came in, or was never dialled, tried nobody.

    A call counts for whom its lead is of by now: whoever was merged brings their calls along.
    """
    if Channel.VOICE not in channels:
        return {}
    calls = Call.objects.filter(lead__contact__in=list(contacts), placed_at__gt=since, direction=Direction.OUTBOUND)
    found: dict[UUID, list[datetime]] = {}
    for contact, moment in calls.order_by().values_list("lead__contact_id", "placed_at"):
        found.setdefault(contact, []).append(moment)  # type: ignore[arg-type]
    return found
