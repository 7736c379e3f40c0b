"""Whether somebody asked in a call not to be reached again: plain requests, and neither their denial nor a date.

Looks at what the person said alone. "Don't call me before noon" asks for an hour, "Why don't you call me tomorrow" for
a call, and "I'm not asking you to stop calling" for nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from crm.compliance.channels import ALL, BY_PHONE, TEXTS
from crm.core.text import fold

OURS = frozenset({"agent", "assistant", "bot", "ai", "caller", "representative", "rep", "system"})
SENTENCE = re.compile(r"[.!?;\n]+|,(?= (?:but|and then|so)\b)")
ME = r"(?:me|us|my number|this number|my phone|my house|here)"
NOT = r"(?:do not|dont|never|please not)"
CALL = r"(?:call|phone|ring|dial)"
CALLING = r"(?:calling|phoning|ringing|dialing|dialling)"
CONTACT = r"(?:contact|bother|reach out to|solicit|disturb)"
CONTACTING = r"(?:contacting|bothering|harassing|soliciting|spamming|disturbing)"
TEXT = r"(?:text|message)"
TEXTING = r"(?:texting|messaging|sending (?:me )?(?:texts|messages))"
LIST = r"(?:\w+ ){0,4}(?:list|lists|database|system|file|files|records)\b"
AGAIN = r"(?:(?: back| here| at this number| on this number| at home)*(?: again| anymore| any more| ever again| ever)*)"
# What follows a request that is one: nothing. A time, a place or a condition makes it a wish for another call.
END = r"(?= *(?:$|please|thanks|thank you|ok|okay|goodbye|bye|or i|because|im not interested|i am not interested))"
WISH = r"(?:i (?:do not|dont|no longer) want|i would rather not|id rather not)"

REQUESTS: tuple[tuple[re.Pattern[str], tuple[str, ...]], ...] = (
    (re.compile(rf"\b(?:take|get|remove|delete|strike) {ME} (?:off|from|out of)(?: of)? {LIST}"), (ALL,)),
    (re.compile(r"\b(?:remove|delete|lose|erase) (?:my|this) (?:phone )?number\b"), (ALL,)),
    (re.compile(rf"\b{NOT}(?: ever)? {CONTACT} {ME}{AGAIN}{END}"), (ALL,)),
    (re.compile(rf"\b(?:stop|quit) {CONTACTING}(?: {ME})?{AGAIN}{END}"), (ALL,)),
    (re.compile(rf"\b{WISH} (?:you to {CONTACT} {ME}|to be (?:contacted|bothered)){AGAIN}{END}"), (ALL,)),
    (re.compile(r"\b(?:put|add|place) (?:me|us|my number|this number) (?:on|to) (?:\w+ ){0,3}do not call\b"), BY_PHONE),
    (re.compile(rf"\b{NOT}(?: ever)? {CALL} {ME}{AGAIN}{END}"), BY_PHONE),
    (re.compile(rf"\b{NOT}(?: ever)? {CALL} (?:again|anymore|any more|ever again){END}"), BY_PHONE),
    (re.compile(rf"\b(?:stop|quit) {CALLING}(?: {ME})?{AGAIN}{END}"), BY_PHONE),
    (re.compile(rf"\b{WISH} (?:you to {CALL} {ME}|you {CALLING} {ME}|to be called){AGAIN}{END}"), BY_PHONE),
    (re.compile(rf"\b{WISH} (?:any|any more|more|these|your) calls{AGAIN}{END}"), BY_PHONE),
    (re.compile(rf"\bno more calls{END}"), BY_PHONE),
    (re.compile(rf"\b{NOT}(?: ever)? {TEXT} {ME}{AGAIN}{END}"), TEXTS),
    (re.compile(rf"\b(?:stop|quit) {TEXTING}(?: {ME})?{AGAIN}{END}"), TEXTS),
)  # fmt: skip
# Words before it that make it something else: a denial, a question, a report of what others do.
DENIED = re.compile(
    r"\b(?:not (?:asking|telling|saying|want|wanting|need|going)|never (?:said|asked|told)|didnt|did not|wouldnt|"
    r"would not|no need to|dont|do not|cant|cannot|wont)\b[\w ]*$"
)
TURNED = re.compile(r"\b(?:why|if|when|unless|whether|until|they|she|he|people|others|we|you)$")
TOLD = re.compile(r"\b(?:told|asked|asking|tell|telling|beg|begging|can|could|would|will) you$")


@dataclass(frozen=True)
class Heard:
    """The request, in the person's own words, and the channels that it covers."""

    channels: tuple[str, ...]
    wording: str


def request_in_transcript(transcript: str | Iterable[Mapping[str, Any]]) -> Heard | None:
    """The widest request that the person made; `transcript` is text, or lines with `speaker` and `text`."""
    found = [heard for sentence in _said_by_them(transcript) if (heard := _request(sentence))]
    return max(found, key=lambda heard: (ALL in heard.channels, len(heard.channels)), default=None)


def _said_by_them(transcript: str | Iterable[Mapping[str, Any]]) -> Iterable[str]:
    for speaker, text in _lines(transcript):
        if speaker.strip().lower() not in OURS:
            yield from (part.strip() for part in SENTENCE.split(text[:5000]) if part.strip())


def _lines(transcript: str | Iterable[Mapping[str, Any]]) -> Iterable[tuple[str, str]]:
    """A text has its speakers before a colon, where it has any."""
    if not isinstance(transcript, str):
        yield from ((str(line.get("speaker", "")), str(line.get("text", ""))) for line in transcript)
        return
    for line in transcript.splitlines():
        speaker, colon, text = line.partition(":")
        yield (speaker, text) if colon and len(speaker.split()) <= 2 else ("", line)


def _request(sentence: str) -> Heard | None:
    said = fold(re.sub(r"[^\w\s]", " ", sentence.replace("’", "").replace("'", "")))
    for pattern, channels in REQUESTS:
        for match in pattern.finditer(said):
            if not _means_otherwise(said[: match.start()].strip()):
                return Heard(channels, sentence)
    return None


def _means_otherwise(before: str) -> bool:
    if TOLD.search(before):
        return False
    return bool(TURNED.search(before) or DENIED.search(before))
