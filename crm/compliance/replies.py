"""What a text message back means: the carriers' keywords and plain requests, and never a word inside another sentence.

The keywords are those of 47 CFR § 64.1200(a)(10) (stop, quit, end, revoke, opt out, cancel, unsubscribe) and of the
carriers (STOPALL; START, UNSTOP; HELP, INFO), with what people write for them in other languages. The whole message
must be the request: "We have to stop this project" is none.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from django.db import models

from crm.compliance.channels import ALL, BY_PHONE, TEXTS
from crm.core.text import fold


class Meaning(models.TextChoices):
    STOP = "stop", "Stop"
    START = "start", "Start"
    HELP = "help", "Help"


@dataclass(frozen=True)
class Reply:
    """`channels` are those that a STOP or a START covers."""

    meaning: Meaning
    channels: tuple[str, ...] = ()


POLITE = frozenset({"please", "pls", "plz", "thanks", "thank", "you", "thx", "ty", "now", "immediately", "por", "favor",
                    "bitte", "svp", "merci", "danke", "gracias"})  # fmt: skip
SAYS_NOTHING = re.compile(r"[^\w\s]|_")


def words_of(text: str) -> list[str]:
    """In lower case, without accents, apostrophes, punctuation, emoji and politeness."""
    plain = unicodedata.normalize("NFKC", text[:1000]).replace("’", "").replace("'", "")
    words = SAYS_NOTHING.sub(" ", fold(plain)).split()
    return [word for word in words if word not in POLITE]


def said_as(words: set[str]) -> frozenset[str]:
    return frozenset(" ".join(words_of(word)) for word in words)


STOP_WORDS = said_as(
    {
        "stop", "quit", "end", "revoke", "optout", "opt out", "cancel", "unsubscribe", "unsub",
        "alto", "parar", "pare", "baja", "cancelar", "darse de baja", "no mas",  # Spanish, Portuguese
        "sair", "descadastrar",
        "arret", "arreter", "desabonner", "desinscription", "desinscrire",  # French
        "stopp", "abmelden", "abbestellen", "austragen",  # German
        "ferma", "basta", "cancellami", "disiscrivi",  # Italian
        "afmelden", "uitschrijven", "stoppen",  # Dutch
        "बंद", "रोको", "बंद करो", "توقف", "إيقاف", "停止", "退订", "退訂", "стоп", "отписаться",
    }
)  # fmt: skip
STOP_ALL_WORDS = said_as({"stopall", "stop all", "end all", "cancel all", "unsubscribe all", "opt out all"})
START_WORDS = said_as({"start", "unstop", "resume", "subscribe", "opt in", "optin", "alta", "commencer", "starten"})
HELP_WORDS = said_as({"help", "info", "ayuda", "aide", "hilfe", "ajuda", "aiuto", "support"})
TEXTING = r"(?:text|texts|texting|txt|txting|message|messages|messaging|sms|whatsapp)"
CALLING = r"(?:call|calls|calling|phone|phoning|ring|ringing)"
REACHING = r"(?:contact|contacting|bother|bothering|spam|spamming|harass|harassing|solicit|soliciting)"
TAIL = r"(?: (?:me|us|this number|my number|my phone))?(?: (?:again|anymore|any more|ever again|ever))?"
ME = r"(?:me|us|my number|this number|my phone number)"
LIST = r"(?:your|the|this|all) (?:call |calling |contact |mailing |text |marketing )?(?:list|lists|database|system)"
REQUESTS = (
    (re.compile(rf"(?:stop|quit) {REACHING}{TAIL}|(?:do not|dont|never) {REACHING}{TAIL}"), (ALL,)),
    (re.compile(rf"(?:remove|delete|unsubscribe) {ME}(?: (?:off|from|off of) {LIST})?"), (ALL,)),
    (re.compile(rf"take {ME} off(?: of)?(?: {LIST})?"), (ALL,)),
    (re.compile(rf"(?:stop|quit) {CALLING}{TAIL}|(?:do not|dont|never) {CALLING}{TAIL}|no more {CALLING}"), BY_PHONE),
    (re.compile(rf"(?:stop|quit) (?:sending )?(?:me )?{TEXTING}{TAIL}"), TEXTS),
    (re.compile(rf"(?:do not|dont|never) (?:send )?(?:me )?{TEXTING}{TAIL}|no more {TEXTING}"), TEXTS),
)  # fmt: skip


def read_reply(text: str) -> Reply | None:
    """What the message asks for as a whole; none where it is anything else."""
    words = words_of(text)
    if not words:
        return None
    said = " ".join(words)
    if said in STOP_ALL_WORDS:
        return Reply(Meaning.STOP, BY_PHONE)
    if said in STOP_WORDS or _is_one_word(words, STOP_WORDS):
        return Reply(Meaning.STOP, TEXTS)
    if said in START_WORDS:
        return Reply(Meaning.START, TEXTS)
    if said in HELP_WORDS:
        return Reply(Meaning.HELP)
    channels = request_in(said)
    return Reply(Meaning.STOP, channels) if channels else None


def reply_of(keyword: str) -> Reply | None:
    """What a provider has understood by itself: `stop`, `start` or `help`, whatever the words were."""
    if keyword not in Meaning.values:
        return None
    return Reply(Meaning(keyword), () if keyword == Meaning.HELP else TEXTS)


def request_in(said: str) -> tuple[str, ...]:
    """The channels that a plain request covers, where the words are that request and nothing else."""
    return next((channels for pattern, channels in REQUESTS if pattern.fullmatch(said)), ())


def _is_one_word(words: list[str], among: frozenset[str]) -> bool:
    """`STOP STOP STOP`."""
    return len(set(words)) == 1 and words[0] in among
