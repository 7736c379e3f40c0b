"""Nothing is dialled twice: by several schedulers and workers at once, or when a process is killed in the middle."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier, Lock
from typing import Any

import pytest
from django.conf import settings
from django.db import connection, connections
from django.utils.timezone import now

from agents.models import Agent
from calls.actions import apply_update, call_due_of, look_after, place_call
from calls.actions.dialling import LEASE
from calls.models import Call, Status
from calls.tests.conftest import new_lead
from calls.tests.factories import OpenVoiceAgentFactory
from calls.tests.fakes import FakeDialler, update
from crm.accounts.models import Company
from crm.core.tenancy import company_active
from crm.providers import registry
from crm.providers.ports import CallOutcome, CallStatus
from leads.models import Lead
from leads.tests.factories import ContactFactory

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="races are tried on PostgreSQL"),
]
THREADS = 6


def at_once(company: Company, *work: Callable[[], Any]) -> list[Any]:
    """What each call gave; all start together, each in the company and with a connection of its own."""
    barrier = Barrier(len(work))

    def run(act: Callable[[], Any]) -> Any:
        try:
            with company_active(company.pk):
                barrier.wait()
                return act()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(work)) as pool:
        return list(pool.map(run, work))


def callable_now(agent: Agent, monkeypatch: pytest.MonkeyPatch) -> Lead:
    """A lead whose contact may be called whatever the hour at which the tests run."""
    return new_lead(agent, contact=ContactFactory(), created_at=now())


@pytest.fixture(autouse=True)
def _open_at_all_hours(monkeypatch: pytest.MonkeyPatch) -> None:
    """The gate's hours have tests of their own; here calls are made at the hour of the test."""
    monkeypatch.setattr("crm.compliance.gate.hour_rules", lambda *args: ())
    monkeypatch.setattr("crm.compliance.gate.next_permitted", lambda where, facts, start: start)


def test_two_schedulers_claim_no_lead_twice_and_no_more_than_the_lines(
    company: Company, line: Any, run_later: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with company_active(company.pk):
        agents = [OpenVoiceAgentFactory(max_concurrent_calls=4) for _ in range(3)]
        for agent in agents:
            for _ in range(10):
                callable_now(agent, monkeypatch)
    claims = at_once(company, *[lambda pk=agent.pk: call_due_of(pk) for agent in agents for _ in range(THREADS // 2)])
    with company_active(company.pk):
        assert sum(claims) == Call.objects.count() == 12
        assert Counter(Call.objects.values_list("agent", flat=True)) == {agent.pk: 4 for agent in agents}
        assert Call.objects.values("lead").distinct().count() == 12


def test_several_workers_with_the_same_call_dial_it_once(
    company: Company, voice: Agent, line: Any, run_later: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with company_active(company.pk):
        lead = callable_now(voice, monkeypatch)
        call_due_of(voice.pk)
        pk = Call.objects.get().pk
    done = at_once(company, *[lambda: place_call(pk) for _ in range(THREADS)])
    assert done.count(True) == 1 and len(line.dialled) == 1
    with company_active(company.pk):
        lead.refresh_from_db()
        assert lead.attempts_count == 1


def test_a_whole_day_of_ticks_workers_and_callbacks_at_once_dials_each_attempt_once(
    company: Company, line: Any, run_later: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Schedulers, workers, the sweep and the provider run against each other until nothing is due."""
    with company_active(company.pk):
        agent = OpenVoiceAgentFactory(max_concurrent_calls=3, retry_delay_minutes=0, max_attempts=2)
        leads = [callable_now(agent, monkeypatch) for _ in range(12)]
    lines, most, guard = Counter[str](), [0], Lock()

    def dialled(request: Any) -> None:
        with guard:
            lines[str(request.call_id)] += 1
            most[0] = max(most[0], Call.objects.active().count())

    line.before_answer = staticmethod(dialled)

    def work() -> None:
        for _ in range(40):
            call_due_of(agent.pk)
            look_after(now() + 2 * LEASE if not Call.objects.active().exists() else now())
            for call in Call.objects.active():
                place_call(call.pk)
                news = update(call.pk, CallStatus.FAILED, outcome=CallOutcome.NO_ANSWER, event_id=f"{call.pk}:end")
                if call.pk in {request.call_id for request in FakeDialler.dialled}:
                    apply_update(call, news)

    at_once(company, *[work for _ in range(4)])
    with company_active(company.pk):
        assert set(lines.values()) == {1} and most[0] <= 3
        assert Counter(Call.objects.values_list("lead", flat=True)) == {lead.pk: 2 for lead in leads}
        for lead in leads:
            lead.refresh_from_db()
            assert (lead.status, lead.disposition, lead.attempts_count) == ("done", "no_answer", 2)


WORKER = """
import sys, uuid, django
django.setup()
from crm.core.tenancy import company_active
from crm.providers import registry
registry.DIALLERS["file"] = "calls.tests.fakes.FileDialler"
from crm.compliance import gate
gate.hour_rules = lambda *args: ()
from calls.actions import place_call
with company_active(uuid.UUID(sys.argv[1])):
    place_call(uuid.UUID(sys.argv[2]))
"""


def worker(company: Company, call: Call, dialled: Path, pause: str) -> subprocess.Popen[bytes]:
    of = connection.settings_dict
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "TEST_"))},
        "DATABASE_URL": f"postgres://{of['USER']}:{of['PASSWORD']}@{of['HOST']}:{of['PORT']}/{of['NAME']}",
        "DJANGO_SETTINGS_MODULE": "crm.settings",
        "DIALLED": str(dialled),
        "PAUSE": pause,
        "VAR_DIR": str(settings.VAR),
    }
    return subprocess.Popen([sys.executable, "-c", WORKER, str(company.pk), str(call.pk)], env=environment)


@pytest.mark.parametrize("pause", ["before", "after"])
def test_a_killed_worker_leaves_no_lead_stuck_and_no_second_call(
    company: Company, voice: Agent, run_later: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, pause: str
) -> None:
    """SIGKILL between the claim and the dialling, or between the dialling and the note of it."""
    monkeypatch.setitem(registry.DIALLERS, "file", "calls.tests.fakes.FileDialler")
    monkeypatch.setattr(settings, "CALL_PROVIDER", "file")
    dialled = tmp_path / "dialled"
    monkeypatch.setenv("DIALLED", str(dialled))
    with company_active(company.pk):
        lead = callable_now(voice, monkeypatch)
        call_due_of(voice.pk)
        call = Call.objects.get()
    process, here = worker(company, call, dialled, pause), Path(f"{dialled}.here")
    try:
        end = time.monotonic() + 60
        while not here.exists() and time.monotonic() < end:
            time.sleep(0.05)
        assert here.exists()
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    with company_active(company.pk):
        call.refresh_from_db()
        assert (call.status, call.placed_at, call.tries) == (Status.QUEUED, None, 1)
        assert not place_call(call.pk), "its lease still holds"
        run_later.clear()
        later = now() + LEASE + LEASE / 2
        assert look_after(later) == 1 and run_later == [("calls.place_call", (call.pk,))]
        assert place_call(call.pk, at=later), "taken up well within two minutes"
        assert dialled.read_text().split() == [str(call.pk)]
        call.refresh_from_db()
        lead.refresh_from_db()
        assert (call.provider_id, lead.attempts_count) == (f"file-{call.pk}", 1)
