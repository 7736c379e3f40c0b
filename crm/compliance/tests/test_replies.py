"""What people write and say, and what it means: the whole message, and never a word out of another sentence."""

from __future__ import annotations

from typing import Any

import pytest

from crm.compliance.replies import Meaning, read_reply
from crm.compliance.transcripts import request_in_transcript

TEXTS, BY_PHONE, ALL = ("sms", "whatsapp"), ("voice", "sms", "whatsapp"), ("all",)


@pytest.mark.parametrize(
    ("text", "channels"),
    [
        *[(text, TEXTS) for text in (
            "STOP", "stop", " Stop. ", "STOP!!!", "“Stop”", "STOP STOP STOP", "Please stop", "stop, thank you", "QUIT",
            "END", "Revoke", "Opt out", "OPT-OUT", "optout", "CANCEL", "Unsubscribe", "stop 🛑", "Stop texting me",
            "Don’t text me anymore", "no more messages", "ARRET", "Arrêt", "ALTO", "Baja", "Abmelden", "PARAR",
            "बंद करो", "停止", "стоп", "توقف",
        )],
        *[(text, BY_PHONE) for text in (
            "STOPALL", "Stop all", "Do not call me again", "stop calling me", "no more calls",
        )],
        *[(text, ALL) for text in (
            "Remove me from your list", "take me off your list please", "Stop contacting me", "unsubscribe me",
            "Delete my number", "do not contact me ever again",
        )],
    ],
)  # fmt: skip
def test_a_message_that_is_a_request_to_stop_is_one(text: str, channels: tuple[str, ...]) -> None:
    reply = read_reply(text)
    assert reply is not None
    assert reply.meaning is Meaning.STOP
    assert reply.channels == channels


@pytest.mark.parametrize(
    "text",
    [
        "We have to stop this project", "Don't stop", "please do not stop", "Stop by my office tomorrow", "the end",
        "Cancel my order of March", "I quit my job", "When does it end?", "I can't stop laughing", "full stop",
        "Where is the bus stop", "END of quarter works", "take me", "call me", "do not call me before noon",
        "", "   ", "🙂", "stop texting me at night, mornings are fine", "yes", "no", "Let's not cancel",
    ],
)  # fmt: skip
def test_a_word_inside_another_sentence_is_no_request(text: str) -> None:
    assert read_reply(text) is None


@pytest.mark.parametrize(
    ("text", "meaning"),
    [("START", Meaning.START), ("unstop", Meaning.START), ("HELP", Meaning.HELP), ("Ayuda", Meaning.HELP)],
)
def test_start_and_help_are_known(text: str, meaning: Meaning) -> None:
    reply = read_reply(text)
    assert reply is not None
    assert reply.meaning is meaning


@pytest.mark.parametrize(
    ("said", "channels"),
    [
        ("Do not call me again", BY_PHONE),
        ("Look, I'm busy. Please don't call me anymore, ok?", BY_PHONE),
        ("I told you don't call me", BY_PHONE),
        ("Stop calling this number!", BY_PHONE),
        ("I don't want any more calls.", BY_PHONE),
        ("Just put me on your do not call list", BY_PHONE),
        ("I no longer want you to call me", BY_PHONE),
        ("Can you take me off your list?", ALL),
        ("Could you stop calling me", BY_PHONE),
        ("Remove me from that calling list of yours. Remove me from your list.", ALL),
        ("And lose my number", ALL),
        ("Never contact me again", ALL),
        ("Stop texting me", TEXTS),
        ("Don't call me. And take me off the list.", ALL),
    ],
)
def test_a_request_in_a_call_is_heard(said: str, channels: tuple[str, ...]) -> None:
    heard = request_in_transcript([{"speaker": "agent", "text": "Hello!"}, {"speaker": "contact", "text": said}])
    assert heard is not None
    assert heard.channels == channels
    assert heard.wording in said


@pytest.mark.parametrize(
    "said",
    [
        "We have to stop this project",
        "Don't call me before noon",
        "Do not call me on Sundays",
        "don't call me until Monday",
        "Why don't you call me tomorrow",
        "Why don't you call me again",
        "I'm not asking you to stop calling me",
        "I didn't say stop calling me",
        "Please don't stop calling me",
        "They never call me back",
        "If you don't call me back I'll be disappointed",
        "Don't call me Bob",
        "You don't have to take me off your list",
        "Put me on the list",
        "Call me again next week",
        "I don't want you to take me off your list",
    ],
)
def test_what_only_sounds_like_a_request_is_none(said: str) -> None:
    assert request_in_transcript([{"speaker": "contact", "text": said}]) is None


def test_what_our_side_says_is_no_request_of_the_person() -> None:
    lines: list[Any] = [
        {"speaker": "agent", "text": "If you like I can take you off. Just say: do not call me again."},
        {"speaker": "contact", "text": "No, that's fine."},
    ]
    assert request_in_transcript(lines) is None
    assert request_in_transcript("Agent: Do not call me again?\nAda: No, call me on Monday.") is None
    heard = request_in_transcript("Agent: Hello!\nAda: Do not call me again.")
    assert heard is not None
    assert heard.wording == "Do not call me again"
