"""Requests to place, and the hook that hears what becomes of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest

from crm.core.ids import uuid7
from crm.providers.ports import CallRequest, CallUpdate
from crm.providers.scripts import parse_script
from crm.providers.tests import hook
from crm.providers.twilio.tests.stand_in import SID, TOKEN, StandIn, running

SCRIPT = """Hello {{first_name}}, this is {{agent}}. Press 1 for Maya, 2 for a call back, 9 to be left alone.
[1 transfer +14155550100 Maya Chen] One moment.
[2 call back] Until tomorrow.
[3 qualified] Wonderful.
[4 say] Nine to five.
[9 opt out] Goodbye.
[voicemail] Please call {{agent}} back."""


@pytest.fixture
def heard(settings: Any) -> list[CallUpdate]:
    """What the hook received, in order."""
    settings.ROOT_URLCONF = "crm.providers.tests.hook"
    hook.received.clear()
    hook.texts.clear()
    hook.troubles.clear()
    return hook.received


@pytest.fixture
def request_for(settings: Any) -> Callable[..., CallRequest]:
    def make(provider: str, call_id: UUID | None = None, **values: Any) -> CallRequest:
        facts = {"first_name": "Jane", "name": "Jane Roe", "company": "TechCo", "agent": "Ava"}
        defaults: dict[str, Any] = {
            "call_id": call_id or uuid7(),
            "to": "+14155552671",
            "caller": "+14155550111",
            "script": parse_script(SCRIPT, facts),
            "status_url": f"{settings.PUBLIC_URL}/providers/{provider}/calls/status",
            "voice_url": f"{settings.PUBLIC_URL}/providers/{provider}/calls/voice",
            "agent_name": "Ava",
            "contact_name": "Jane Roe",
            "facts": facts,
            "zone": "America/Los_Angeles",
        }
        return CallRequest(**defaults | values)

    return make


@pytest.fixture
def stand_in(settings: Any) -> Iterator[StandIn]:
    """A Twilio of our own, at which the settings point."""
    settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN = SID, TOKEN
    with running() as (twilio, address):
        settings.TWILIO_API_BASE = address
        yield twilio
