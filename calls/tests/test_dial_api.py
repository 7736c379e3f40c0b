"""An agent's own client dials a lead of its queue, by the gate's leave."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import time_machine

from agents.models import Agent
from calls.actions import attended
from calls.models import Call
from calls.tests.conftest import NOON, new_lead
from crm.accounts.models import Company, User
from crm.compliance.gate import decide
from crm.core.actors import System
from crm.core.tenancy import company_active
from leads.models import Lead
from leads.tests.factories import ContactFactory

pytestmark = pytest.mark.django_db
URL = "/api/v1/calls/dial"
SLEEPING = "+6421234567"  # where it is the middle of the night at NOON


@pytest.fixture(autouse=True)
def _at_noon() -> Iterator[None]:
    with time_machine.travel(NOON, tick=False):
        yield


@pytest.fixture(autouse=True)
def _line(line: Any, run_later: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(attended, "later", lambda name, *args, **options: run_later.append((name, args)))


@pytest.fixture
def mine(company: Company, agent: Agent) -> Lead:
    with company_active(company.pk):
        return new_lead(agent)


def calls(company: Company) -> int:
    with company_active(company.pk):
        return Call.objects.count()


def test_a_lead_of_ones_own_is_dialled_at_once(api: Any, agent: Agent, mine: Lead, run_later: Any) -> None:
    answer = api(agent.user).post(URL, {"lead_id": str(mine.pk)})
    body = answer.json()
    assert (answer.status_code, body["status"], body["attempt"]) == (201, "queued", 1)
    assert (body["lead_id"], body["agent_id"], body["needs_wrap_up"]) == (str(mine.pk), str(agent.pk), True)
    assert body["decision"]["allowed"] is True
    assert [name for name, _ in run_later] == ["calls.place_call"]
    again = api(agent.user).post(URL, {"lead_id": str(mine.pk)})
    assert (again.status_code, again.json()["call_id"]) == (409, body["id"])
    assert again.json()["detail"] == "Your last call is not wrapped up yet"


def test_the_gate_answers_with_its_reason_and_the_next_moment(api: Any, company: Company, agent: Agent) -> None:
    with company_active(company.pk):
        asleep = new_lead(agent, contact=ContactFactory(phone_e164=SLEEPING))
        never = new_lead(agent, contact=ContactFactory(do_not_contact=True))
        verdict = decide(asleep.contact, "voice", at=NOON, actor=System("test"))
    answer = api(agent.user).post(URL, {"lead_id": str(asleep.pk)})
    body = answer.json()
    assert (answer.status_code, body["detail"]) == (409, verdict.reason)
    assert body["next_permitted_at"] == f"{verdict.next_permitted_at:%Y-%m-%dT%H:%M:%SZ}"
    assert body["rules"] == [rule.code for rule in verdict.denials]
    body = api(agent.user).post(URL, {"lead_id": str(never.pk)}).json()
    assert (body["rules"], body["next_permitted_at"]) == (["do_not_contact"], None)
    assert calls(company) == 0


def test_who_is_no_agent_or_does_not_hold_it_dials_nobody(
    api: Any, company: Company, agent: Agent, other_agent: Agent, manager: User, stranger: User, mine: Lead
) -> None:
    body = {"lead_id": str(mine.pk)}
    assert api(manager).post(URL, body).status_code == 403
    assert api(stranger).post(URL, body).status_code == 403
    hidden = api(other_agent.user).post(URL, body)
    assert (hidden.status_code, hidden.json()["detail"][0]["loc"]) == (422, ["body", "lead_id"])
    with company_active(company.pk):
        unheld = new_lead(None, created_by=agent.user)  # type: ignore[arg-type]
    assert api(agent.user).post(URL, {"lead_id": str(unheld.pk)}).status_code == 409
    assert api(agent.user).post(URL, {}).status_code == 400
    assert calls(company) == 0
