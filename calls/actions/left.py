"""The sweep: calls that a dead worker or broker, or a silent provider, left behind.

A call without news is asked for before it is given up: its callbacks may have been lost on the way.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from uuid import UUID

from django.utils.timezone import now

from calls.actions.telling import LONGEST_TALK, NEWS_WITHIN, apply_update, give_up
from calls.models import Call, Status
from calls.querysets import DIALLED
from calls.requests import request_of
from crm.core.tasks import later
from crm.providers.registry import dialler

ON_THE_WAY = timedelta(seconds=10)  # a call just claimed has a task of its own
BATCH = 1000
ASK_AGAIN = timedelta(seconds=60)
PATIENCE = timedelta(minutes=5)  # with a provider that does not hang up, or does not answer

logger = logging.getLogger(__name__)


def companies_with_left_calls(at: datetime) -> list[UUID]:
    """Asked across companies, along a partial index of the active calls alone."""
    left = Call.objects.left(at - ON_THE_WAY).filter(DIALLED)
    return list(left.order_by().values_list("company_id", flat=True).distinct())


def look_after(at: datetime) -> int:
    """Of the active company: dial what waits, hang up what was to be hung up, ask after what is not heard of."""
    left = Call.objects.left(at - ON_THE_WAY).filter(DIALLED).order_by("look_at")[:BATCH]
    for call in left:
        if call.placed_at is None:
            later("calls.place_call", call.pk)
        elif call.cancel_asked and at < call.placed_at + PATIENCE:
            later("calls.hang_up", call.pk)
        else:
            later("calls.ask_after", call.pk)
    return len(left)


def ask_after(pk: UUID, *, at: datetime | None = None) -> None:
    """Ask the provider how the call stands, and take over what it tells; given up where it knows of no such call, or
    can't be asked for long. One that goes on is asked after again. May come twice."""
    moment = at or now()
    waiting = Call.objects.active().filter(pk=pk, placed_at__isnull=False, look_at__lte=moment)
    if not waiting.update(look_at=moment + ASK_AGAIN):
        return
    call = Call.objects.select_related("lead__contact", "contact", "agent", "agent__company").get(pk=pk)
    try:
        news = dialler(call.provider).news_of(request_of(call), call.provider_id)
    except Exception as error:  # a provider's nonsense is trouble like any other
        logger.warning("call %s can't be asked after: %s: %s", pk, type(error).__name__, error)
        if moment < news_due(call) + PATIENCE:
            return
        news = []
    for update in news:
        apply_update(call, update, at=moment)
    if not news:
        give_up(call, at=moment)


def news_due(call: Call) -> datetime:
    """By when something should have been heard of it."""
    if call.status == Status.IN_PROGRESS and call.answered_at is not None:
        return call.answered_at + LONGEST_TALK
    assert call.placed_at is not None, "only what was placed is asked after"
    return call.placed_at + NEWS_WITHIN
