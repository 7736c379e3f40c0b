"""Twilio asked over REST: what is sent, and what is made of an answer in bad shape."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils.timezone import now

from crm.providers.ports import CallHandle, CallRequest, ProviderError
from crm.providers.registry import dialler
from crm.providers.scripts import parse_script
from crm.providers.twilio.tests.stand_in import INVALID_NUMBER, StandIn

Make = Callable[..., CallRequest]
TO = "+14155552671"


def trouble(work: Callable[[], Any]) -> ProviderError:
    with pytest.raises(ProviderError) as raised:
        work()
    return raised.value


def test_a_voice_agents_call_is_asked_for_in_full(stand_in: StandIn, request_for: Make, settings: Any) -> None:
    request = request_for("twilio", record=True)
    handle = dialler("twilio").place(request)
    [made] = stand_in.calls
    here = f"{settings.PUBLIC_URL}/providers/twilio/calls"
    assert handle == CallHandle(made.sid)
    assert made.asked == {
        "To": [TO],
        "From": ["+14155550111"],
        "Url": [f"{here}/voice?call={request.call_id}"],
        "StatusCallback": [f"{here}/status?call={request.call_id}"],
        "StatusCallbackEvent": ["initiated", "ringing", "answered", "completed"],
        "Timeout": ["25"],
        "TimeLimit": ["3600"],
        "Record": ["true"],
        "RecordingStatusCallback": [f"{here}/status?call={request.call_id}"],
        "MachineDetection": ["DetectMessageEnd"],
    }


def test_a_machine_is_only_listened_to_the_end_where_a_message_is_left(stand_in: StandIn, request_for: Make) -> None:
    dialler("twilio").place(request_for("twilio", script=parse_script("Hello", {})))
    assert stand_in.calls[0].asked["MachineDetection"] == ["Enable"]
    assert "Record" not in stand_in.calls[0].asked


def test_a_person_of_ours_is_rung_first(stand_in: StandIn, request_for: Make) -> None:
    request = request_for("twilio", attended=True, agent_phone="+14155550100", record=True)
    dialler("twilio").place(request)
    [made] = stand_in.calls
    assert made.one("To") == "+14155550100"
    assert made.one("StatusCallback").endswith(f"?call={request.call_id}&leg=agent")
    assert "MachineDetection" not in made.asked
    assert "Record" not in made.asked


def test_a_person_without_a_telephone_cannot_be_rung(stand_in: StandIn, request_for: Make) -> None:
    error = trouble(lambda: dialler("twilio").place(request_for("twilio", attended=True)))
    assert error.permanent
    assert error.message == "The agent has no telephone number at which Twilio can ring first."
    assert stand_in.requests == 0


def test_the_number_of_the_installation_stands_in_for_an_agents(
    stand_in: StandIn, request_for: Make, settings: Any
) -> None:
    request = request_for("twilio", caller="")
    assert trouble(lambda: dialler("twilio").place(request)).permanent
    settings.TWILIO_CALLER_NUMBER = "+14155550199"
    dialler("twilio").place(request)
    assert stand_in.calls[0].one("From") == "+14155550199"


@pytest.mark.parametrize("shape", ["broken", "busy", "nonsense", "silent", "slow"])
def test_a_twilio_in_bad_shape_is_trouble_that_passes(
    stand_in: StandIn, request_for: Make, settings: Any, shape: str
) -> None:
    settings.TWILIO_TIMEOUT_SECONDS = 0.4
    stand_in.shape = shape
    twilio, request = dialler("twilio"), request_for("twilio")
    for work in (
        lambda: twilio.place(request),
        lambda: twilio.find(request.call_id, to=TO, since=now()),
        lambda: twilio.cancel("CA" + "0" * 32),
        lambda: twilio.news_of(request, "CA" + "0" * 32),
    ):
        error = trouble(work)
        assert not error.permanent
        assert TO not in error.message
    stand_in.shape = "well"
    assert twilio.place(request)


def test_a_call_that_was_made_before_the_answer_was_lost_is_found(stand_in: StandIn, request_for: Make) -> None:
    """Never asked for twice by itself: what was sent may have been done."""
    stand_in.shape, since, request = "silent", now(), request_for("twilio")
    trouble(lambda: dialler("twilio").place(request))
    assert (len(stand_in.calls), stand_in.requests) == (1, 1)
    stand_in.shape = "well"
    assert dialler("twilio").find(request.call_id, to=TO, since=since) == CallHandle(stand_in.calls[0].sid)


def test_nobody_at_the_address_is_trouble_that_passes(request_for: Make, settings: Any) -> None:
    settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN = "AC1", "t"
    settings.TWILIO_API_BASE = "http://127.0.0.1:9"
    error = trouble(lambda: dialler("twilio").place(request_for("twilio")))
    assert (error.permanent, error.message) == (False, "Twilio can't be reached (ConnectionError).")


def test_a_wrong_password_is_trouble_for_good(stand_in: StandIn, request_for: Make, settings: Any) -> None:
    settings.TWILIO_AUTH_TOKEN = "another"
    error = trouble(lambda: dialler("twilio").place(request_for("twilio")))
    assert error.permanent
    assert "Authenticate" in error.message
    assert stand_in.calls == []


def test_twilios_reason_is_passed_on_without_the_number(stand_in: StandIn, request_for: Make) -> None:
    error = trouble(lambda: dialler("twilio").place(request_for("twilio", to=INVALID_NUMBER)))
    assert (error.permanent, error.message) == (True, "Twilio: The 'To' number … is not a valid phone number.")


def test_calls_that_came_in_or_are_older_are_not_ours(stand_in: StandIn, request_for: Make) -> None:
    at = datetime.now(UTC)
    stand_in.place({"To": [TO]}, direction="inbound")
    stand_in.place({"To": [TO]}, created=at - timedelta(minutes=10))
    stand_in.place({"To": ["+14155550000"]})
    request = request_for("twilio")
    assert dialler("twilio").find(request.call_id, to=TO, since=at) is None
    first = stand_in.place({"To": [TO]}, created=at)
    stand_in.place({"To": [TO]}, created=at + timedelta(seconds=30))
    assert dialler("twilio").find(request.call_id, to=TO, since=at) == CallHandle(first.sid)


def test_a_bridged_call_is_known_by_the_leg_to_our_person(stand_in: StandIn, request_for: Make) -> None:
    stand_in.place({"To": [TO]}, direction="outbound-dial", parent="CA" + "7" * 32)
    request = request_for("twilio")
    assert dialler("twilio").find(request.call_id, to=TO, since=now()) == CallHandle("CA" + "7" * 32)


def test_numbers_stay_out_of_the_log(stand_in: StandIn, request_for: Make, caplog: Any) -> None:
    caplog.set_level("DEBUG", logger="twilio")
    caplog.set_level("INFO")
    dialler("twilio").place(request_for("twilio"))
    dialler("twilio").find(request_for("twilio").call_id, to=TO, since=now())
    assert TO.removeprefix("+") not in caplog.text


def test_of_a_bridged_call_the_contacts_leg_says_how_it_went(stand_in: StandIn, request_for: Make) -> None:
    request, twilio = request_for("twilio", attended=True, agent_phone="+14155550100"), dialler("twilio")
    handle = twilio.place(request)
    agents = stand_in.calls[0]

    def told() -> list[tuple[str | None, str]]:
        return [(update.status, update.detail) for update in twilio.news_of(request, handle.provider_id)]

    assert told() == [("queued", "")]
    agents.status = "in-progress"
    assert told() == [("ringing", "")]
    agents.status = "completed"
    assert told() == [("canceled", "agent_no_answer")]
    contacts = stand_in.place({"To": [TO]}, direction="outbound-dial", parent=agents.sid, status="busy")
    assert told() == [("completed", "busy")]
    [update] = twilio.news_of(request, handle.provider_id)
    assert (update.provider_id, update.event_id) == (agents.sid, f"{contacts.sid}:busy")


def test_the_price_is_told_once_every_leg_is_priced(stand_in: StandIn, request_for: Make) -> None:
    request, twilio = request_for("twilio"), dialler("twilio")
    handle = twilio.place(request)
    made = stand_in.calls[0]
    made.status, made.duration = "completed", "61"
    [ended] = twilio.news_of(request, handle.provider_id)
    assert (ended.status, ended.cost) == ("completed", None)
    made.price = "-0.02800"
    leg = stand_in.place({"To": ["+14155550100"]}, direction="outbound-dial", parent=made.sid)
    assert len(twilio.news_of(request, handle.provider_id)) == 1, "the colleague's leg is not priced yet"
    leg.price = "-0.01000"
    [_, priced] = twilio.news_of(request, handle.provider_id)
    assert (priced.cost, priced.currency, priced.status) == (Decimal("0.038"), "USD", None)
    assert (priced.event_id, priced.provider_id) == (f"{made.sid}:price", made.sid)
