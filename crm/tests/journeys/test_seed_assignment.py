"""The documented requests of the assignment system, as its document writes them but for ids, host and token."""

from __future__ import annotations

import pytest
from django.test import Client

from agents.models import Agent
from crm.accounts.actions import open_session
from crm.accounts.tests.factories import UserFactory
from crm.audit.models import AuditEntry
from crm.core.tenancy import company_active
from leads.models import Lead
from leads.tests.factories import LeadFactory

GEORGE = "george@contentkingpins.com"


@pytest.fixture
def george(company) -> Agent:
    with company_active(company.pk):
        user = UserFactory(email=GEORGE, first_name="George", last_name="Smith")
        return Agent.objects.create(user=user, name="George Smith", max_capacity=25)


@pytest.fixture
def team(company, george) -> list[Agent]:
    """Five agents, four of them active, holding 72 of 100."""
    with company_active(company.pk):
        others = [
            Agent.objects.create(user=UserFactory(), name=f"Agent {n}", max_capacity=25, is_active=n < 4)
            for n in range(1, 5)
        ]
        LeadFactory.create_batch(15, agent=george)
        for agent in others[:3]:
            LeadFactory.create_batch(19, agent=agent)
        return [george, *others]


class Caller:
    """`Authorization: Bearer <JWT_TOKEN>` and JSON bodies, as any HTTP client would send them."""

    def __init__(self, user) -> None:
        self.client = Client(headers={"Authorization": f"Bearer {open_session(user).access}"})

    def __call__(self, method: str, path: str, body: str = ""):
        return self.client.generic(method.upper(), path, body, content_type="application/json")


def test_get_agents_with_capacity(manager, team):
    answer = Caller(manager)("get", "/api/agents")
    assert answer.status_code == 200
    data = answer.json()
    assert data["summary"] == {"total_agents": 5, "active_agents": 4, "utilization_percentage": 72}
    george = next(agent for agent in data["agents"] if agent["agent_id"] == GEORGE)
    assert george["name"] == "George Smith"
    assert george["capacity"] == {"current": 15, "max": 25, "percentage": 60, "available_slots": 10}
    assert 0 <= george["performance_score"] <= 100


def test_assign_lead(manager, george, company):
    with company_active(company.pk):
        lead = LeadFactory()
    answer = Caller(manager)(
        "post",
        f"/api/leads/{lead.pk}/assign",
        """{
  "agent_email": "george@contentkingpins.com",
  "priority": "high",
  "notes": "High-value lead from campaign"
}""",
    )
    assert answer.status_code == 200
    data = answer.json()
    assert data["success"] is True
    assert (data["lead"]["id"], data["lead"]["agent_email"], data["lead"]["priority"]) == (str(lead.pk), GEORGE, "high")
    assert data["agent_capacity"] == {"current": 1, "max": 25, "percentage": 4, "available_slots": 24}
    with company_active(company.pk):
        assert Lead.objects.get().agent == george
        assert AuditEntry.objects.filter(action="lead.assigned", object_id=lead.pk, user=manager).count() == 1


def test_reassign_lead_between_agents(manager, team, company):
    with company_active(company.pk):
        lead = Lead.objects.filter(agent=team[1]).first()
    answer = Caller(manager)("put", f"/api/leads/{lead.pk}/reassign", f'{{"agent_email": "{GEORGE}"}}')
    assert (answer.status_code, answer.json()["success"]) == (200, True)
    assert answer.json()["lead"]["agent_email"] == GEORGE
    assert answer.json()["agent_capacity"]["current"] == 16


def test_agent_capacity_management(manager, george):
    answer = Caller(manager)("put", f"/api/agents/{GEORGE}/capacity", '{"max": 30}')
    assert answer.status_code == 200
    assert (answer.json()["agent_id"], answer.json()["capacity"]["max"]) == (GEORGE, 30)


def test_capacity_validation_prevents_agent_overload(manager, george, company):
    with company_active(company.pk):
        Agent.objects.update(max_capacity=1)
        LeadFactory(agent=george)
        lead = LeadFactory()
    answer = Caller(manager)("post", f"/api/leads/{lead.pk}/assign", f'{{"agent_email": "{GEORGE}"}}')
    assert answer.status_code == 409
    assert answer.json()["agent_capacity"] == {"current": 1, "max": 1, "percentage": 100, "available_slots": 0}


def test_all_endpoints_require_a_token(george, company):
    with company_active(company.pk):
        lead = LeadFactory()
    for method, path in (
        ("get", "/api/agents"),
        ("put", f"/api/agents/{GEORGE}/capacity"),
        ("post", f"/api/leads/{lead.pk}/assign"),
        ("put", f"/api/leads/{lead.pk}/reassign"),
    ):
        answer = Client().generic(method.upper(), path, "{}", content_type="application/json")
        assert answer.status_code == 401 and "WWW-Authenticate" in answer.headers


def test_bulk_update(manager, company):
    with company_active(company.pk):
        leads = LeadFactory.create_batch(3)
    body = """{
  "lead_ids": ["lead1", "lead2", "lead3"],
  "updates": {
    "disposition": "Qualified",
    "priority": "high"
  }
}"""
    for number, lead in enumerate(leads, 1):
        body = body.replace(f'"lead{number}"', f'"{lead.pk}"')
    answer = Caller(manager)("post", "/api/leads/bulk-update", body)
    assert answer.status_code == 200
    data = answer.json()
    assert (data["success"], data["updated_count"], data["failed_count"]) == (True, 3, 0)
    assert data["results"] == [{"lead_id": str(lead.pk), "success": True, "error": None} for lead in leads]
    with company_active(company.pk):
        assert Lead.objects.filter(disposition="qualified", priority=3).count() == 3
        assert AuditEntry.objects.filter(action="lead.disposition_set").count() == 3


def test_bulk_update_of_leads_that_are_none_fails_for_each(manager):
    body = """{
  "lead_ids": ["lead1", "lead2", "lead3"],
  "updates": {
    "disposition": "Qualified",
    "priority": "high"
  }
}"""
    answer = Caller(manager)("post", "/api/leads/bulk-update", body)
    assert answer.status_code == 200
    data = answer.json()
    assert (data["success"], data["updated_count"], data["failed_count"]) == (False, 0, 3)
    assert [result["lead_id"] for result in data["results"]] == ["lead1", "lead2", "lead3"]


def test_bulk_assign_by_capacity(manager, team, company):
    """Intelligent assignment with strategy selection: to whoever is freest, and to nobody who is full or inactive."""
    with company_active(company.pk):
        leads = LeadFactory.create_batch(4)
    ids = ", ".join(f'"{lead.pk}"' for lead in leads)
    body = f"""{{"lead_ids": [{ids}], "strategy": "capacity_based", "agent_emails": ["{GEORGE}"]}}"""
    answer = Caller(manager)("post", "/api/leads/bulk-assign", body)
    assert answer.status_code == 200
    data = answer.json()
    assert (data["success"], data["assigned_count"], data["failed_count"]) == (True, 4, 0)
    assert data["distribution"] == {str(team[0].pk): 4}
    agents = Caller(manager)("get", "/api/agents").json()["agents"]
    assert next(agent for agent in agents if agent["agent_id"] == GEORGE)["capacity"]["current"] == 19
