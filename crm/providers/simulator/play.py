"""Tells our hook what happens in a simulated call, step after step, each at least once and in order."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from crm.providers.ports import CallRequest, CallUpdate, TextReceived, naming
from crm.providers.simulator.models import SimulatedCall
from crm.providers.simulator.plan import Step, steps_of
from crm.providers.simulator.texts import text_after
from crm.providers.simulator.wire import bring, request_from, state_of

logger = logging.getLogger(__name__)
MOST_FAILURES = 10


def play(pk: UUID, at: datetime) -> datetime | None:
    """Tell all that has happened by now; when to come again, or None where the call is over (or thrown away).

    A hook that fails is told again, later and later; after `MOST_FAILURES` the call is given up.
    """
    call = SimulatedCall.objects.filter(pk=pk, due_at__isnull=False).first()
    while call is not None and call.due_at is not None and call.due_at <= at:
        _tell_next(call, at)
    return call.due_at if call else None


def _tell_next(call: SimulatedCall, at: datetime) -> None:
    request = request_from(call.request)
    steps = steps_of(request, call.placed_at, call.canceled_at, state_of(call).get("transferred_to", ""))
    step = steps[call.steps_told]
    try:
        bring(naming(request.status_url, call.call_id), update_of(call, call.steps_told, step))
        if words := text_after(request, step):
            bring(request.text_url, text_of(call, request, words, at))
    except Exception:
        logger.exception("the hook did not take a step of %s", call)
        _put_off(call, at)
    else:
        _move_on(call, steps)


def update_of(call: SimulatedCall, number: int, step: Step) -> CallUpdate:
    return CallUpdate(
        provider="simulator",
        event_id=f"{call.call_id}:{number}",
        call_id=call.call_id,
        provider_id=f"sim-{call.call_id}",
        at=call.placed_at + step.after,
        status=step.status,
        **step.told,
    )


def text_of(call: SimulatedCall, request: CallRequest, words: str, at: datetime) -> TextReceived:
    """The person writes back to the number that called; every company has an account of its own here."""
    return TextReceived(
        provider="simulator",
        message_id=f"sim-{call.call_id}",
        sender=request.to,
        to=request.caller,
        body=words,
        at=at,
        companies=(call.company_id,),
    )


def _move_on(call: SimulatedCall, steps: tuple[Step, ...]) -> None:
    told = call.steps_told + 1
    due = call.placed_at + steps[told].after if told < len(steps) else None
    _change(call, due_at=due, steps_told=told, failures=0)


def _put_off(call: SimulatedCall, at: datetime) -> None:
    failures = call.failures + 1
    due = None if failures > MOST_FAILURES else at + timedelta(seconds=5 * 2**failures)
    _change(call, due_at=due, failures=failures)


def _change(call: SimulatedCall, due_at: datetime | None, **values: Any) -> None:
    """Conditional: a second player of the same call, or a cancel meanwhile, is not undone."""
    same = SimulatedCall.objects.filter(pk=call.pk, steps_told=call.steps_told, canceled_at=call.canceled_at)
    same.update(due_at=due_at, **values, **({} if due_at else {"request": "", "state": ""}))
    call.refresh_from_db()
