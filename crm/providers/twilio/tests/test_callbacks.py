"""What Twilio tells of a call, and what it is answered when it asks what to say: read from signed requests."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from xml.etree import ElementTree

import pytest
from django.utils.timezone import now

from crm.providers.ports import BadSignature, Callback, CallRequest, CallUpdate, VoiceAnswer, naming
from crm.providers.registry import dialler
from crm.providers.scripts import parse_script
from crm.providers.twilio.tests.stand_in import TOKEN, sign

Make = Callable[..., CallRequest]
SID = "CA" + "5" * 32


@pytest.fixture(autouse=True)
def _account(settings: Any) -> None:
    settings.TWILIO_AUTH_TOKEN = TOKEN


@pytest.fixture
def request_(request_for: Make) -> CallRequest:
    return request_for("twilio")


def callback(url: str, **params: str) -> Callback:
    signed = {"x-twilio-signature": sign(url, params)}
    return Callback(url=url, headers=signed, params=params, query=dict(parse_qsl(urlsplit(url).query)))


def told(request: CallRequest, leg: str = "", **params: str) -> list[CallUpdate]:
    more = {"leg": leg} if leg else {}
    url = naming(request.status_url, request.call_id, **more)
    return dialler("twilio").parse_callback(callback(url, **{"CallSid": SID, **params}))


def said(request: CallRequest, turn: str = "", **params: str) -> tuple[Any, VoiceAnswer]:
    more = {"turn": turn} if turn else {}
    url = naming(request.voice_url, request.call_id, **more)
    answer = dialler("twilio").answer(request, callback(url, **{"CallSid": SID, "CallStatus": "in-progress", **params}))
    assert answer.content_type == "text/xml"
    return ElementTree.fromstring(answer.body), answer


# --- how it goes ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("params", "wanted"),
    [
        ({"CallStatus": "queued"}, ("queued", None, "", None)),
        ({"CallStatus": "initiated"}, ("queued", None, "", None)),
        ({"CallStatus": "ringing"}, ("ringing", None, "", None)),
        ({"CallStatus": "in-progress"}, ("in_progress", None, "", None)),
        ({"CallStatus": "completed", "CallDuration": "61"}, ("completed", None, "", 61)),
        (
            {"CallStatus": "completed", "CallDuration": "9", "AnsweredBy": "machine_end_beep"},
            ("completed", "no_answer", "voicemail", 9),
        ),
        ({"CallStatus": "completed", "CallDuration": "x"}, ("completed", None, "", None)),
        ({"CallStatus": "busy", "CallDuration": "0"}, ("completed", "no_answer", "busy", 0)),
        ({"CallStatus": "no-answer"}, ("completed", "no_answer", "", None)),
        ({"CallStatus": "canceled"}, ("canceled", None, "", None)),
        ({"CallStatus": "failed"}, ("failed", "failed", "provider_error", None)),
        ({"CallStatus": "failed", "SipResponseCode": "404"}, ("failed", "failed", "invalid_number", None)),
        ({"CallStatus": "failed", "SipResponseCode": "503"}, ("failed", "failed", "provider_error", None)),
    ],
)
def test_every_status_has_its_meaning(request_: CallRequest, params: dict[str, str], wanted: Any) -> None:
    [update] = told(request_, Timestamp="Fri, 06 Mar 2026 18:00:00 +0000", **params)
    assert (update.status, update.outcome, update.detail, update.duration_seconds) == wanted
    assert update.event_id == f"{SID}:{params['CallStatus']}"
    assert (update.call_id, update.provider_id) == (request_.call_id, SID)
    assert update.at == datetime(2026, 3, 6, 18, tzinfo=UTC)


def test_a_recording_is_told_once_it_is_there(request_: CallRequest) -> None:
    recording = {"RecordingSid": "RE1", "RecordingUrl": "https://api.twilio.com/recordings/RE1"}
    assert told(request_, RecordingStatus="in-progress", **recording) == []
    [update] = told(request_, RecordingStatus="completed", **recording)
    assert (update.status, update.recording_url) == (None, "https://api.twilio.com/recordings/RE1")
    assert update.event_id == f"{SID}:RE1"


@pytest.mark.parametrize("params", [{"CallStatus": "teleported"}, {}, {"CallSid": ""}])
def test_what_says_nothing_of_a_call_changes_nothing(request_: CallRequest, params: dict[str, str]) -> None:
    assert told(request_, **params) == []


def test_a_callback_without_a_moment_or_our_id_is_read_all_the_same(request_: CallRequest) -> None:
    [update] = dialler("twilio").parse_callback(
        callback(request_.status_url, CallSid=SID, CallStatus="ringing", Timestamp="yesterday")
    )
    assert update.call_id is None
    assert update.provider_id == SID
    assert abs(update.at - now()) < timedelta(minutes=1)


def test_the_legs_of_a_bridged_call_are_told_apart(request_: CallRequest) -> None:
    """First our own person is rung, then the contact; how the contact's leg ends is how the call ended."""
    to_agent = [told(request_, "agent", CallStatus=s) for s in ("initiated", "ringing", "in-progress", "completed")]
    assert [[update.status for update in updates] for updates in to_agent] == [["queued"], ["queued"], ["ringing"], []]
    [missed] = told(request_, "agent", CallStatus="no-answer")
    assert (missed.status, missed.outcome, missed.detail) == ("canceled", None, "agent_no_answer")
    child = {"CallSid": "CA" + "6" * 32, "ParentCallSid": SID}
    [update] = told(request_, "contact", CallStatus="completed", CallDuration="50", **child)
    assert (update.status, update.provider_id, update.duration_seconds) == ("completed", SID, 50)
    assert update.event_id == f"{child['CallSid']}:completed"


