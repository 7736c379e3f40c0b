"""Calls by a company's own account at Twilio: dialled there, told of by its own token, beside another company's."""

from __future__ import annotations

from typing import Any

import pytest

from agents.models import Agent
from calls.actions import call_due_of, place_call
from calls.models import Call, Status
from calls.tests.conftest import NOON
from calls.tests.test_twilio import fresh, post
from crm.accounts.models import Company, User
from crm.core.tenancy import company_active
from crm.providers.actions import connect
from crm.providers.twilio.tests.stand_in import SID, TOKEN, StandIn, sign
from leads.models import Lead

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("run_later")]
INSTALLATIONS = "token-of-the-installation"


@pytest.fixture
def call(company: Company, voice: Agent, due_lead: Lead, stand_in: StandIn, admin: User, settings: Any) -> Call:
    """By the company's own account, while the installation's calls are simulated."""
    settings.CALL_PROVIDER, settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN = "simulator", "AC1", INSTALLATIONS
    with company_active(company.pk):
        connect("twilio", {"account": SID, "secret": TOKEN, "caller_number": "+14155550144"}, by=admin)
        Agent.objects.filter(pk=voice.pk).update(caller_number="")
        call_due_of(voice.pk, at=NOON)
        made = Call.objects.get()
        assert place_call(made.pk, at=NOON)
    return fresh(made)  # type: ignore[no-any-return]


def tell(stand_in: StandIn, status: str, token: str = TOKEN) -> int:
    url, params, _ = stand_in.callback(stand_in.calls[0], status)
    return int(post(url, params, sign(url, params, token)).status_code)


def test_it_is_dialled_by_the_companys_own_account_and_number(call: Call, stand_in: StandIn) -> None:
    [made] = stand_in.calls
    assert (call.provider, call.provider_id) == ("twilio", made.sid)
    assert made.one("From") == "+14155550144"


def test_its_own_token_proves_what_is_told(call: Call, stand_in: StandIn, admin: User) -> None:
    assert tell(stand_in, "ringing", "somebody-elses-token") == 403
    assert fresh(call).status == Status.QUEUED
    assert tell(stand_in, "ringing") == 204
    assert fresh(call).status == Status.RINGING
    with company_active(call.company_id):
        connect("twilio", {"is_active": False}, by=admin)
    assert tell(stand_in, "in-progress") == 204, "what was dialled before goes on"


def test_the_token_of_another_company_proves_nothing(call: Call, stand_in: StandIn, stranger: User) -> None:
    with company_active(stranger.company_id):
        connect("twilio", {"account": SID, "secret": "token-of-elsewhere-co"}, by=stranger)
    assert tell(stand_in, "completed", "token-of-elsewhere-co") == 403
    assert fresh(call).status == Status.QUEUED
