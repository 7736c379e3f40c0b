"""The simulator's callbacks: JSON, signed, and brought to the hook's own view as a request, without a network."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import orjson
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest
from django.urls import resolve
from django.utils.crypto import constant_time_compare, salted_hmac

from crm.providers.ports import (
    BadSignature,
    Callback,
    CallOutcome,
    CallRequest,
    CallScript,
    CallStatus,
    CallUpdate,
    KeyAction,
    KeyOption,
    Line,
    TextReceived,
    Transfer,
)
from crm.providers.simulator.models import SimulatedCall

SIGNATURE = "x-simulator-signature"


class NotTaken(Exception):
    """The hook did not answer with success."""


def sign(url: str, body: bytes) -> str:
    return salted_hmac("crm.providers.simulator", url.encode() + b"\n" + body, algorithm="sha256").hexdigest()


def bring(url: str, news: CallUpdate | TextReceived) -> None:
    """Call the view behind the address; raises `NotTaken` and whatever the view raises."""
    request = _request(url, body_of(news))
    match = resolve(request.path_info)
    response = match.func(request, *match.args, **match.kwargs)
    if not 200 <= response.status_code < 300:
        raise NotTaken(f"{request.path_info} answered {response.status_code}")


def body_of(news: CallUpdate | TextReceived) -> bytes:
    return orjson.dumps(asdict(news), default=str)


def read(callback: Callback) -> CallUpdate:
    return update_from(_signed(callback))


def read_text(callback: Callback) -> TextReceived:
    told = _signed(callback)
    companies = tuple(UUID(pk) for pk in told["companies"])
    return TextReceived(**{**told, "at": datetime.fromisoformat(told["at"]), "companies": companies})


def _signed(callback: Callback) -> dict[str, Any]:
    if not constant_time_compare(callback.headers.get(SIGNATURE, ""), sign(callback.url, callback.body)):
        raise BadSignature("not signed by the simulator")
    told: dict[str, Any] = orjson.loads(callback.body)
    return told


def update_from(told: dict[str, Any]) -> CallUpdate:
    return CallUpdate(**{
        **told,
        "call_id": UUID(told["call_id"]),
        "at": datetime.fromisoformat(told["at"]),
        "status": CallStatus(told["status"]),
        "outcome": CallOutcome(told["outcome"]) if told["outcome"] else None,
        "transcript": tuple(Line(**line) for line in told["transcript"]),
        "callback_at": datetime.fromisoformat(told["callback_at"]) if told["callback_at"] else None,
        "cost": Decimal(told["cost"]) if told["cost"] else None,
    })  # fmt: skip


def _request(url: str, body: bytes) -> HttpRequest:
    parts = urlsplit(url)
    return WSGIRequest({
        "REQUEST_METHOD": "POST",
        "PATH_INFO": parts.path,
        "QUERY_STRING": parts.query,
        "SERVER_NAME": parts.hostname or "",
        "SERVER_PORT": str(parts.port or 80),
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_X_SIMULATOR_SIGNATURE": sign(url, body),
        "wsgi.input": BytesIO(body),
        "wsgi.url_scheme": parts.scheme,
    })  # fmt: skip


def state_text(state: dict[str, Any]) -> str:
    return orjson.dumps(state).decode()


def state_of(call: SimulatedCall) -> dict[str, Any]:
    """What a person of ours did in it: `muted`, `held`, `keys`, `transferred_to`."""
    state: dict[str, Any] = orjson.loads(call.state) if call.state else {}
    return state


def request_text(request: CallRequest) -> str:
    return orjson.dumps({**asdict(request), "facts": dict(request.facts)}, default=str).decode()


def request_from(text: str) -> CallRequest:
    told = orjson.loads(text)
    script = told["script"]
    options = tuple(
        KeyOption(**{**o, "action": KeyAction(o["action"]), "transfer_to": _transfer(o["transfer_to"])})
        for o in script["options"]
    )
    script = CallScript(**{**script, "options": options, "transfer_to": _transfer(script["transfer_to"])})
    return CallRequest(**{**told, "call_id": UUID(told["call_id"]), "script": script})


def _transfer(told: dict[str, str] | None) -> Transfer | None:
    return Transfer(**told) if told else None