@pytest.mark.parametrize("field", ["CallStatus", "CallDuration", "Extra"])
def test_a_changed_field_breaks_the_signature(request_: CallRequest, field: str) -> None:
    good = callback(
        naming(request_.status_url, request_.call_id), CallSid=SID, CallStatus="completed", CallDuration="1"
    )
    forged = Callback(good.url, good.headers, {**good.params, field: "no-answer"}, good.query)
    with pytest.raises(BadSignature):
        dialler("twilio").parse_callback(forged)
    with pytest.raises(BadSignature):
        dialler("twilio").answer(request_, forged)


def test_without_a_token_nothing_is_believed(request_: CallRequest, settings: Any) -> None:
    settings.TWILIO_AUTH_TOKEN = ""
    url = naming(request_.status_url, request_.call_id)
    signed = {"x-twilio-signature": sign(url, {"CallSid": SID, "CallStatus": "ringing"}, "")}
    with pytest.raises(BadSignature):
        dialler("twilio").parse_callback(Callback(url, signed, {"CallSid": SID, "CallStatus": "ringing"}))


# --- what is said ---------------------------------------------------------------------------------------------------


def test_the_greeting_is_read_while_keys_are_waited_for(request_for: Make) -> None:
    request = request_for("twilio", script=parse_script("Hello <you> & yours.\n[9 opt out] Bye.", {}, voice="alice"))
    xml, answer = said(request, AnsweredBy="human")
    gather = xml.find("Gather")
    assert gather.attrib["numDigits"] == "1"
    assert gather.attrib["action"] == f"{request.voice_url}?call={request.call_id}&turn=1"
    assert gather.find("Say").text == "Hello <you> & yours."
    assert gather.find("Say").attrib["voice"] == "alice"
    assert xml.find("Redirect").text == gather.attrib["action"]
    [update] = answer.updates
    assert (update.answered_by, update.status) == ("human", None)


def test_a_voice_that_twilio_does_not_have_is_left_to_it(request_for: Make) -> None:
    xml, _ = said(request_for("twilio", script=parse_script("Good news.", {}, voice="alloy")))
    assert xml.find("Say").attrib == {}


def test_a_script_without_keys_is_read_and_hung_up_after(request_for: Make) -> None:
    xml, answer = said(request_for("twilio", script=parse_script("Good news.", {})))
    assert [(part.tag, part.text) for part in xml] == [("Say", "Good news."), ("Hangup", None)]
    assert answer.updates == ()


def test_who_presses_nothing_hears_it_three_times(request_: CallRequest) -> None:
    assert [part.tag for part in said(request_, turn="2")[0]] == ["Gather", "Redirect"]
    assert [part.tag for part in said(request_, turn="3")[0]] == ["Hangup"]
    assert [part.tag for part in said(request_, turn="99")[0]] == ["Gather", "Redirect"]


