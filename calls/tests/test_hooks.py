"""Providers' callbacks: signed, of a call that is there, and harmless when repeated."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.urls import reverse

from agents.models import Agent
from calls.actions import call_due_of, place_call
from calls.models import Call, CallEvent, Status
from calls.tests.conftest import NOON
from crm.accounts.models import Company
from crm.core.tenancy import company_active
from leads.models import Lead

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("run_later")]


@pytest.fixture
def call(company: Company, voice: Agent, due_lead: Lead, line: Any) -> Call:
    with company_active(company.pk):
        call_due_of(voice.pk, at=NOON)
        call = Call.objects.get()
        place_call(call.pk, at=NOON)
    return call


def tell(client: Any, to: Call, **form: str) -> int:
    given = {"sign": "good", "call": str(to.pk), "status": "ringing", **form}
    return int(client.post(reverse("call_hooks:status", args=["fake", to.pk]), given).status_code)


def reloaded(call: Call) -> Call:
    with company_active(call.company_id):
        return Call.objects.get(pk=call.pk)


def test_a_signed_callback_moves_the_call_in_its_own_company(client: Any, call: Call) -> None:
    assert tell(client, call) == 204
    assert reloaded(call).status == Status.RINGING
    assert tell(client, call, status="completed") == 204
    assert reloaded(call).status == Status.COMPLETED


def test_one_that_is_not_signed_changes_nothing(client: Any, call: Call) -> None:
    assert tell(client, call, sign="bad") == 403
    assert reloaded(call).status == Status.QUEUED
    with company_active(call.company_id):
        assert CallEvent.objects.count() == 0


def test_nonsense_is_refused_and_a_call_that_is_not_there_is_not_found(client: Any, call: Call) -> None:
    assert tell(client, call, status="levitating") == 400
    assert client.post(reverse("call_hooks:status", args=["fake", call.pk]), {"sign": "good"}).status_code == 400
    for provider, pk in (("fake", uuid4()), ("twilio", call.pk), ("nobody", call.pk)):
        assert client.post(reverse("call_hooks:status", args=[provider, pk]), {"sign": "good"}).status_code == 404
    assert reloaded(call).status == Status.QUEUED


def test_news_of_another_call_does_not_count_for_this_one(client: Any, call: Call) -> None:
    assert tell(client, call, call=str(uuid4())) == 204
    assert reloaded(call).status == Status.QUEUED


def test_the_provider_asks_what_to_say(client: Any, call: Call, voice: Agent) -> None:
    with company_active(call.company_id):
        Agent.objects.filter(pk=voice.pk).update(voice_script="Hello {{first_name|there}}, this is {{agent}}.")
        name = Lead.objects.get().contact.first_name
    answer = client.post(reverse("call_hooks:voice", args=["fake", call.pk]))
    assert answer["Content-Type"] == "text/xml" and answer.content.decode() == f"<Say>Hello {name}, this is Nova.</Say>"


def test_who_texts_that_they_want_no_calls_is_not_called_at_the_next_tick(
    client: Any, company: Company, voice: Agent, due_lead: Lead, line: Any, settings: Any
) -> None:
    from crm.providers.twilio.tests.stand_in import SID, TOKEN, sign

    settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN = SID, TOKEN
    path, sender = reverse("text_hooks:text", args=["twilio"]), due_lead.contact.phone_e164
    form = {"MessageSid": "SM1", "AccountSid": SID, "From": sender, "To": "+14155550100", "Body": "Stop calling me!"}
    signed = {"x-twilio-signature": sign(settings.PUBLIC_URL + path, form)}
    with company_active(company.pk):
        assert client.post(path, form, headers=signed).status_code == 200
        assert call_due_of(voice.pk, at=NOON) == 0
        assert not Call.objects.exists()
