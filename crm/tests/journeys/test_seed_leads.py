"""Requests about leads, word for word from the customer's documents but for ids, host and token."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from agents.models import Agent
from agents.tests.factories import VoiceAgentFactory
from crm.accounts.models import User
from crm.vendors.models import Vendor
from leads.actions import create_lead
from leads.models import Lead
from leads.tests.factories import ContactFactory, LeadFactory

pytestmark = pytest.mark.usefixtures("in_company")
S3_LEAD = {
    "first_name": "John",
    "phone_e164": "+14155552670",
    "custom_fields": {"company": "Acme Corp", "position": "Manager", "notes": "Interested in premium plan"},
    "schedule_at": "2025-06-24T14:00:00Z",
}
S3_SHOWN = {
    *("id", "agent_id", "first_name", "phone_e164", "status", "custom_fields", "schedule_at", "attempts_count"),
    *("disposition", "created_at", "updated_at"),
}


class TestLeadCalling:
    """The third document: leads that agents call."""

    @pytest.fixture
    def voice(self) -> Agent:
        return VoiceAgentFactory()

    def test_create(self, api: Any, manager: User, voice: Agent) -> None:
        answer = api(manager).post("/api/v1/leads/", {"agent_id": str(voice.pk), **S3_LEAD})
        assert answer.status_code == 201
        lead = answer.json()
        assert lead.keys() >= S3_SHOWN
        assert {name: lead[name] for name in S3_LEAD} == S3_LEAD
        assert (lead["agent_id"], lead["status"], lead["attempts_count"], lead["disposition"]) == (
            str(voice.pk),
            "new",
            0,
            None,
        )

    def test_create_with_only_what_is_required(self, api: Any, manager: User, voice: Agent) -> None:
        body = {"agent_id": str(voice.pk), "first_name": "Jane", "phone_e164": "+14155552672"}
        answer = api(manager).post("/api/v1/leads/", body)
        assert answer.status_code == 201
        assert answer.json()["custom_fields"] == {}

    def test_list(self, api: Any, manager: User, voice: Agent) -> None:
        client = api(manager)
        client.post("/api/v1/leads/", {"agent_id": str(voice.pk), **S3_LEAD})
        for query in ("", f"?agent_id={voice.pk}", "?status_filter=new", "?search=john"):
            listed = client.get(f"/api/v1/leads/{query}").json()
            assert listed.keys() == {"leads", "total", "page", "per_page"}
            assert (listed["total"], listed["page"], listed["per_page"]) == (1, 1, 10)
            assert listed["leads"][0].keys() >= S3_SHOWN
        past = client.get("/api/v1/leads/?page=2&per_page=20").json()
        assert past == {"leads": [], "total": 1, "page": 2, "per_page": 20}

    def test_read_update_delete(self, api: Any, manager: User, voice: Agent) -> None:
        client = api(manager)
        created = client.post("/api/v1/leads/", {"agent_id": str(voice.pk), **S3_LEAD}).json()
        path = f"/api/v1/leads/{created['id']}"
        assert client.get(path).json() == created
        change = {
            "first_name": "John Smith",
            "custom_fields": {
                "company": "Acme Corp",
                "position": "Senior Manager",
                "notes": "Very interested, schedule follow-up",
            },
            "schedule_at": "2025-06-25T10:00:00Z",
        }
        updated = client.put(path, change).json()
        assert {name: updated[name] for name in change} == change
        assert updated["phone_e164"] == "+14155552670"
        closed = client.put(path, {"status": "done", "disposition": "not_interested"}).json()
        assert (closed["status"], closed["disposition"]) == ("done", "not_interested")
        deleted = client.delete(path)
        assert (deleted.status_code, deleted.json()) == (200, {"message": "Lead deleted"})

    def test_errors(self, api: Any, manager: User, voice: Agent) -> None:
        client = api(manager)
        body = {"agent_id": str(voice.pk), **S3_LEAD}
        impossible = client.post("/api/v1/leads/", {**body, "phone_e164": "+15555550100"})
        assert (impossible.status_code, impossible.json()) == (400, {"detail": "Invalid phone number format"})
        client.post("/api/v1/leads/", body)
        twice = client.post("/api/v1/leads/", body)
        assert twice.status_code == 400
        assert twice.json()["detail"] == "Lead with this phone number already exists for this agent"
        unknown = client.get(f"/api/v1/leads/{uuid4()}")
        assert (unknown.status_code, unknown.json()) == (404, {"detail": "Lead not found"})
        malformed = client.post("/api/v1/leads/", {**body, "phone_e164": "(415) 555-2671"})
        assert malformed.status_code == 422
        assert malformed.json() == {
            "detail": [
                {
                    "loc": ["body", "phone_e164"],
                    "msg": "Phone number must be in E.164 format",
                    "type": "value_error",
                }
            ]
        }

    @pytest.mark.parametrize("number", ["+14155552671", "+442071838750", "+919876543210"])
    def test_numbers(self, api: Any, manager: User, number: str) -> None:
        answer = api(manager).post("/api/v1/leads", {"first_name": "A", "phone_e164": number})
        assert answer.status_code == 201


class TestSales:
    """The fourth document: leads of contacts, their stage and value."""

    def test_create_from_a_contact(self, api: Any, manager: User) -> None:
        contact = ContactFactory()
        body = {
            "contact_id": str(contact.pk),
            "source": "website",
            "deal_value": 10000.00,
            "expected_close_date": "2024-12-31T00:00:00Z",
            "qualification_data": {
                "company_size": "51-200",
                "industry": "technology",
                "budget_confirmed": True,
                "timeline_defined": True,
                "decision_maker_involved": True,
            },
            "custom_fields": {"product_interest": "Enterprise Plan"},
        }
        lead = api(manager).post("/api/v1/leads", body).json()
        assert {name: lead[name] for name in body} == body
        assert (lead["stage"], lead["score"]) == ("lead", 0)
        read = api(manager).get(f"/api/v1/leads/{lead['id']}").json()
        assert read.keys() >= {
            *("id", "contact_id", "company_id", "stage", "score", "qualification_status", "deal_value"),
            *("assignee_id", "created_at", "stage_changed_at"),
        }

    def test_stage_and_value(self, api: Any, manager: User) -> None:
        path = f"/api/v1/leads/{LeadFactory().pk}"
        moved = api(manager).put(
            f"{path}/stage", {"stage": "sql", "stage_reason": "Budget confirmed, decision maker engaged"}
        )
        assert (moved.status_code, moved.json()["stage"]) == (200, "sql")
        for stage in ("lead", "mql", "sql", "opportunity", "customer"):
            assert api(manager).put(f"{path}/stage", {"stage": stage}).json()["stage"] == stage
        assert api(manager).put(f"{path}/stage", {"stage": "LOST", "stage_reason": "x"}).json()["stage"] == "lost"
        assert api(manager).put(f"{path}/deal-value", {"deal_value": 15000.00}).json()["deal_value"] == 15000.0

    def test_search_and_statistics(self, api: Any, manager: User, agent: Agent) -> None:
        contact = ContactFactory(organization="Tech Works", search_text="ada byron tech works")
        lead = LeadFactory(contact=contact, stage="mql", score=75, agent=agent, qualification_status="qualified")
        found = api(manager).get("/api/v1/leads/search?query=tech&stage=mql&min_score=70").json()
        assert [row["id"] for row in found["leads"]] == [str(lead.pk)]
        query = f"max_score=80&assignee_id={agent.user_id}&qualification_status=qualified&skip=0&limit=50"
        found = api(manager).get(f"/api/v1/leads/search?{query}").json()
        assert (found["total"], found["skip"], found["limit"]) == (1, 0, 50)
        stats = api(manager).get("/api/v1/leads/stats").json()
        assert stats.keys() >= {
            *("total_leads", "lead_count", "mql_count", "sql_count", "opportunity_count", "customer_count"),
            *("lost_count", "avg_score", "total_pipeline_value", "qualified_count", "unqualified_count"),
        }
        assert (stats["total_leads"], stats["mql_count"], stats["avg_score"]) == (1, 1, 75.0)

    def test_another_companys_lead_is_forbidden(self, api: Any, stranger: User, manager: User) -> None:
        lead = create_lead({"first_name": "A", "email": "a@example.org"}, by=manager)
        assert api(stranger).get(f"/api/v1/leads/{lead.pk}").status_code == 403


class TestPublishers:
    """The first document: leads of publishers, below `/api`."""

    def test_list_by_status_and_vendor(self, api: Any, manager: User) -> None:
        vendor = Vendor.objects.create(code="DEMO001", name="Demo Publisher")
        lead = LeadFactory(vendor=vendor)
        LeadFactory()
        listed = api(manager).get("/api/leads?status=new&vendor_code=DEMO001").json()
        assert [row["id"] for row in listed["leads"]] == [str(lead.pk)]
        assert listed["leads"][0]["vendor_code"] == "DEMO001"

    def test_create_read_and_change(self, api: Any, manager: User) -> None:
        client = api(manager)
        person = {"first_name": "Ann", "last_name": "Lee", "email": "ann@example.org", "phone": "(415) 555-2671"}
        created = client.post("/api/leads", person)
        assert created.status_code == 201
        assert created.json()["phone_e164"] == "+14155552671"
        path = f"/api/leads/{created.json()['id']}"
        assert client.get(path).status_code == 200
        assert client.patch(path, {"disposition": "Qualified"}).json()["disposition"] == "qualified"
        assert Lead.objects.get().status == "in_progress"
