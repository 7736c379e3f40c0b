"""Recordings: asked for by the company's setting, played to whoever may see the call, and priced minutes later."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from agents.models import Agent
from calls.actions import ask_price, ask_prices, call_due_of, companies_with_unpriced_calls, place_call
from calls.models import Call
from calls.tests.conftest import NOON
from calls.tests.test_twilio import ask, fresh, tell
from crm.accounts.models import Company, User
from crm.core.tenancy import company_active, unscoped
from crm.providers.twilio.tests.stand_in import SID, StandIn
from leads.models import Lead

pytestmark = pytest.mark.django_db
NOTICE = "This call is recorded for training."
URL = f"https://api.twilio.com/2010-04-01/Accounts/{SID}/Recordings/RE{'7' * 32}"
RECORDED = {"RecordingSid": f"RE{'7' * 32}", "RecordingUrl": URL, "RecordingStatus": "completed"}


def dialled(company: Company, voice: Agent) -> Call:
    with company_active(company.pk):
        call_due_of(voice.pk, at=NOON)
        call = Call.objects.get()
        assert place_call(call.pk, at=NOON)
    return call


@pytest.fixture
def call(company: Company, voice: Agent, due_lead: Lead, stand_in: StandIn, run_later: Any) -> Call:
    """One that was recorded, and is over."""
    Company.objects.filter(pk=company.pk).update(record_calls=True, recording_notice=NOTICE)
    made = dialled(company, voice)
    assert tell(stand_in, "in-progress") == 204
    assert tell(stand_in, "completed", CallDuration="48", **RECORDED) == 204
    assert tell(stand_in, "completed", CallDuration="48") == 204
    return fresh(made)


def body_of(response: Any) -> bytes:
    return b"".join(response.streaming_content)


def test_nobody_is_recorded_unless_the_company_wants_it(
    company: Company,
    voice: Agent,
    due_lead: Lead,
    stand_in: StandIn,
    run_later: Any,
) -> None:
    dialled(company, voice)
    [made] = stand_in.calls
    assert "Record" not in made.asked
    assert NOTICE not in ask(made).content.decode()


def test_who_is_recorded_is_told_first_and_the_recording_is_asked_for(call: Call, stand_in: StandIn) -> None:
    [made] = stand_in.calls
    assert made.asked["Record"] == ["true"]
    assert made.one("RecordingStatusCallback") == made.one("StatusCallback")
    greeting = ask(made).content.decode()
    assert greeting.index(NOTICE) < greeting.index("Hello")
    assert call.recording_url == URL


def test_it_is_played_whole_and_in_parts_and_its_address_stays_here(
    call: Call,
    stand_in: StandIn,
    client: Client,
    manager: User,
) -> None:
    client.force_login(manager)
    page = client.get(reverse("calls:detail", args=[call.pk])).content.decode()
    assert f'src="/calls/{call.pk}/recording"' in page
    assert "twilio.com" not in page
    whole = client.get(f"/calls/{call.pk}/recording", headers={"Accept-Encoding": "gzip"})
    assert (whole.status_code, whole["Content-Type"]) == (200, "audio/mpeg")
    assert (whole["Accept-Ranges"], whole["Content-Length"]) == ("bytes", str(len(stand_in.sound)))
    assert "Content-Encoding" not in whole
    assert body_of(whole) == stand_in.sound
    part = client.get(f"/calls/{call.pk}/recording", headers={"Range": "bytes=16-31"})
    assert (part.status_code, part["Content-Range"]) == (206, f"bytes 16-31/{len(stand_in.sound)}")
    assert body_of(part) == stand_in.sound[16:32]
    head = client.head(f"/calls/{call.pk}/recording")
    assert (head.status_code, head["Content-Length"]) == (200, str(len(stand_in.sound)))
    assert client.post(f"/calls/{call.pk}/recording").status_code == 405


def test_the_api_links_to_it_and_plays_it(call: Call, stand_in: StandIn, api: Any, manager: User) -> None:
    told = api(manager).get(f"/api/v1/calls/{call.pk}").json()
    assert told["recording_url"].endswith(f"/api/v1/calls/{call.pk}/recording")
    sound = api(manager).get(f"/api/v1/calls/{call.pk}/recording", HTTP_RANGE="bytes=0-15")
    assert (sound.status_code, body_of(sound)) == (206, stand_in.sound[:16])


def test_a_colleague_and_a_stranger_do_not_hear_it(
    call: Call, client: Client, api: Any, agent: Agent, stranger: User
) -> None:
    for user in (agent.user, stranger):
        client.force_login(user)
        assert client.get(f"/calls/{call.pk}/recording").status_code == 403
        assert api(user).get(f"/api/v1/calls/{call.pk}/recording").status_code == 403
    assert Client().get(f"/calls/{call.pk}/recording").status_code == 302


def test_no_recording_is_404_and_a_twilio_in_bad_shape_502(
    call: Call,
    stand_in: StandIn,
    client: Client,
    api: Any,
    manager: User,
) -> None:
    client.force_login(manager)
    stand_in.shape = "broken"
    assert client.get(f"/calls/{call.pk}/recording").status_code == 502
    answer = api(manager).get(f"/api/v1/calls/{call.pk}/recording")
    assert (answer.status_code, "try again" in answer.json()["detail"]) == (502, True)
    with company_active(call.company_id):
        Call.objects.update(recording_url="")
    assert client.get(f"/calls/{call.pk}/recording").status_code == 404
    answer = api(manager).get(f"/api/v1/calls/{call.pk}/recording")
    assert (answer.status_code, answer.json()["detail"]) == (404, "There is no recording of this call")
    assert api(manager).get(f"/api/v1/calls/{call.pk}").json()["recording_url"] is None


def test_the_price_is_asked_for_until_twilio_has_it(call: Call, stand_in: StandIn, run_later: Any) -> None:
    assert call.cost is None and call.price_due_at is not None and call.ended_at is not None
    at = call.price_due_at
    with unscoped("a test"):
        assert companies_with_unpriced_calls(at - timedelta(seconds=1)) == []
        assert companies_with_unpriced_calls(at) == [call.company_id]
    with company_active(call.company_id):
        run_later.clear()
        assert ask_prices(at) == 1
        assert run_later == [("calls.ask_price", (call.pk,))]
        ask_price(call.pk, at=at)
        ask_price(call.pk, at=at)
        again = fresh(call)
        assert again.cost is None and again.price_due_at - at >= timedelta(minutes=2)
        made = stand_in.calls[0]
        made.status, made.duration, made.price = "completed", "48", "-0.0140"
        ask_price(call.pk, at=again.price_due_at)
        priced = fresh(call)
        assert (priced.cost, priced.currency, priced.price_due_at) == (Decimal("0.0140"), "USD", None)
        assert ask_prices(at + timedelta(days=2)) == 0


def test_a_price_that_never_comes_is_asked_for_a_day(call: Call, stand_in: StandIn) -> None:
    asked = 0
    stand_in.shape = "broken"
    with company_active(call.company_id):
        while (due := fresh(call).price_due_at) is not None:
            asked += 1
            ask_price(call.pk, at=due)
            assert asked < 20
    assert 8 <= asked <= 15
    assert fresh(call).cost is None
