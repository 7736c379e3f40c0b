"""Calling a call off: before it is dialled at once, after that by way of the provider."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from uuid import UUID

from django.utils.timezone import now

from calls.actions.editing import CallEdit, on_call
from calls.actions.ending import call_off
from calls.errors import CallIsOver
from calls.models import Call
from crm.core.actors import Actor
from crm.core.tasks import later
from crm.providers.ports import ProviderError
from crm.providers.registry import dialler

logger = logging.getLogger(__name__)

HANG_UP_AGAIN = timedelta(seconds=20)


@on_call
def cancel_call(call: Call, *, by: Actor, at: datetime | None = None) -> Call:
    """Stop it; one that rings or talks ends when the provider says so. Raises `CallIsOver`.

    The lead is called again after the retry delay: whoever wants no call at all closes the lead.
    """
    edit = CallEdit(call, by=by, at=at)
    if edit.call.is_over:
        raise CallIsOver(edit.call)
    edit.put(cancel_asked=True)
    if edit.call.placed_at is not None:
        edit.put(look_at=edit.at)
        later("calls.hang_up", call.pk)
    elif edit.call.tries == 0:
        call_off(edit, "canceled", edit.at)
    return edit.write()


def hang_up(pk: UUID, *, at: datetime | None = None) -> None:
    """Ask the provider to end it; its callback brings the end. What fails is tried again by the sweep."""
    call = Call.objects.active().filter(pk=pk, cancel_asked=True, placed_at__isnull=False).first()
    if call is None:
        return
    Call.objects.active().filter(pk=pk).update(look_at=(at or now()) + HANG_UP_AGAIN)
    try:
        dialler(call.provider).cancel(call.provider_id)
    except ProviderError as error:
        logger.warning("call %s is not hung up: %s", pk, error.message)
