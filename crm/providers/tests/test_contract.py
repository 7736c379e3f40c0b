"""What every provider of calls keeps to, the simulator like Twilio."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.utils.timezone import now

from crm.accounts.models import Company
from crm.core.ids import uuid7
from crm.providers.ports import (
    CallHandle,
    CallOutcome,
    CallRequest,
    CallStatus,
    CallUpdate,
    Control,
    NoRecording,
    ProviderError,
    Transfer,
)
from crm.providers.registry import DIALLERS, dialler
from crm.providers.tests.networks import Network, SimulatorNetwork, TwilioNetwork

Make = Callable[..., CallRequest]
LONG_AGO = timedelta(minutes=1)


@pytest.fixture(params=sorted(DIALLERS))
def network(request: Any, in_company: Company, heard: list[CallUpdate], settings: Any) -> Network:
    settings.SIMULATOR_ANSWER_RATE = 1.0
    if request.param == "simulator":
        return SimulatorNetwork()
    return TwilioNetwork(request.getfixturevalue("stand_in"))


@pytest.fixture
def asked(network: Network, request_for: Make) -> CallRequest:
    return request_for(network.dialler.name)


def test_the_setting_chooses(settings: Any) -> None:
    assert dialler().name == "simulator"
    settings.CALL_PROVIDER = "twilio"
    assert dialler().name == "twilio"
    with pytest.raises(KeyError):
        dialler("pigeon")


def test_a_call_is_placed_and_told_of_to_its_end(network: Network, asked: CallRequest, heard: list[CallUpdate]) -> None:
    handle = network.dialler.place(asked)
    assert handle.provider_id
    for sent in network.callbacks(asked, handle):
        assert sent.deliver() == 204
    assert {update.call_id for update in heard} == {asked.call_id}
    assert {update.provider_id for update in heard} == {handle.provider_id}
    assert {update.provider for update in heard} == {network.dialler.name}
    assert [update.status for update in heard][-3:] == ["ringing", "in_progress", "completed"]
    last = heard[-1]
    assert last.status == CallStatus.COMPLETED
    assert (last.outcome or CallOutcome.ANSWERED) == CallOutcome.ANSWERED
    assert (last.duration_seconds or 0) > 0
    assert all(abs(update.at - now()) < timedelta(minutes=5) for update in heard)


def test_every_update_has_a_name_that_a_repeat_has_too(
    network: Network, asked: CallRequest, heard: list[CallUpdate]
) -> None:
    callbacks = network.callbacks(asked, network.dialler.place(asked))
    for sent in [*callbacks, *reversed(callbacks)]:
        assert sent.deliver() == 204
    first, again = heard[: len(callbacks)], heard[len(callbacks) :]
    assert len({update.event_id for update in first}) == len(callbacks)
    assert [update.event_id for update in reversed(again)] == [update.event_id for update in first]
    assert [update.status for update in reversed(again)] == [update.status for update in first]


def test_what_the_provider_did_not_sign_is_refused(
    network: Network, asked: CallRequest, heard: list[CallUpdate]
) -> None:
    for sent in network.callbacks(asked, network.dialler.place(asked)):
        assert sent.deliver(forged=True) == 403
        assert replace(sent, headers={}).deliver() == 403
        assert replace(sent, url=sent.url.replace(str(asked.call_id), str(uuid7()))).deliver() == 403
    assert heard == []


def test_a_call_is_found_by_our_id_after_a_crash(network: Network, asked: CallRequest) -> None:
    since = now()
    assert network.dialler.find(asked.call_id, to=asked.to, since=since) is None
    handle = network.dialler.place(asked)
    assert network.dialler.find(asked.call_id, to=asked.to, since=since) == handle
    assert network.placed() == 1


def test_a_call_of_earlier_is_not_taken_for_this_one(network: Network, asked: CallRequest, request_for: Make) -> None:
    earlier = network.dialler.place(request_for(network.dialler.name))
    known = {earlier.provider_id}
    assert network.dialler.find(asked.call_id, to=asked.to, since=now(), known=known) is None
    handle = network.dialler.place(asked)
    assert network.dialler.find(asked.call_id, to=asked.to, since=now(), known=known) == handle


def test_hanging_up_is_asked_for_once_and_may_be_repeated(network: Network, asked: CallRequest) -> None:
    handle = network.dialler.place(replace(asked, attended=True, agent_phone="+14155550100"))
    network.dialler.cancel(handle.provider_id)
    assert network.asked_to_hang_up(handle)
    network.dialler.cancel(handle.provider_id)


def test_hanging_up_what_never_was_is_no_error(network: Network) -> None:
    name = f"sim-{uuid7()}" if network.dialler.name == "simulator" else "CA" + "0" * 32
    network.dialler.cancel(name)


COLLEAGUE = Transfer("+14155550177", "Tom Dell")


def talking(network: Network, asked: CallRequest) -> CallHandle:
    handle = network.dialler.place(replace(asked, attended=True, agent_phone="+14155550100"))
    network.answered(asked, handle)
    return handle


@pytest.mark.parametrize("what", list(Control))
def test_what_is_offered_in_a_call_is_done_and_the_rest_refused_for_good(
    network: Network, asked: CallRequest, what: Control
) -> None:
    handle = talking(network, asked)
    how: dict[str, Any] = {"keys": "12#"} if what == Control.KEYS else {"to": COLLEAGUE}
    if what in network.dialler.controls:
        network.dialler.control(handle.provider_id, what, **how)
        assert network.was_done(handle, what, COLLEAGUE)
        return
    with pytest.raises(ProviderError) as refused:
        network.dialler.control(handle.provider_id, what, **how)
    assert refused.value.permanent
    assert not network.was_done(handle, what, COLLEAGUE)


def test_nothing_is_done_in_a_call_that_never_was(network: Network) -> None:
    name = f"sim-{uuid7()}" if network.dialler.name == "simulator" else "CA" + "0" * 32
    with pytest.raises(ProviderError) as refused:
        network.dialler.control(name, Control.TRANSFER, to=COLLEAGUE)
    assert refused.value.permanent


def test_a_number_that_cannot_be_called_is_refused_for_good(network: Network, asked: CallRequest) -> None:
    with pytest.raises(ProviderError) as refused:
        network.dialler.place(replace(asked, to=network.refused_number))
    assert refused.value.permanent
    assert refused.value.message
    assert network.placed() == 0


def test_a_provider_that_is_down_may_be_asked_again(network: Network, asked: CallRequest) -> None:
    with network.unreachable(asked) as request, pytest.raises(ProviderError) as trouble:
        network.dialler.place(request)
    assert not trouble.value.permanent
    assert network.placed() == 0
    assert isinstance(network.dialler.place(asked), CallHandle)


def test_a_call_without_callbacks_can_be_asked_for(network: Network, asked: CallRequest) -> None:
    handle = network.dialler.place(asked)
    network.let_ring(handle)
    [*_, rings] = network.dialler.news_of(asked, handle.provider_id)
    assert (rings.status, rings.call_id, rings.provider_id) == ("ringing", asked.call_id, handle.provider_id)
    network.let_end(handle)
    [*_, ended] = network.dialler.news_of(asked, handle.provider_id)
    assert ended.status == CallStatus.COMPLETED
    assert (ended.outcome or CallOutcome.ANSWERED) == CallOutcome.ANSWERED
    assert (ended.duration_seconds or 0) > 0


def test_what_is_asked_for_has_the_name_that_its_callback_has(
    network: Network, asked: CallRequest, heard: list[CallUpdate]
) -> None:
    handle = network.dialler.place(asked)
    for sent in network.callbacks(asked, handle):
        sent.deliver()
    network.let_end(handle)
    [*_, ended] = network.dialler.news_of(asked, handle.provider_id)
    assert ended.event_id == heard[-1].event_id


def test_of_a_call_that_never_was_there_is_no_news(network: Network, asked: CallRequest) -> None:
    name = f"sim-{asked.call_id}" if network.dialler.name == "simulator" else "CA" + "0" * 32
    assert network.dialler.news_of(asked, name) == []


@pytest.mark.parametrize("url", ["http://127.0.0.1/sound.mp3", "https://elsewhere.example/sound", "", "sim-1"])
def test_a_recording_is_fetched_from_the_provider_alone(network: Network, url: str) -> None:
    with pytest.raises(NoRecording):
        network.dialler.recording(url)
