"""Text messages of invented people: after a call that they missed, some write back."""

from __future__ import annotations

from random import Random

from django.conf import settings

from crm.providers.ports import Callback, CallOutcome, CallRequest, TextAnswer, TextReceived
from crm.providers.simulator.plan import Step
from crm.providers.simulator.wire import read_text

SHARE = 0.15  # of the calls that nobody took
WORDS = (
    "STOP",
    "Please stop calling me",
    "Who is this?",
    "In a meeting, try me tomorrow morning.",
    "HELP",
    "Got your message. Send me the details by e-mail.",
)


class SimulatorTexts:
    name = "simulator"

    def read(self, callback: Callback) -> TextReceived:
        return read_text(callback)

    def answer(self, words: str) -> TextAnswer:
        """Invented people do not read it."""
        return TextAnswer(words, content_type="text/plain; charset=utf-8")


def text_after(request: CallRequest, step: Step) -> str:
    """What the person writes once this has happened in the call; mostly nothing. The same whenever asked."""
    missed = step.told.get("outcome") == CallOutcome.NO_ANSWER and step.told.get("detail") != "busy"
    chance = Random(f"{settings.SIMULATOR_SEED}:text:{request.call_id}")  # noqa: S311 - a story, not a secret
    return chance.choice(WORDS) if missed and request.text_url and chance.random() < SHARE else ""