def test_a_key_that_is_not_in_the_script_reads_it_again(request_: CallRequest) -> None:
    xml, answer = said(request_, turn="1", Digits="7")
    assert [part.tag for part in xml] == ["Gather", "Redirect"]
    assert answer.updates == ()


def test_a_machine_gets_the_message_and_is_told_of(request_: CallRequest) -> None:
    xml, answer = said(request_, AnsweredBy="machine_end_beep")
    assert [(part.tag, part.text) for part in xml] == [("Say", "Please call Ava back."), ("Hangup", None)]
    [update] = answer.updates
    assert (update.answered_by, update.event_id) == ("machine", f"{SID}:answered_by")


def test_a_key_hands_over_to_a_person(request_: CallRequest) -> None:
    xml, answer = said(request_, turn="1", Digits="1")
    assert xml.find("Say").text == "One moment."
    dial = xml.find("Dial")
    assert (dial.attrib["callerId"], dial.find("Number").text) == ("+14155550111", "+14155550100")
    [update] = answer.updates
    assert (update.transferred_to, update.disposition_hint) == ("Maya Chen", "")


@pytest.mark.parametrize(
    ("digit", "words", "disposition"),
    [("2", "Until tomorrow.", "callback"), ("3", "Wonderful.", "qualified"), ("9", "Goodbye.", "do_not_call")],
)
def test_a_key_says_what_the_person_wants(request_: CallRequest, digit: str, words: str, disposition: str) -> None:
    xml, answer = said(request_, turn="1", Digits=digit)
    assert [(part.tag, part.text) for part in xml] == [("Say", words), ("Hangup", None)]
    [update] = answer.updates
    assert (update.disposition_hint, update.call_id) == (disposition, request_.call_id)
    assert update.event_id == f"{SID}:key:{digit}:1"
    if disposition == "callback":
        assert update.callback_at is not None
        assert abs(update.callback_at - now() - timedelta(days=1)) < timedelta(minutes=1)
    else:
        assert update.callback_at is None


def test_a_key_that_only_tells_something_goes_back_to_the_menu(request_: CallRequest) -> None:
    xml, answer = said(request_, turn="1", Digits="4")
    assert [(part.tag, part.text) for part in xml] == [
        ("Say", "Nine to five."),
        ("Redirect", f"{request_.voice_url}?call={request_.call_id}&turn=2"),
    ]
    assert answer.updates == ()


def test_our_own_person_is_connected_to_the_contact(request_for: Make) -> None:
    request = request_for("twilio", attended=True, agent_phone="+14155550100", record=True)
    xml, _ = said(request)
    [dial] = xml
    number = dial.find("Number")
    leg = f"{request.status_url}?call={request.call_id}&leg=contact"
    assert (number.text, number.attrib["statusCallback"]) == ("+14155552671", leg)
    assert number.attrib["statusCallbackEvent"] == "initiated ringing answered completed"
    assert dial.attrib["record"] == "record-from-answer-dual"
    assert dial.attrib["recordingStatusCallback"] == leg
    assert dial.attrib["answerOnBridge"] == "true"
    assert "url" not in number.attrib


def test_who_is_recorded_is_told_so_first(request_for: Make) -> None:
    request = request_for("twilio", record=True, notice="This call is recorded.")
    [notice, gather, _] = said(request)[0]
    assert (notice.tag, notice.text, gather.tag) == ("Say", "This call is recorded.", "Gather")
    assert [part.tag for part in said(request, turn="1")[0]] == ["Gather", "Redirect"]
    plain = request_for("twilio", script=parse_script("Good news.", {}), notice="This call is recorded.")
    assert [part.text for part in said(plain)[0]] == ["This call is recorded.", "Good news.", None]


def test_a_bridged_contact_is_told_before_they_are_connected(request_for: Make) -> None:
    request = request_for("twilio", attended=True, agent_phone="+14155550100", record=True, notice="We record this.")
    number = said(request)[0].find("Dial/Number")
    url = number.attrib["url"]
    assert url == f"{request.voice_url}?call={request.call_id}&leg=notice"
    answer = dialler("twilio").answer(request, callback(url, CallSid=SID, CallStatus="in-progress"))
    assert [(part.tag, part.text) for part in ElementTree.fromstring(answer.body)] == [("Say", "We record this.")]
