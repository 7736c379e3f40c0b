"""A telephone network of invented people: the embedded default, in which nobody is dialled."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.timezone import now

from crm.core.tasks import later
from crm.providers.ports import (
    Callback,
    CallHandle,
    CallRequest,
    CallUpdate,
    Control,
    ProviderError,
    Recording,
    Transfer,
    VoiceAnswer,
)
from crm.providers.simulator.models import SimulatedCall
from crm.providers.simulator.plan import steps_of
from crm.providers.simulator.play import update_of
from crm.providers.simulator.sound import play
from crm.providers.simulator.wire import read, request_text, state_of, state_text

PREFIX = "sim-"
# As with the test numbers of real providers, these always do the same.
REFUSED_NUMBER = "+15005550001"
UNREACHABLE_NUMBER = "+15005550002"


class SimulatorDialler:
    name = "simulator"
    rings_agent = False
    controls = frozenset(Control)

    @transaction.atomic
    def place(self, request: CallRequest) -> CallHandle:
        if request.to == REFUSED_NUMBER:
            raise ProviderError("The number can't be called.", permanent=True)
        if request.to == UNREACHABLE_NUMBER:
            raise ProviderError("The telephone network does not answer.", permanent=False)
        at = now()
        call, is_new = SimulatedCall.objects.get_or_create(
            call_id=request.call_id,
            defaults={
                "request": request_text(request),
                "placed_at": at,
                "due_at": at + steps_of(request, at)[0].after,
            },
        )
        if is_new:
            later("simulator.play", call.pk)
        return _handle(call.call_id)

    def find(self, call_id: UUID, *, to: str, since: datetime, known: Collection[str] = ()) -> CallHandle | None:
        return _handle(call_id) if SimulatedCall.objects.filter(call_id=call_id).exists() else None

    @transaction.atomic
    def cancel(self, provider_id: str) -> None:
        call_id = provider_id.removeprefix(PREFIX)
        going_on = SimulatedCall.objects.filter(call_id=call_id, due_at__isnull=False, canceled_at__isnull=True)
        at = now()
        if going_on.update(canceled_at=at, due_at=at):
            later("simulator.play", SimulatedCall.objects.get(call_id=call_id).pk)

    def news_of(self, request: CallRequest, provider_id: str) -> list[CallUpdate]:
        """All that has happened by now, whether the hook took it or not."""
        call = SimulatedCall.objects.filter(call_id=request.call_id).first()
        if call is None:
            return []
        steps = steps_of(request, call.placed_at, call.canceled_at, state_of(call).get("transferred_to", ""))
        past = [(number, step) for number, step in enumerate(steps) if call.placed_at + step.after <= now()]
        return [update_of(call, number, step) for number, step in past]

    def recording(self, url: str, *, part: str = "") -> Recording:
        return play(url, part)

    @transaction.atomic
    def control(self, provider_id: str, what: Control, *, keys: str = "", to: Transfer | None = None) -> None:
        going_on = SimulatedCall.objects.filter(due_at__isnull=False, canceled_at__isnull=True)
        call = going_on.select_for_update().filter(call_id=provider_id.removeprefix(PREFIX)).first()
        if call is None:
            raise ProviderError("The call is over.", permanent=True)
        state = state_of(call)
        if what == Control.KEYS:
            state["keys"] = state.get("keys", "") + keys
        elif what == Control.TRANSFER and to is not None:
            state["transferred_to"] = to.name or to.number
            call.canceled_at = call.due_at = now()
            later("simulator.play", call.pk)
        else:
            state |= STATES[what]
        call.state = state_text(state)
        call.save(update_fields=["state", "canceled_at", "due_at"])

    def parse_callback(self, callback: Callback) -> list[CallUpdate]:
        return [read(callback)]

    def answer(self, request: CallRequest, callback: Callback) -> VoiceAnswer:
        """Invented people ask nothing: what they hear is in the request already."""
        read(callback)
        return VoiceAnswer("", content_type="text/plain")


STATES: dict[Control, dict[str, bool]] = {
    Control.MUTE: {"muted": True},
    Control.UNMUTE: {"muted": False},
    Control.HOLD: {"held": True},
    Control.RESUME: {"held": False},
}


def _handle(call_id: UUID) -> CallHandle:
    return CallHandle(f"{PREFIX}{call_id}")
