"""What a recorded call of invented people sounds like: no words, but two voices' tones that take turns as they speak.

All of it stands in the recording's address, so that nothing need be kept: `simulated:34:a0,c4,a9` lasts 34 seconds, in
which our side speaks from the start, the contact from second 4, our side again from second 9.
"""

from __future__ import annotations

import re
import wave
from collections.abc import Iterator, Sequence
from io import BytesIO
from math import pi, sin

from crm.providers.ports import Line, NoRecording, Recording

ADDRESS = re.compile(r"simulated:(\d{1,4}):([ac]\d{1,4}(?:,[ac]\d{1,4})*)", re.ASCII)
PART = re.compile(r"bytes=(\d{0,12})-(\d{0,12})", re.ASCII)
MOST_TURNS = 80  # an address has room for them
TURN_SECONDS = 6  # where nobody wrote down who spoke when
RATE = 8000
TONES = {"a": 196.0, "c": 262.0}  # hertz: ours, theirs
LOUDNESS = 24
SYLLABLES = 3  # a second


def address_of(lines: Sequence[Line], seconds: int) -> str:
    turns = [f"{'c' if line.speaker == 'contact' else 'a'}{line.seconds}" for line in lines]
    if not turns:
        turns = [f"{'ca'[number % 2]}{start}" for number, start in enumerate(range(0, max(1, seconds), TURN_SECONDS))]
    return f"simulated:{min(seconds, 9999)}:{','.join(turns[:MOST_TURNS])}"


def play(url: str, part: str) -> Recording:
    """As WAV, whole or in part. Raises `NoRecording`."""
    if not (found := ADDRESS.fullmatch(url)):
        raise NoRecording
    sound = _wav(int(found[1]), [(turn[0], int(turn[1:])) for turn in found[2].split(",")])
    size = len(sound)
    headers = {"Content-Type": "audio/wav", "Accept-Ranges": "bytes"}
    if (wanted := _wanted(part, size)) is None:
        return Recording(200, {**headers, "Content-Length": str(size)}, Bytes(sound))
    start, end = wanted
    if start >= size:
        return Recording(416, {"Content-Range": f"bytes */{size}"}, Bytes(b""))
    headers |= {"Content-Length": str(end + 1 - start), "Content-Range": f"bytes {start}-{end}/{size}"}
    return Recording(206, headers, Bytes(sound[start : end + 1]))


class Bytes:
    """All at once."""

    def __init__(self, sound: bytes) -> None:
        self.sound = sound

    def __iter__(self) -> Iterator[bytes]:
        yield self.sound

    def close(self) -> None:
        """Nothing is open."""


def _wanted(part: str, size: int) -> tuple[int, int] | None:
    """The first and the last byte; none for what is no range."""
    found = PART.fullmatch(part)
    if not found or not (found[1] or found[2]):
        return None
    if not found[1]:
        return max(0, size - int(found[2])), size - 1
    start, end = int(found[1]), min(int(found[2] or size - 1), size - 1)
    return (start, end) if end >= start or start >= size else None


def _wav(seconds: int, turns: Sequence[tuple[str, int]]) -> bytes:
    """One byte a sample, one voice at a time."""
    second = {who: _second(tone) for who, tone in TONES.items()}
    silence, file = bytes([128]) * RATE, BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(1)
        sound.setframerate(RATE)
        for at in range(seconds):
            who = next((who for who, start in reversed(turns) if start <= at), "")
            sound.writeframes(second.get(who, silence))
    return file.getvalue()


def _second(tone: float) -> bytes:
    def sample(number: int) -> int:
        at = number / RATE
        return 128 + round(LOUDNESS * sin(2 * pi * tone * at) * abs(sin(pi * SYLLABLES * at)))

    return bytes(map(sample, range(RATE)))
