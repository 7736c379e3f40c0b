"""What every provider of text messages keeps to; and that invented people write back after a missed call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.utils.timezone import now

from crm.accounts.models import Company
from crm.providers.ports import BadSignature, Callback, CallRequest, CallUpdate, TextReceived
from crm.providers.registry import TEXT_READERS, text_reader
from crm.providers.simulator import wire
from crm.providers.simulator.dialler import SimulatorDialler
from crm.providers.simulator.models import SimulatedCall
from crm.providers.simulator.play import play
from crm.providers.simulator.texts import SHARE, WORDS
from crm.providers.tests import hook
from crm.providers.twilio.tests.stand_in import SID, TOKEN, sign

Make = Callable[..., CallRequest]
SENDER, OURS = "+14155552671", "+14155550100"


def callback(provider: str, text: TextReceived) -> Callback:
    """The text as the provider brings it."""
    url = f"https://crm.example.com/providers/{provider}/sms"
    if provider == "simulator":
        body = wire.body_of(text)
        return Callback(url, {wire.SIGNATURE: wire.sign(url, body)}, {}, body=body)
    form = {"MessageSid": text.message_id, "AccountSid": SID, "From": text.sender, "To": text.to, "Body": text.body}
    return Callback(url, {"x-twilio-signature": sign(url, form)}, form)


@pytest.fixture(params=sorted(TEXT_READERS))
def provider(request: Any, settings: Any, in_company: Company) -> str:
    settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN = SID, TOKEN
    return str(request.param)


def test_a_text_is_read_as_it_was_sent(provider: str) -> None:
    sent = TextReceived(provider, "message-1", SENDER, OURS, "Grüß Gott 🙂", now(), companies=(uuid4(),))
    read = text_reader(provider).read(callback(provider, sent))
    assert (read.provider, read.message_id, read.sender, read.to) == (provider, "message-1", SENDER, OURS)
    assert (read.body, read.channel, read.keyword) == ("Grüß Gott 🙂", "sms", "")
    assert abs(read.at - now()) < timedelta(minutes=1)
    assert bool(read.companies) != read.is_shared


def test_what_the_provider_did_not_sign_is_refused(provider: str) -> None:
    good = callback(provider, TextReceived(provider, "message-1", SENDER, OURS, "STOP", now()))
    for forged in (replace(good, headers={}), replace(good, url=good.url + "?x=1")):
        with pytest.raises(BadSignature):
            text_reader(provider).read(forged)


def test_words_are_sent_back_and_none_are_where_there_are_none(provider: str) -> None:
    reader = text_reader(provider)
    answer = reader.answer("Jane & Sons: reply STOP")
    assert "Sons: reply STOP" in answer.body
    assert answer.content_type.startswith("text/")
    assert "Message" not in reader.answer("").body


@pytest.mark.parametrize("sender", ["72645", "AMAZON", "whatsapp:", ""])
def test_a_sender_without_a_number_is_nobody(db: None, settings: Any, sender: str) -> None:
    settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN = SID, TOKEN
    sent = TextReceived("twilio", "message-1", sender, OURS, "STOP", now())
    assert text_reader("twilio").read(callback("twilio", sent)).sender == ""


def play_through(request: CallRequest) -> None:
    SimulatorDialler().place(request)
    play(SimulatedCall.objects.get(call_id=request.call_id).pk, now() + timedelta(minutes=10))


def test_some_invented_people_write_back_after_a_call_that_they_missed(
    in_company: Company, request_for: Make, heard: list[CallUpdate], settings: Any
) -> None:
    settings.SIMULATOR_ANSWER_RATE = 0.0
    here = f"{settings.PUBLIC_URL}/providers/simulator/sms"
    for number in range(100):
        play_through(request_for("simulator", UUID(int=number), text_url=here))
    assert 0.3 * SHARE < len(hook.texts) / 100 < 2 * SHARE
    assert {text.body for text in hook.texts} <= set(WORDS)
    assert {(text.sender, text.to) for text in hook.texts} == {(SENDER, "+14155550111")}
    assert {text.companies for text in hook.texts} == {(in_company.pk,)}
    assert len({text.message_id for text in hook.texts}) == len(hook.texts)
    assert SimulatedCall.objects.exclude(request="").count() == 0


def test_who_answered_writes_nothing(
    in_company: Company, request_for: Make, heard: list[CallUpdate], settings: Any
) -> None:
    settings.SIMULATOR_ANSWER_RATE = 1.0
    here = f"{settings.PUBLIC_URL}/providers/simulator/sms"
    for number in range(20):
        play_through(request_for("simulator", UUID(int=number), text_url=here))
    assert hook.texts == []
