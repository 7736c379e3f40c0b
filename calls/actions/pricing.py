"""What calls cost, where the provider knows it minutes after their end: asked for later and later, for a day."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from uuid import UUID

from django.utils.timezone import now

from calls.actions.ending import PRICED_AFTER
from calls.actions.telling import apply_update
from calls.models import Call
from calls.requests import request_of
from crm.core.tasks import later
from crm.providers.registry import dialler

logger = logging.getLogger(__name__)
LONGEST = timedelta(days=1)  # then it has no price
BATCH = 1000


def companies_with_unpriced_calls(at: datetime) -> list[UUID]:
    """Asked across companies, along a partial index of the calls whose price is due alone."""
    due = Call.objects.filter(price_due_at__lte=at).order_by()
    return list(due.values_list("company_id", flat=True).distinct())


def ask_prices(at: datetime) -> int:
    """Of the active company: a task for each call whose price is due."""
    due = Call.objects.filter(price_due_at__lte=at).order_by("price_due_at").values_list("pk", flat=True)[:BATCH]
    for pk in due:
        later("calls.ask_price", pk)
    return len(due)


def ask_price(pk: UUID, *, at: datetime | None = None) -> None:
    """Ask once; next after as long again as has passed since the call's end. May come twice."""
    moment = at or now()
    calls = Call.objects.select_related("lead__contact", "contact", "agent__company")
    if (call := calls.filter(pk=pk, price_due_at__lte=moment).first()) is None:
        return
    passed = max(moment - (call.ended_at or moment), PRICED_AFTER)
    again = moment + passed if passed < LONGEST else None
    if not Call.objects.filter(pk=pk, price_due_at=call.price_due_at).update(price_due_at=again):
        return
    try:
        for update in dialler(call.provider).news_of(request_of(call), call.provider_id):
            apply_update(call, update, at=moment)
    except Exception as error:  # a provider's nonsense is trouble like any other
        logger.warning("the price of call %s is not known yet: %s: %s", pk, type(error).__name__, error)
