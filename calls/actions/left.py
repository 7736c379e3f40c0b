"""The sweep: calls that a dead worker or broker, or a silent provider, left behind."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from calls.actions.telling import give_up
from calls.models import Call
from calls.querysets import DIALLED
from crm.core.tasks import later

ON_THE_WAY = timedelta(seconds=10)  # a call just claimed has a task of its own
BATCH = 1000


def companies_with_left_calls(at: datetime) -> list[UUID]:
    """Asked across companies, along a partial index of the active calls alone."""
    left = Call.objects.left(at - ON_THE_WAY).filter(DIALLED)
    return list(left.order_by().values_list("company_id", flat=True).distinct())


def look_after(at: datetime) -> int:
    """Of the active company: dial what waits, hang up what was to be hung up, give up what is not heard of."""
    left = Call.objects.left(at - ON_THE_WAY).filter(DIALLED).order_by("look_at")[:BATCH]
    for call in left:
        if call.placed_at is None:
            later("calls.place_call", call.pk)
        elif call.cancel_asked and at < call.placed_at + PATIENCE:
            later("calls.hang_up", call.pk)
        else:
            give_up(call, at=at)
    return len(left)


PATIENCE = timedelta(minutes=5)  # with a provider that does not hang up
