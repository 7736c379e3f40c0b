"""How a simulated call is told to our hook: step by step, at least once, whatever dies in between."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.utils.timezone import now

from crm.accounts.models import Company
from crm.accounts.tests.factories import CompanyFactory
from crm.core.tenancy import company_active
from crm.providers.ports import CallRequest, CallUpdate, Control, Transfer
from crm.providers.simulator import tasks
from crm.providers.simulator.dialler import SimulatorDialler
from crm.providers.simulator.models import SimulatedCall
from crm.providers.simulator.play import MOST_FAILURES, play
from crm.providers.tests import hook

Make = Callable[..., CallRequest]
LONG = timedelta(minutes=10)


@pytest.fixture
def placed(in_company: Company, request_for: Make, heard: list[CallUpdate], settings: Any) -> SimulatedCall:
    settings.SIMULATOR_ANSWER_RATE = 1.0
    SimulatorDialler().place(request_for("simulator", UUID(int=1)))
    return SimulatedCall.objects.get()


def test_only_what_has_happened_is_told(placed: SimulatedCall, heard: list[CallUpdate]) -> None:
    assert play(placed.pk, placed.placed_at) == placed.placed_at + timedelta(seconds=0.4)
    assert heard == []
    assert play(placed.pk, placed.placed_at + timedelta(seconds=1)) == placed.placed_at + timedelta(seconds=2)
    assert [update.status for update in heard] == ["ringing", "in_progress"]
    assert play(placed.pk, placed.placed_at + timedelta(seconds=2)) is None
    assert [update.status for update in heard] == ["ringing", "in_progress", "completed"]
    assert play(placed.pk, placed.placed_at + LONG) is None
    assert len(heard) == 3


def test_every_step_names_the_call_and_itself(placed: SimulatedCall, heard: list[CallUpdate]) -> None:
    play(placed.pk, now() + LONG)
    assert {update.call_id for update in heard} == {placed.call_id}
    assert [update.event_id for update in heard] == [f"{placed.call_id}:{n}" for n in range(3)]
    assert heard[-1].at == placed.placed_at + timedelta(seconds=2)
    assert heard[-1].transcript


def test_nothing_personal_is_kept_of_a_call_that_is_over(placed: SimulatedCall, heard: list[CallUpdate]) -> None:
    assert "Jane" in placed.request
    play(placed.pk, now() + LONG)
    placed.refresh_from_db()
    assert (placed.request, placed.due_at, placed.steps_told) == ("", None, 3)


def test_who_was_put_through_to_is_told_and_nothing_of_it_is_kept(
    placed: SimulatedCall, heard: list[CallUpdate], request_for: Callable[..., CallRequest], settings: Any
) -> None:
    settings.SIMULATOR_CALL_SECONDS = 0
    attended, simulator = request_for("simulator", attended=True), SimulatorDialler()
    handle = simulator.place(attended)
    simulator.control(handle.provider_id, Control.KEYS, keys="4711")
    simulator.control(handle.provider_id, Control.TRANSFER, to=Transfer("+14155550177", "Tom Dell"))
    call = SimulatedCall.objects.get(call_id=attended.call_id)
    assert "4711" in call.state
    play(call.pk, now())
    call.refresh_from_db()
    assert (heard[-1].status, heard[-1].detail, heard[-1].transferred_to) == ("completed", "transferred", "Tom Dell")
    assert (call.state, call.due_at) == ("", None)


def test_a_hook_that_fails_is_told_again_later(placed: SimulatedCall, heard: list[CallUpdate], caplog: Any) -> None:
    hook.troubles.append(RuntimeError("the database is away"))
    at = placed.placed_at + LONG
    assert play(placed.pk, at) == at + timedelta(seconds=10)
    assert heard == []
    assert "did not take a step" in caplog.text
    play(placed.pk, at + timedelta(seconds=10))
    assert [update.status for update in heard] == ["ringing", "in_progress", "completed"]
    placed.refresh_from_db()
    assert placed.failures == 0


def test_a_call_that_no_hook_takes_is_given_up(placed: SimulatedCall, settings: Any, caplog: Any) -> None:
    settings.ROOT_URLCONF = "crm.urls"  # no such hook there
    at, tries = placed.placed_at + LONG, 0
    while at := play(placed.pk, at):
        tries += 1
    placed.refresh_from_db()
    assert tries == MOST_FAILURES
    assert (placed.due_at, placed.steps_told, placed.request) == (None, 0, "")


def test_what_a_dead_worker_left_is_played_on(
    placed: SimulatedCall, heard: list[CallUpdate], django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        tasks.play_left()
    assert heard == []
    SimulatedCall.objects.update(due_at=now() - timedelta(seconds=6), placed_at=now() - LONG)
    with company_active(CompanyFactory().pk), django_capture_on_commit_callbacks(execute=True):
        tasks.play_left()
    assert [update.status for update in heard] == ["ringing", "in_progress", "completed"]


def test_the_task_comes_again_for_the_next_step(
    placed: SimulatedCall, heard: list[CallUpdate], monkeypatch: Any
) -> None:
    sent: list[Any] = []
    monkeypatch.setattr(tasks, "later", lambda *args, **options: sent.append((args, options)))
    tasks.play(str(placed.pk))
    [(args, options)] = sent
    assert args == ("simulator.play", str(placed.pk))
    assert 0 < options["seconds"] < 0.4
    SimulatedCall.objects.update(placed_at=now() - LONG, due_at=now() - LONG)
    tasks.play(str(placed.pk))
    assert len(sent) == 1


def test_calls_that_are_over_are_thrown_away_after_a_day(placed: SimulatedCall, heard: list[CallUpdate]) -> None:
    SimulatedCall.objects.update(placed_at=now() - timedelta(days=2))
    tasks.purge()
    assert SimulatedCall.objects.count() == 1
    SimulatedCall.objects.update(due_at=None)
    tasks.purge()
    assert SimulatedCall.objects.count() == 0
