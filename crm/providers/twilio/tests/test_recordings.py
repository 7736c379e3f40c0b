"""Sound from Twilio: whole, in parts, and from nowhere else."""

from __future__ import annotations

from typing import Any

import pytest

from crm.providers.ports import NoRecording, ProviderError, Recording
from crm.providers.registry import dialler
from crm.providers.twilio.tests.stand_in import SID, StandIn

URL = f"https://api.twilio.com/2010-04-01/Accounts/{SID}/Recordings/RE{'7' * 32}"


def fetched(url: str = URL, part: str = "") -> Recording:
    return dialler("twilio").recording(url, part=part)


def sound_of(recording: Recording) -> bytes:
    sound = b"".join(recording.sound)
    recording.sound.close()
    return sound


def test_the_whole_comes_with_its_length(stand_in: StandIn) -> None:
    whole = fetched()
    assert (whole.status, whole.headers["Content-Type"]) == (200, "audio/mpeg")
    assert whole.headers["Content-Length"] == str(len(stand_in.sound))
    assert sound_of(whole) == stand_in.sound
    assert stand_in.heard_auth[0]


def test_a_part_comes_alone(stand_in: StandIn) -> None:
    part = fetched(part="bytes=16-47")
    assert (part.status, part.headers["Content-Range"]) == (206, f"bytes 16-47/{len(stand_in.sound)}")
    assert sound_of(part) == stand_in.sound[16:48]
    rest = fetched(part="bytes=15990-")
    assert sound_of(rest) == stand_in.sound[15990:]


def test_a_part_behind_the_end_is_none(stand_in: StandIn) -> None:
    none = fetched(part="bytes=99999-")
    assert (none.status, none.headers["Content-Range"]) == (416, f"bytes */{len(stand_in.sound)}")
    assert sound_of(none) == b""


def test_what_is_no_range_is_not_passed_on(stand_in: StandIn) -> None:
    whole = fetched(part="bytes=0-1\r\nHost: elsewhere")
    assert (whole.status, sound_of(whole)) == (200, stand_in.sound)


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/meta-data",
        "https://api.twilio.com.evil.example/2010-04-01/Accounts/AC1/Recordings/RE1",
        "https://api.twilio.com/2010-04-01/Accounts/../../../secrets",
        f"{URL}/../../Calls",
        f"{URL}?x=1",
        f"https://api.twilio.com@127.0.0.1{URL[22:]}",
        "",
    ],
)
def test_an_address_that_is_not_twilios_is_not_asked(stand_in: StandIn, url: str) -> None:
    with pytest.raises(NoRecording):
        fetched(url)
    assert stand_in.requests == 0


@pytest.mark.parametrize(
    "target",
    [
        "http://127.0.0.1:1/secret",
        "https://localhost/secret",
        "https://169.254.169.254/latest/meta-data",
        "https://twilio.com.evil.example/x",
        "https://media.twilio.com:8443/x",
        "http://media.twilio.com/x",
        "https://api.twilio.com@10.0.0.1/x",
        "/2010-04-01/elsewhere",
        "https://media.twilio.com:99999/x",
        "https://[media.twilio.com/x",
        "",
    ],
)
def test_nobody_is_followed_into_a_private_network(stand_in: StandIn, target: str) -> None:
    stand_in.sends_to = target or "?"
    with pytest.raises(ProviderError, match="sent us elsewhere"):
        fetched()
    assert stand_in.requests == 1


def test_twilios_own_hosts_are_followed_without_the_password(stand_in: StandIn, monkeypatch: Any) -> None:
    from requests import Session

    asked: list[tuple[str, Any]] = []
    get = Session.get

    def noted(self: Session, url: str, **options: Any) -> Any:
        asked.append((url, options.get("auth")))
        if len(asked) == 1:
            return get(self, url, **options)
        stand_in.sends_to = ""
        return get(self, asked[0][0], **options)

    monkeypatch.setattr(Session, "get", noted)
    stand_in.sends_to = "https://media.twiliocdn.com/sound.mp3"
    assert sound_of(fetched()) == stand_in.sound
    assert asked[1] == ("https://media.twiliocdn.com/sound.mp3", None)
    assert stand_in.heard_auth[1] is None


def test_one_that_is_gone_is_none_and_trouble_is_trouble(stand_in: StandIn, settings: Any) -> None:
    with pytest.raises(NoRecording):
        fetched(URL.replace("7" * 32, "0" * 32))
    stand_in.sound_type = "text/html"
    with pytest.raises(ProviderError, match="no sound"):
        fetched()
    stand_in.shape = "broken"
    with pytest.raises(ProviderError, match="answered 500"):
        fetched()
    settings.TWILIO_API_BASE = "http://127.0.0.1:9"
    with pytest.raises(ProviderError, match="can't be reached"):
        fetched()
