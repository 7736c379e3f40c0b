"""Each provider as the contract sees it: a dialler, and a hand on the network behind it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Protocol

from django.test import Client
from django.utils.timezone import now

from crm.providers.ports import CallHandle, CallRequest, Control, Dialler, Transfer, naming
from crm.providers.registry import dialler
from crm.providers.simulator import wire
from crm.providers.simulator.dialler import REFUSED_NUMBER, UNREACHABLE_NUMBER
from crm.providers.simulator.models import SimulatedCall
from crm.providers.simulator.plan import steps_of
from crm.providers.simulator.play import update_of
from crm.providers.twilio.tests.stand_in import INVALID_NUMBER, TOKEN, Made, StandIn, sign


@dataclass(frozen=True)
class Sent:
    """A callback on its way: `forged` is the same with a signature that is not the provider's."""

    url: str
    data: Any
    headers: dict[str, str]
    content_type: str = "application/json"
    forged_headers: dict[str, str] = field(default_factory=dict)

    def deliver(self, *, forged: bool = False, **more: Any) -> int:
        """The hook's status."""
        path = self.url.split("/", 3)[3]
        headers = self.forged_headers if forged else self.headers
        kind = {"content_type": self.content_type} if self.content_type == "application/json" else {}
        return Client().post(f"/{path}", self.data, headers=headers, **kind).status_code


class Network(Protocol):
    dialler: Dialler
    refused_number: str

    def let_ring(self, handle: CallHandle) -> None: ...
    def let_end(self, handle: CallHandle) -> None: ...

    def placed(self) -> int: ...
    def callbacks(self, request: CallRequest, handle: CallHandle) -> list[Sent]: ...
    def unreachable(self, request: CallRequest) -> Any: ...
    def asked_to_hang_up(self, handle: CallHandle) -> bool: ...
    def answered(self, request: CallRequest, handle: CallHandle) -> None: ...
    def was_done(self, handle: CallHandle, what: Control, to: Transfer) -> bool: ...


class SimulatorNetwork:
    refused_number = REFUSED_NUMBER

    def __init__(self) -> None:
        self.dialler = dialler("simulator")

    def placed(self) -> int:
        return SimulatedCall.objects.count()

    def callbacks(self, request: CallRequest, handle: CallHandle) -> list[Sent]:
        call, sent = SimulatedCall.objects.get(call_id=request.call_id), []
        for number, step in enumerate(steps_of(request, call.placed_at)):
            url = naming(request.status_url, request.call_id)
            body = wire.body_of(update_of(call, number, step))
            forged = {wire.SIGNATURE: wire.sign(url + "x", body)}
            sent.append(Sent(url, body, {wire.SIGNATURE: wire.sign(url, body)}, forged_headers=forged))
        return sent

    @contextmanager
    def unreachable(self, request: CallRequest) -> Iterator[CallRequest]:
        from dataclasses import replace

        yield replace(request, to=UNREACHABLE_NUMBER)

    def let_ring(self, handle: CallHandle) -> None:
        self._placed(handle, now() - timedelta(seconds=0.6))

    def let_end(self, handle: CallHandle) -> None:
        self._placed(handle, now() - timedelta(minutes=10))

    def _placed(self, handle: CallHandle, at: Any) -> None:
        SimulatedCall.objects.filter(call_id=handle.provider_id.removeprefix("sim-")).update(placed_at=at)

    def asked_to_hang_up(self, handle: CallHandle) -> bool:
        call = SimulatedCall.objects.get(call_id=handle.provider_id.removeprefix("sim-"))
        return call.canceled_at is not None and call.canceled_at <= now() + timedelta(seconds=1)

    def answered(self, request: CallRequest, handle: CallHandle) -> None:
        """It follows from the call's own story."""

    def was_done(self, handle: CallHandle, what: Control, to: Transfer) -> bool:
        state = wire.state_of(SimulatedCall.objects.get(call_id=handle.provider_id.removeprefix("sim-")))
        done: dict[Control, Any] = {
            Control.MUTE: state.get("muted") is True,
            Control.UNMUTE: state.get("muted") is False,
            Control.HOLD: state.get("held") is True,
            Control.RESUME: state.get("held") is False,
            Control.KEYS: state.get("keys") == "12#",
            Control.TRANSFER: state.get("transferred_to") == to.name and self.asked_to_hang_up(handle),
        }
        return bool(done[what])


class TwilioNetwork:
    refused_number = INVALID_NUMBER

    def __init__(self, stand_in: StandIn) -> None:
        self.stand_in, self.dialler = stand_in, dialler("twilio")

    def placed(self) -> int:
        return len(self.stand_in.calls)

    def callbacks(self, request: CallRequest, handle: CallHandle) -> list[Sent]:
        made = next(call for call in self.stand_in.calls if call.sid == handle.provider_id)
        ways = [
            ("initiated", {}),
            ("ringing", {}),
            ("in-progress", {}),
            ("completed", {"CallDuration": "34", "AnsweredBy": "human"}),
        ]
        return [self.sent(*self.stand_in.callback(made, status, **more)) for status, more in ways]

    def sent(self, url: str, params: dict[str, str], signature: str) -> Sent:
        headers = {"x-twilio-signature": signature}
        forged = {"x-twilio-signature": sign(url, params, TOKEN + "x")}
        return Sent(url, params, headers, "application/x-www-form-urlencoded", forged)

    @contextmanager
    def unreachable(self, request: CallRequest) -> Iterator[CallRequest]:
        self.stand_in.shape = "broken"
        yield request
        self.stand_in.shape = "well"

    def let_ring(self, handle: CallHandle) -> None:
        self._made(handle).status = "ringing"

    def let_end(self, handle: CallHandle) -> None:
        made = self._made(handle)
        made.status, made.duration, made.answered_by = "completed", "34", "human"

    def _made(self, handle: CallHandle) -> Made:
        return next(call for call in self.stand_in.calls if call.sid == handle.provider_id)

    def asked_to_hang_up(self, handle: CallHandle) -> bool:
        return next(call.status for call in self.stand_in.calls if call.sid == handle.provider_id) == "completed"

    def answered(self, request: CallRequest, handle: CallHandle) -> None:
        """The contact's leg, which Twilio makes of what it is told when our own person has picked up."""
        asked = {"To": [request.to], "From": [request.caller]}
        self.stand_in.place(asked, direction="outbound-dial", parent=handle.provider_id, status="in-progress")

    def was_done(self, handle: CallHandle, what: Control, to: Transfer) -> bool:
        [leg] = [call for call in self.stand_in.calls if call.parent == handle.provider_id]
        words = f'<Dial callerId="{leg.one("From")}" timeout="25"><Number>{to.number}</Number></Dial>'
        return what == Control.TRANSFER and words in leg.twiml
