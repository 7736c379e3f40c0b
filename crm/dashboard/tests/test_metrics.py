"""`GET /dashboard/metrics` and `GET /dashboard/leads-per-assignee` (S2)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils.timezone import now

from agents.tests.factories import AgentFactory
from crm.core.tenancy import company_active
from crm.sla.actions import take_over_clocks
from leads.tests.factories import LeadFactory

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def busy(company, agent, other_agent, manager):
    """Priya: one due soon, one late, one met and won. Tom: one in progress. Two wait; one is deleted."""
    at = now()
    with company_active(company.pk):
        LeadFactory(agent=agent, assigned_at=at - 100 * MINUTE, deadline=at + 20 * MINUTE, deal_value=100)
        late = at - 10 * MINUTE
        LeadFactory(agent=agent, assigned_at=at - 130 * MINUTE, deadline=late, breached_at=late, deal_value=50.25)
        met = {"assigned_at": at - 90 * MINUTE, "deadline": at + 30 * MINUTE, "first_response_at": at - 60 * MINUTE}
        LeadFactory(agent=agent, stage="customer", status="done", closed_at=at, deal_value=1000, **met)
        LeadFactory(agent=other_agent, status="in_progress", stage="sql")
        LeadFactory()
        LeadFactory(status="in_progress", created_by=agent.user)
        LeadFactory(deleted_at=at)
        take_over_clocks()


@pytest.mark.parametrize("mount", ["/api/v1", "/api"])
def test_the_metrics_are_counted_over_all_leads(mount, busy, manager, api):
    answer = api(manager).get(f"{mount}/dashboard/metrics")
    assert answer.status_code == 200
    assert answer.json() == {
        "total_leads": 6,
        "open_leads": 5,
        "unassigned_leads": 2,
        "new_unassigned_leads": 1,
        "won_leads": 1,
        "lost_leads": 0,
        "pipeline_value": 150.25,
        "status_distribution": {"new": 3, "in_progress": 2, "done": 1},
        "stage_distribution": {"lead": 4, "mql": 0, "sql": 1, "opportunity": 0, "customer": 1, "lost": 0},
        "sla_performance": {
            "due_soon": 1,
            "breached": 1,
            "last_7_days": {"met": 1, "owed": 2, "rate": 50.0},
            "last_30_days": {"met": 1, "owed": 2, "rate": 50.0},
        },
    }


def test_what_is_closed_is_not_due(busy, agent, manager, company, api):
    at = now()
    with company_active(company.pk):
        LeadFactory(agent=agent, status="done", closed_at=at, assigned_at=at, deadline=at + 20 * MINUTE)
    assert api(manager).get("/api/v1/dashboard/metrics").json()["sla_performance"]["due_soon"] == 1


def test_each_assignee_is_listed_with_what_it_holds(busy, agent, other_agent, manager, api):
    answer = api(manager).get("/api/dashboard/leads-per-assignee").json()
    assert (answer["unassigned"], answer["total_leads"]) == (2, 6)
    first, second = answer["assignees"]
    assert first == {
        "agent_id": str(agent.pk),
        "assignee_id": str(agent.user_id),
        "assignee_name": "Priya Rao",
        "assignee_email": "priya@copperline.example",
        "total_leads": 3,
        "open_leads": 2,
        "new_leads": 2,
        "in_progress_leads": 0,
        "done_leads": 1,
        "due_soon": 1,
        "breached": 1,
    }
    assert (second["assignee_name"], second["open_leads"], second["in_progress_leads"]) == ("Tom Dell", 1, 1)


def test_an_agents_figures_are_its_own(busy, agent, other_agent, api):
    own = api(agent.user).get("/api/v1/dashboard/metrics").json()
    assert (own["total_leads"], own["unassigned_leads"], own["sla_performance"]["breached"]) == (4, 1, 1)
    listed = api(other_agent.user).get("/api/v1/dashboard/leads-per-assignee").json()
    assert [one["assignee_name"] for one in listed["assignees"]] == ["Tom Dell"]
    assert (listed["unassigned"], listed["total_leads"]) == (0, 1)


def test_a_stranger_and_an_empty_company_see_zeros_and_nobody_else_anything(busy, stranger, api, client):
    answer = api(stranger).get("/api/v1/dashboard/metrics").json()
    assert (answer["total_leads"], answer["sla_performance"]["last_30_days"]["rate"]) == (0, None)
    assert api(stranger).get("/api/v1/dashboard/leads-per-assignee").json() == {
        "assignees": [],
        "unassigned": 0,
        "total_leads": 0,
    }
    assert client.get("/api/v1/dashboard/metrics").status_code == 401
    assert api(stranger).post("/api/v1/dashboard/metrics").status_code == 405


@pytest.mark.parametrize("number", [1, 30])
def test_the_figures_cost_the_same_for_one_agent_and_for_thirty(
    number, manager, company, api, django_assert_num_queries
):
    with company_active(company.pk):
        for _ in range(number):
            LeadFactory(agent=AgentFactory(), assigned_at=now(), deadline=now() + MINUTE)
        take_over_clocks()
    caller = api(manager)
    caller.get("/api/v1/dashboard/metrics")
    with django_assert_num_queries(1 + 2):
        caller.get("/api/v1/dashboard/metrics")
    with django_assert_num_queries(1 + 2):
        assert len(caller.get("/api/v1/dashboard/leads-per-assignee").json()["assignees"]) == number
