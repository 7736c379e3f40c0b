"""Recordings of invented people: two tones in turn, whole and in parts, out of the address alone."""

from __future__ import annotations

import wave
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from typing import Any
from uuid import UUID

import pytest
from django.utils.timezone import now

from crm.providers.ports import CallRequest, Line, NoRecording
from crm.providers.registry import dialler
from crm.providers.simulator.plan import steps_of
from crm.providers.simulator.sound import RATE, address_of

Make = Callable[..., CallRequest]
URL = "simulated:10:a0,c4,a7"


def sound(url: str = URL, part: str = "") -> tuple[int, dict[str, str], bytes]:
    found = dialler("simulator").recording(url, part=part)
    data = b"".join(found.sound)
    found.sound.close()
    return found.status, dict(found.headers), data


def test_it_lasts_as_long_as_the_call_and_the_voices_take_turns() -> None:
    status, headers, data = sound()
    assert (status, headers["Content-Type"], headers["Content-Length"]) == (200, "audio/wav", str(len(data)))
    with wave.open(BytesIO(data)) as file:
        assert (file.getframerate(), file.getnframes()) == (RATE, 10 * RATE)
        seconds = [file.readframes(RATE) for _ in range(10)]
    assert len(set(seconds[:4])) == 1
    assert seconds[0] == seconds[7] != seconds[4]
    assert max(seconds[0]) > 140


def test_parts_are_those_that_were_asked_for() -> None:
    whole = sound()[2]
    size = len(whole)
    assert sound(part="bytes=100-199") == (206, {
        "Content-Type": "audio/wav", "Accept-Ranges": "bytes", "Content-Length": "100",
        "Content-Range": f"bytes 100-199/{size}",
    }, whole[100:200])  # fmt: skip
    assert sound(part="bytes=100-")[2] == whole[100:]
    assert sound(part="bytes=-50")[2] == whole[-50:]
    assert sound(part=f"bytes={size - 5}-{size + 900}")[2] == whole[-5:]
    assert sound(part="bytes=0-")[::2] == (206, whole)
    assert [sound(part=part)[0] for part in ("bytes=9-3", "bytes=-", "pages=1-2", "")] == [200, 200, 200, 200]
    behind = sound(part=f"bytes={size}-")
    assert (behind[0], behind[1]["Content-Range"], behind[2]) == (416, f"bytes */{size}", b"")


@pytest.mark.parametrize(
    "url", ["simulated:", "simulated:10:x0", "simulated:99999:a0", f"{URL},", "file:///etc/passwd"]
)
def test_any_other_address_is_no_recording(url: str) -> None:
    with pytest.raises(NoRecording):
        sound(url)


def test_an_address_holds_any_talk() -> None:
    lines = [Line(("agent", "contact", "Maya")[n % 3], "x", n * 7) for n in range(300)]
    url = address_of(lines, 2100)
    assert len(url) <= 500
    assert sound(url)[0] == 200
    assert address_of((), 13) == "simulated:13:c0,a6,c12"


def test_who_talks_is_recorded_where_it_is_asked_for_and_told_so_first(request_for: Make, settings: Any) -> None:
    settings.SIMULATOR_ANSWER_RATE = 1.0
    plain = request_for("simulator", UUID(int=1))
    recorded = request_for("simulator", UUID(int=1), record=True, notice="This call is recorded.")
    assert "recording_url" not in steps_of(plain, now())[-1].told
    told = steps_of(recorded, now())[-1].told
    assert told["transcript"][0].text == "This call is recorded."
    assert sound(told["recording_url"])[0] == 200
    attended = request_for("simulator", UUID(int=1), record=True, attended=True)
    at = now()
    cut = steps_of(attended, at, at + timedelta(seconds=20))[-1].told
    assert cut["recording_url"].startswith(f"simulated:{cut['duration_seconds']}:")
    settings.SIMULATOR_ANSWER_RATE = 0.0
    assert "recording_url" not in steps_of(recorded, now())[-1].told
