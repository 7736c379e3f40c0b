"""A voice agent's text as a script: what it says, and what each key does.

Lines are said as they stand; a line that begins with a bracket is a rule:

    Hello {{first_name|there}}, this is {{agent}}. Press 1 to talk to Maya, 2 for a call back, 9 to be left alone.
    [1 transfer +14155550100 Maya Chen] I am putting you through to Maya.
    [2 call back] We will call you again tomorrow.
    [3 qualified] Wonderful, you will hear from us.
    [9 opt out] You are off our list. Goodbye.
    [voicemail] Hello {{first_name|there}}, please call us back.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from crm.core.tokens import fill_tokens, unknown_tokens
from crm.providers.ports import CallScript, KeyAction, KeyOption, Transfer

TOKENS = ("first_name", "last_name", "name", "email", "company", "deal_value", "score", "agent")
RULE = re.compile(r"\[([^\]]*)\]\s*(.*)")
TRANSFER = re.compile(r"transfer\s+(\+[1-9]\d{1,14})\s*(.*)", re.IGNORECASE)
KEY = re.compile(r"([0-9*#])\s+(.+)")
PLAIN = {"call back": KeyAction.CALL_BACK, "opt out": KeyAction.OPT_OUT, "say": KeyAction.SAY}
DISPOSITION = re.compile(r"[a-z][a-z_ ]{0,48}")
VOICEMAIL = "voicemail"
OPENING = "Hello {{first_name|there}}, this is {{agent|an assistant}}. Do you have a minute?"


def parse_script(text: str, facts: Mapping[str, str], *, voice: str = "") -> CallScript:
    """The script for one call, tokens filled in from `facts` (`TOKENS`); an empty text has an opening of its own."""
    said, rules = _read(text.strip() or OPENING)
    options = [option for body, words in rules if (option := _option(body, fill_tokens(words, facts)))]
    transfers = [transfer for body, _ in rules if (transfer := _transfer(body))]
    voicemail = [fill_tokens(words, facts) for body, words in rules if body.lower() == VOICEMAIL]
    return CallScript(
        greeting=fill_tokens("\n".join(said), facts),
        voice=voice,
        options=tuple({option.digit: option for option in options}.values()),
        voicemail=" ".join(voicemail),
        transfer_to=transfers[0] if transfers else None,
    )


def said_lines(text: str) -> list[str]:
    """What a person reads from it: the lines without the rules, tokens as they stand."""
    return _read(text.strip() or OPENING)[0]


def script_problem(text: str) -> str:
    """One sentence about the first thing that can't be read, or "": asked when a script is saved."""
    if strange := unknown_tokens(text, TOKENS):
        return f"{strange[0]} is no token; there are {', '.join(TOKENS)}."
    for body, _ in _read(text)[1]:
        if body.lower() != VOICEMAIL and not _transfer(body) and not _option(body, ""):
            return (
                f"[{body}] can't be read: write [1 transfer +14155550100 Name], [2 call back], [3 qualified], "
                "[9 opt out] or [voicemail]."
            )
    return ""


def _read(text: str) -> tuple[list[str], list[tuple[str, str]]]:
    """What is said, and the rules with the words beside them."""
    said: list[str] = []
    rules: list[tuple[str, str]] = []
    for line in filter(None, map(str.strip, text.splitlines())):
        if match := RULE.fullmatch(line):
            rules.append((" ".join(match[1].split()), match[2]))
        else:
            said.append(line)
    return said, rules


def _transfer(body: str) -> Transfer | None:
    match = TRANSFER.fullmatch(body)
    return Transfer(number=match[1], name=match[2].strip()) if match else None


def _option(body: str, words: str) -> KeyOption | None:
    if not (key := KEY.fullmatch(body)):
        return None
    digit, what = key[1], key[2]
    if transfer := _transfer(what):
        return KeyOption(digit, KeyAction.TRANSFER, words, transfer_to=transfer)
    what = what.lower()
    if action := PLAIN.get(what):
        return KeyOption(digit, action, words)
    if DISPOSITION.fullmatch(what) and not what.startswith("transfer"):
        return KeyOption(digit, KeyAction.DISPOSITION, words, disposition=what.replace(" ", "_"))
    return None
