"""The calling system's document, sections 7 to 9 and its complete flow, word for word but for ids and host.

The telephone is the simulator; tasks run where they are sent, as under `make run`, only at once.
"""

from __future__ import annotations

from typing import Any

import pytest
import time_machine

from agents.models import Agent
from calls.tests.conftest import NOON
from calls.tests.factories import OpenVoiceAgentFactory
from crm.accounts.models import Company, User
from crm.core.tenancy import company_active
from crm.providers.simulator import texts

pytestmark = pytest.mark.django_db(transaction=True)
V1 = "/api/v1"


@pytest.fixture
def sales(company: Company) -> Agent:
    with company_active(company.pk):
        return OpenVoiceAgentFactory(name="Sales Agent", max_attempts=3, retry_delay_minutes=60)


@pytest.fixture(autouse=True)
def _simulated(settings: Any) -> None:
    settings.CALL_PROVIDER, settings.SIMULATOR_CALL_SECONDS, settings.SIMULATOR_ANSWER_RATE = "simulator", 1, 1.0


def play_on(company: Company, travel: Any) -> None:
    """The simulator's sweep, some seconds later: what it would tell by itself while time goes by."""
    from crm.providers.simulator.tasks import play_company

    for _ in range(8):
        travel.shift(7)
        with company_active(company.pk):
            play_company()


def test_a_lead_is_created_scheduled_called_and_counted(
    client: Any, api: Any, manager: User, company: Company, sales: Agent
) -> None:
    with time_machine.travel(NOON, tick=False) as travel:
        http = api(manager)
        agents = http.get(f"{V1}/agents/").json()["agents"]
        assert [agent["name"] for agent in agents] == ["Sales Agent"]
        lead_id = http.post(
            f"{V1}/leads/",
            {
                "agent_id": agents[0]["id"],
                "first_name": "John",
                "phone_e164": "+14155552671",
                "custom_fields": {"company": "Acme Corp"},
            },
        ).json()["id"]

        scheduled = http.post(f"{V1}/calls/schedule", {"lead_id": lead_id})
        assert (scheduled.status_code, scheduled.json()) == (200, {"message": "Lead scheduled successfully"})
        play_on(company, travel)

        history = http.get(f"{V1}/calls/history?search=John").json()
        assert {name: history[name] for name in ("total", "page", "per_page")} == {
            "total": 1,
            "page": 1,
            "per_page": 10,
        }
        [call] = history["calls"]
        assert call["lead_id"] == lead_id and call["agent_id"] == str(sales.pk)
        assert (call["lead_name"], call["lead_phone"], call["agent_name"]) == ("John", "+14155552671", "Sales Agent")
        assert (call["status"], call["outcome"]) == ("completed", "answered")
        assert call["duration_seconds"] > 0 and call["summary"] and call["transcript_url"].startswith("http")

        agent_id = f"agent_id={sales.pk}"
        days = "start_date=2026-06-01&end_date=2026-06-30"
        for query in (f"{agent_id}&outcome=answered", days, f"{agent_id}&{days}&search=%2B14155552671"):
            assert [row["id"] for row in http.get(f"{V1}/calls/history?{query}").json()["calls"]] == [call["id"]]
        assert http.get(f"{V1}/calls/history?outcome=failed").json()["calls"] == []

        assert http.get(f"{V1}/calls/metrics").json() == {
            "total_calls": 1,
            "answered_calls": 1,
            "no_answer_calls": 0,
            "failed_calls": 0,
            "pickup_rate": 100.0,
            "average_attempts_per_lead": 1.0,
            "active_agents": 1,
        }
        assert http.get(f"{V1}/calls/metrics?{agent_id}&{days}").json()["total_calls"] == 1
        lead = http.get(f"{V1}/leads/{lead_id}").json()
        assert lead["attempts_count"] == 1
        assert lead["status"] == "done" or lead["disposition"] == "callback"
        told = {entry["action"] for entry in http.get(f"{V1}/leads/{lead_id}/timeline?per_page=50").json()["timeline"]}
        assert {"lead.call_scheduled", "call.placed", "call.answered", "call.completed"} <= told


def test_a_lead_that_nobody_answers_for_is_retried_until_it_is_done(
    api: Any, manager: User, company: Company, sales: Agent, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.SIMULATOR_ANSWER_RATE = 0.0
    monkeypatch.setattr(texts, "SHARE", 0)  # nor writes STOP
    from calls.tasks import tick

    with time_machine.travel(NOON, tick=False) as travel:
        http = api(manager)
        given = {"agent_id": str(sales.pk), "first_name": "Jane", "phone_e164": "+14155552672"}
        lead_id = http.post(f"{V1}/leads", given).json()["id"]
        for attempt in (1, 2, 3):
            tick.apply()
            play_on(company, travel)
            lead = api(manager).get(f"{V1}/leads/{lead_id}").json()
            assert lead["attempts_count"] == attempt
            tick.apply()
            assert api(manager).get(f"{V1}/calls/history").json()["total"] == attempt, "not before its retry is due"
            travel.shift(60 * 60)
        assert (lead["status"], lead["disposition"]) == ("done", "no_answer")
        figures = api(manager).get(f"{V1}/calls/metrics").json()
        assert (figures["pickup_rate"], figures["average_attempts_per_lead"]) == (0.0, 3.0)
