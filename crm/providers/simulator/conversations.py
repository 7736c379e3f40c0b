"""What the invented contacts say. Each story is a course of lines, a mood, and what it comes to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from crm.core.tokens import fill_tokens
from crm.providers.ports import CallRequest, Line
from crm.providers.simulator.stories import STORIES, Story

WORDS_PER_SECOND = 2.4
PAUSE_SECONDS = 1
CALL_BACK_HOURS = (9, 10, 11, 14, 15, 16)


@dataclass(frozen=True)
class Conversation:
    lines: tuple[Line, ...]
    seconds: int
    summary: str
    disposition: str
    detail: str = ""
    callback_at: datetime | None = None
    transferred_to: str = ""


def converse(request: CallRequest, at: datetime, chance: Random) -> Conversation:
    """One of the stories that this call allows, told with its names and times."""
    stories = [story for story in STORIES if request.script.offered_transfer or not story.transfers]
    story = chance.choices(stories, weights=[story.weight for story in stories])[0]
    back = _call_back_at(request.zone, at, chance) if story.calls_back else None
    facts = _facts(request, at, back)
    opening = [("agent", words) for words in (request.notice, request.script.greeting) if words]
    said = [*opening, *_course(story, chance)]
    if story.transfers:
        said = [(facts["colleague"] if who == "colleague" else who, words) for who, words in said]
    lines, seconds = _timed([(who, _filled(words, facts)) for who, words in said])
    return Conversation(
        lines=lines,
        seconds=seconds,
        summary=f"{_filled(story.summary, facts)} Mood: {story.mood}.",
        disposition=story.disposition,
        detail="hung_up" if story.hangs_up else "",
        callback_at=back,
        transferred_to=facts["colleague"] if story.transfers else "",
    )


def _filled(words: str, facts: dict[str, str]) -> str:
    """“At 4 p.m.” ends a sentence by itself."""
    return fill_tokens(words, facts).replace(".m..", ".m.")


def _course(story: Story, chance: Random) -> list[tuple[str, str]]:
    """Who says what; of lines with several wordings one is drawn."""
    return [(who, chance.choice(wordings)) for who, wordings in story.lines]


def _facts(request: CallRequest, at: datetime, back: datetime | None) -> dict[str, str]:
    transfer = request.script.offered_transfer
    return {
        **request.facts,
        "first_name": request.facts.get("first_name", "") or request.contact_name.split(" ")[0],
        "agent": request.agent_name,
        "colleague": (transfer.name or "a colleague") if transfer else "",
        "then": _spoken(back, at) if back else "",
    }


def _call_back_at(zone: str, at: datetime, chance: Random) -> datetime:
    """A full hour on one of the next working days, where the contact lives."""
    day = at.astimezone(ZoneInfo(zone)) + timedelta(days=chance.randint(1, 3))
    while day.weekday() > 4:
        day += timedelta(days=1)
    return day.replace(hour=chance.choice(CALL_BACK_HOURS), minute=0, second=0, microsecond=0)


def _spoken(then: datetime, at: datetime) -> str:
    days = (then.date() - at.astimezone(then.tzinfo).date()).days
    day = "tomorrow" if days == 1 else f"on {then:%A}"
    return f"{day} at {then.hour % 12 or 12} {'a.m.' if then.hour < 12 else 'p.m.'}"


def _timed(said: list[tuple[str, str]]) -> tuple[tuple[Line, ...], int]:
    """Each line with the second at which it begins, and the length of it all."""
    lines, clock = [], 0.0
    for who, words in said:
        lines.append(Line(who, words, round(clock)))
        clock += len(words.split()) / WORDS_PER_SECOND + PAUSE_SECONDS
    return tuple(lines), max(1, round(clock))
