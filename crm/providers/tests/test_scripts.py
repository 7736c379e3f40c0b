"""A voice agent's text: what is said, what keys do, and what can't be read."""

from __future__ import annotations

import pytest

from crm.core.tokens import fill_tokens, unknown_tokens
from crm.providers.ports import CallScript, KeyAction, KeyOption, Transfer
from crm.providers.scripts import parse_script, script_problem

TEXT = """
Hello {{first_name|there}}, this is {{agent}}.
Press 1 to talk to Maya, 9 to be left alone.
[1 transfer +14155550100 Maya Chen] I am putting you through to Maya, {{first_name|dear}}.
[2 Call  back] Until tomorrow.
[3 not qualified] Thank you.
[4 say] We are open from nine to five.
[9 opt out] Goodbye.
[voicemail] Please call {{agent}} back.
"""


def test_a_script_says_its_lines_and_knows_its_keys() -> None:
    script = parse_script(TEXT, {"first_name": "", "agent": "Ava"}, voice="alice")
    maya = Transfer("+14155550100", "Maya Chen")
    assert script == CallScript(
        greeting="Hello there, this is Ava.\nPress 1 to talk to Maya, 9 to be left alone.",
        voice="alice",
        options=(
            KeyOption("1", KeyAction.TRANSFER, "I am putting you through to Maya, dear.", transfer_to=maya),
            KeyOption("2", KeyAction.CALL_BACK, "Until tomorrow."),
            KeyOption("3", KeyAction.DISPOSITION, "Thank you.", disposition="not_qualified"),
            KeyOption("4", KeyAction.SAY, "We are open from nine to five."),
            KeyOption("9", KeyAction.OPT_OUT, "Goodbye."),
        ),
        voicemail="Please call Ava back.",
    )
    assert script.offered_transfer == maya
    assert script_problem(TEXT) == ""


def test_an_empty_text_has_an_opening_of_its_own() -> None:
    assert parse_script(" \n", {}).greeting == "Hello there, this is an assistant. Do you have a minute?"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("Hi {{contact.password}}", "{{contact.password}} is no token"),
        ("Hi {{first_name", "{{first_name is no token"),
        ("Hi {{ssn}}", "{{ssn}} is no token"),
        ("[1 transfer 555]", "[1 transfer 555] can't be read"),
        ("[12 opt out]", "[12 opt out] can't be read"),
        ("[]", "[] can't be read"),
    ],
)
def test_what_cannot_be_read_is_named(text: str, problem: str) -> None:
    assert script_problem(text).startswith(problem)


def test_a_value_is_never_read_for_tokens() -> None:
    assert fill_tokens("Hi {{ name }}", {"name": "{{email}}", "email": "secret"}) == "Hi {{email}}"
    assert unknown_tokens("{{name|a}} {{email | }} {{ x }}", ("name", "email")) == ["{{ x }}"]
