"""What happens in simulated calls: the same whenever asked, in fair shares, and believable."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from crm.providers.ports import CallOutcome, CallRequest, CallStatus
from crm.providers.simulator.plan import Step, steps_of

AT = datetime(2026, 3, 6, 18, 0, tzinfo=UTC)  # a Friday, ten in the morning in Los Angeles
Make = Callable[..., CallRequest]


def final(request: CallRequest) -> Step:
    return steps_of(request, AT)[-1]


def many(request_for: Make, count: int = 400, **values: Any) -> list[Step]:
    return [final(request_for("simulator", UUID(int=n), **values)) for n in range(count)]


def test_a_call_goes_the_same_way_whenever_it_is_asked(request_for: Make, settings: Any) -> None:
    request = request_for("simulator", UUID(int=7))
    first = steps_of(request, AT)
    assert steps_of(request, AT) == first
    settings.SIMULATOR_SEED = "another"
    others = [final(request_for("simulator", UUID(int=n))) for n in range(20)]
    settings.SIMULATOR_SEED = "agentconnect"
    assert others != [final(request_for("simulator", UUID(int=n))) for n in range(20)]


def test_the_answer_rate_is_kept(request_for: Make, settings: Any) -> None:
    def answered() -> int:
        return sum(step.told["outcome"] == CallOutcome.ANSWERED for step in many(request_for))

    assert 250 <= answered() <= 310  # seven in ten of 400
    settings.SIMULATOR_ANSWER_RATE = 0.0
    assert answered() == 0
    settings.SIMULATOR_ANSWER_RATE = 1.0
    assert answered() == 400


def test_who_does_not_answer_is_away_busy_a_machine_or_no_number(request_for: Make, settings: Any) -> None:
    settings.SIMULATOR_ANSWER_RATE = 0.0
    steps = many(request_for)
    details = Counter((step.status, step.told["outcome"], step.told["detail"]) for step in steps)
    assert set(details) == {
        (CallStatus.COMPLETED, CallOutcome.NO_ANSWER, ""),
        (CallStatus.COMPLETED, CallOutcome.NO_ANSWER, "voicemail"),
        (CallStatus.COMPLETED, CallOutcome.NO_ANSWER, "busy"),
        (CallStatus.FAILED, CallOutcome.FAILED, "invalid_number"),
    }
    machine = next(step for step in steps if step.told["detail"] == "voicemail")
    assert machine.told["answered_by"] == "machine"
    assert machine.told["summary"] == "A machine answered. A message was left."


def test_conversations_come_to_every_end_that_the_product_knows(request_for: Make, settings: Any) -> None:
    settings.SIMULATOR_ANSWER_RATE = 1.0
    steps = many(request_for)
    assert {step.told["disposition_hint"] for step in steps} == {
        "qualified", "completed", "callback", "not_interested", "do_not_call", "wrong_number", "hung_up",
        "not_qualified",
    }  # fmt: skip
    for step in steps:
        lines = step.told["transcript"]
        assert lines[0].speaker == "agent"
        assert lines[0].text.startswith("Hello Jane, this is Ava.")
        assert [line.seconds for line in lines] == sorted(line.seconds for line in lines)
        assert lines[-1].seconds < step.told["duration_seconds"] < 180
        assert "{{" not in "".join(line.text for line in lines) + step.told["summary"]
        assert step.told["cost"] == Decimal("0.0140") * -(-step.told["duration_seconds"] // 60)


def test_who_asks_for_a_call_back_says_when(request_for: Make, settings: Any) -> None:
    settings.SIMULATOR_ANSWER_RATE = 1.0
    backs = [step.told for step in many(request_for) if step.told["disposition_hint"] == "callback"]
    for told in backs:
        then = told["callback_at"].astimezone(ZoneInfo("America/Los_Angeles"))
        hour = f"{then.hour % 12 or 12} {'a.m.' if then.hour < 12 else 'p.m.'}"
        assert ".m.." not in told["summary"] + "".join(line.text for line in told["transcript"])
        assert then > AT
        assert then.weekday() < 5
        assert f"on Monday at {hour}" in told["transcript"][1].text or f"on Tuesday at {hour}" in told["summary"]
        assert then.minute == 0
    assert backs
    assert all(step.told["callback_at"] is None for step in many(request_for) if step.told not in backs)


def test_who_asks_for_a_person_gets_the_one_of_the_script(request_for: Make, settings: Any) -> None:
    settings.SIMULATOR_ANSWER_RATE = 1.0
    handed = [step.told for step in many(request_for) if step.told["transferred_to"]]
    assert handed
    assert {told["transferred_to"] for told in handed} == {"Maya Chen"}
    assert all("Maya Chen" in {line.speaker for line in told["transcript"]} for told in handed)
    plain = request_for("simulator").script
    nobody = replace(plain, options=(), transfer_to=None)
    assert all(step.told["transferred_to"] == "" for step in many(request_for, script=nobody))


def test_a_person_of_ours_who_talks_hangs_up_when_they_like(request_for: Make, settings: Any) -> None:
    settings.SIMULATOR_ANSWER_RATE = 1.0
    request = request_for("simulator", attended=True)
    whole = steps_of(request, AT)
    assert [step.status for step in whole] == ["ringing", "in_progress", "completed"]
    assert (whole[-1].told["duration_seconds"], whole[-1].told["detail"]) == (300, "hung_up")
    cut = steps_of(request, AT, AT + timedelta(seconds=60.8))
    assert cut[:2] == whole[:2]
    assert cut[2] == Step(
        timedelta(seconds=60.8),
        CallStatus.COMPLETED,
        {
            "outcome": CallOutcome.ANSWERED,
            "detail": "",
            "duration_seconds": 60,
            "cost": Decimal("0.0140"),
            "currency": "USD",
        },
    )


def test_a_contact_who_is_put_through_is_gone_for_our_person(request_for: Make, settings: Any) -> None:
    settings.SIMULATOR_ANSWER_RATE = 1.0
    request = request_for("simulator", attended=True)
    last = steps_of(request, AT, AT + timedelta(seconds=60.8), "Tom Dell")[-1]
    assert (last.after, last.status) == (timedelta(seconds=60.8), CallStatus.COMPLETED)
    told = [last.told[name] for name in ("outcome", "detail", "transferred_to", "duration_seconds")]
    assert told == [CallOutcome.ANSWERED, "transferred", "Tom Dell", 60]


def test_a_call_that_is_stopped_while_it_rings_is_canceled(request_for: Make) -> None:
    request = request_for("simulator", attended=True)
    steps = steps_of(request, AT, AT + timedelta(seconds=0.5))
    assert [step.status for step in steps] == ["ringing", "canceled"]
    assert "outcome" not in steps[-1].told


def test_stopping_a_call_that_is_over_changes_nothing(request_for: Make) -> None:
    request = request_for("simulator", UUID(int=3))
    assert steps_of(request, AT, AT + timedelta(hours=1)) == steps_of(request, AT)


@pytest.mark.parametrize("seconds", [0, 2, 30])
def test_a_call_lasts_as_long_as_the_setting_says(request_for: Make, settings: Any, seconds: int) -> None:
    settings.SIMULATOR_CALL_SECONDS = seconds
    assert {step.after for step in many(request_for, 50)} == {timedelta(seconds=seconds)}
