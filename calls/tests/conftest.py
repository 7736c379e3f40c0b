"""A voice agent, its lead, and a telephone network without a network."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from agents.models import Agent
from calls.tests.factories import OpenVoiceAgentFactory
from calls.tests.fakes import FakeDialler
from crm.accounts.models import Company
from crm.core.tenancy import company_active
from crm.providers import registry
from crm.providers.twilio.tests.stand_in import SID, TOKEN, StandIn, running
from leads.models import Lead
from leads.tests.factories import ContactFactory, LeadFactory

NOON = datetime(2026, 6, 24, 19, 0, tzinfo=UTC)  # a Wednesday; noon in San Francisco, where the number is from


@pytest.fixture
def line(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[FakeDialler]]:
    monkeypatch.setitem(registry.DIALLERS, "fake", "calls.tests.fakes.FakeDialler")
    settings.CALL_PROVIDER = "fake"
    FakeDialler.reset()
    yield FakeDialler
    FakeDialler.reset()


@pytest.fixture
def stand_in(settings: Any) -> Iterator[StandIn]:
    """A Twilio of our own, by which is called."""
    settings.CALL_PROVIDER, settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN = "twilio", SID, TOKEN
    with running() as (twilio, address):
        settings.TWILIO_API_BASE = address
        yield twilio


@pytest.fixture
def voice(company: Company) -> Agent:
    with company_active(company.pk):
        return OpenVoiceAgentFactory(name="Nova", max_concurrent_calls=1)


@pytest.fixture
def due_lead(company: Company, voice: Agent) -> Lead:
    with company_active(company.pk):
        return new_lead(voice)


@pytest.fixture
def run_later(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, tuple[Any, ...]]]:
    """What was sent to workers, in place of running it: the tests say what runs when."""
    sent: list[tuple[str, tuple[Any, ...]]] = []

    def note(name: str, *args: Any, **options: Any) -> None:
        sent.append((name, args))

    from calls import tasks
    from calls.actions import asking, canceling, dialling, due, ending, left, pricing

    for module in (asking, canceling, dialling, due, ending, left, pricing, tasks):
        monkeypatch.setattr(module, "later", note)
    return sent


def new_lead(agent: Agent, **fields: Any) -> Lead:
    contact = fields.pop("contact", None) or ContactFactory()
    values: dict[str, Any] = {"agent": agent, "created_at": NOON.replace(month=5), **fields}
    return LeadFactory(contact=contact, **values)


Ticks = Callable[[], int]
