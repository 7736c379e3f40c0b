"""Assignment over HTTP: whole answers, refusals, strangers, and what an agent may."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils.timezone import now

from agents.models import Agent
from agents.tests.factories import VoiceAgentFactory
from crm.accounts.tests.factories import UserFactory
from crm.core.ids import uuid7
from crm.core.tenancy import company_active
from leads.models import Assignment, Lead
from leads.tests.factories import ContactFactory, LeadFactory

V1 = "/api/v1"


@pytest.fixture
def lead(company):
    with company_active(company.pk):
        return LeadFactory()


def stored(lead: Lead) -> Lead:
    with company_active(lead.company_id):
        return Lead.objects.select_related("agent").get(pk=lead.pk)


def test_assigning_answers_the_lead_and_the_agents_capacity(api, manager, agent, lead):
    body = {"agent_email": "priya@copperline.example", "priority": "high", "notes": "High-value lead from campaign"}
    answer = api(manager).post(f"{V1}/leads/{lead.pk}/assign", body)
    assert answer.status_code == 200
    data = answer.json()
    assert data.keys() == {"success", "lead", "agent_capacity"}
    assert data["success"] is True
    assert data["agent_capacity"] == {"current": 1, "max": 25, "percentage": 4, "available_slots": 24}
    shown = data["lead"]
    assert (shown["agent_id"], shown["agent_email"]) == (str(agent.pk), "priya@copperline.example")
    assert (shown["assignee_id"], shown["priority"], shown["sla_status"]) == (str(agent.user_id), "high", "on_track")
    assert stored(lead).agent == agent
    assert answer.headers["ETag"]


@pytest.mark.parametrize(
    "name",
    [
        lambda a: {"agent_id": str(a.pk)},
        lambda a: {"agent_id": "PRIYA@copperline.example"},
        lambda a: {"agent_email": "Priya@Copperline.example"},
        lambda a: {"assignee_id": str(a.user_id)},
        lambda a: {"strategy": "round_robin"},
        lambda a: {"strategy": "Capacity_Based"},
        lambda a: {"strategy": "performance_based", "agent_ids": [str(a.pk)]},
        lambda a: {"strategy": "capacity", "agent_emails": ["priya@copperline.example"]},
        lambda a: {"strategy": "manual", "agent_email": "priya@copperline.example"},
    ],
)
def test_an_agent_is_named_in_every_way(api, manager, agent, lead, name):
    answer = api(manager).post(f"{V1}/leads/{lead.pk}/assign/", name(agent))
    assert answer.status_code == 200, answer.json()
    assert answer.json()["lead"]["agent_id"] == str(agent.pk)


@pytest.mark.parametrize(
    ("body", "status", "place"),
    [
        ({}, 400, ["body", "agent_id"]),
        ({"strategy": "manual"}, 400, ["body", "agent_id"]),
        ({"strategy": "luck"}, 422, ["body", "strategy"]),
        ({"agent_id": 5}, 422, ["body", "agent_id"]),
        ({"agent_id": "nobody"}, 422, ["body", "agent_id"]),
        ({"agent_id": str(uuid7())}, 422, ["body", "agent_id"]),
        ({"assignee_id": str(uuid7())}, 422, ["body", "assignee_id"]),
        ({"assignee_id": "x"}, 422, ["body", "assignee_id"]),
        ({"agent_email": "nobody@copperline.example"}, 404, None),
        ({"agent_email": "priya@copperline.example", "priority": "huge"}, 422, ["body", "priority"]),
    ],
)
def test_bad_bodies_name_the_field(api, manager, agent, lead, body, status, place):
    answer = api(manager).post(f"{V1}/leads/{lead.pk}/assign", body)
    assert answer.status_code == status
    if place:
        assert [problem["loc"] for problem in answer.json()["detail"]] == [place]
    assert stored(lead).agent is None


def test_no_room_is_409_with_the_capacity(api, manager, agent, lead, company):
    with company_active(company.pk):
        Agent.objects.update(max_capacity=1)
        LeadFactory(agent=agent)
    answer = api(manager).post(f"{V1}/leads/{lead.pk}/assign", {"agent_id": str(agent.pk)})
    assert answer.status_code == 409
    assert answer.json() == {
        "detail": "Priya Rao has no room: 1 of 1 open leads",
        "agent_capacity": {"current": 1, "max": 1, "percentage": 100, "available_slots": 0},
    }


def test_an_inactive_agent_is_409(api, manager, agent, lead, company):
    with company_active(company.pk):
        Agent.objects.update(is_active=False)
    answer = api(manager).post(f"{V1}/leads/{lead.pk}/assign", {"agent_id": str(agent.pk)})
    assert (answer.status_code, answer.json()) == (409, {"detail": "Priya Rao is inactive"})


def test_a_second_open_lead_of_the_contact_is_400_naming_the_first(api, manager, agent, lead, company):
    with company_active(company.pk):
        first = LeadFactory(agent=agent, contact=lead.contact)
    answer = api(manager).post(f"{V1}/leads/{lead.pk}/assign", {"agent_id": str(agent.pk)})
    assert answer.status_code == 400
    assert answer.json() == {
        "detail": "Lead with this phone number already exists for this agent",
        "existing_lead_id": str(first.pk),
    }


def test_a_strategy_with_nobody_left_says_who_was_passed_over(api, manager, agent, other_agent, lead, company):
    with company_active(company.pk):
        Agent.objects.update(max_capacity=0)
    answer = api(manager).post(f"{V1}/leads/{lead.pk}/assign", {"strategy": "capacity"})
    assert answer.status_code == 409
    assert {row["agent_id"]: row["why"] for row in answer.json()["passed_over"]} == {
        str(agent.pk): "full",
        str(other_agent.pk): "full",
    }


def test_post_on_a_held_lead_hands_it_on(api, manager, agent, other_agent, lead, company):
    with company_active(company.pk):
        Lead.objects.update(agent=agent)
    answer = api(manager).post(f"{V1}/leads/{lead.pk}/assign", {"agent_id": str(other_agent.pk)})
    assert answer.status_code == 200
    with company_active(company.pk):
        row = Assignment.objects.get()
        assert (row.from_agent, row.to_agent) == (agent, other_agent)


def test_reassigning_needs_a_holder(api, manager, agent, lead):
    for body in ({"agent_id": str(agent.pk)}, {"strategy": "capacity"}):
        answer = api(manager).put(f"{V1}/leads/{lead.pk}/reassign", body)
        assert (answer.status_code, answer.json()) == (409, {"detail": "Nobody holds this lead"})


def test_reassigning_answers_like_assigning(api, manager, agent, other_agent, lead, company):
    with company_active(company.pk):
        Lead.objects.update(agent=agent)
    answer = api(manager).put(f"{V1}/leads/{lead.pk}/reassign", {"agent_email": other_agent.email})
    assert answer.status_code == 200
    assert answer.json()["lead"]["agent_email"] == other_agent.email
    assert answer.json()["agent_capacity"]["current"] == 1


def test_reassigning_by_strategy_passes_the_holder_over(api, manager, agent, other_agent, lead, company):
    with company_active(company.pk):
        Lead.objects.update(agent=agent)
    answer = api(manager).put(f"{V1}/leads/{lead.pk}/reassign", {"strategy": "round_robin"})
    assert answer.json()["lead"]["agent_id"] == str(other_agent.pk)


def test_assigning_to_a_user_answers_the_lead(api, manager, agent, lead):
    answer = api(manager).put(f"{V1}/leads/{lead.pk}/assign/{agent.user_id}")
    assert answer.status_code == 200
    assert (answer.json()["id"], answer.json()["agent_id"]) == (str(lead.pk), str(agent.pk))


def test_assigning_to_a_user_without_an_agent_is_409(api, manager, lead):
    answer = api(manager).put(f"{V1}/leads/{lead.pk}/assign/{manager.pk}")
    assert answer.status_code == 409


def test_assigning_to_another_companys_user_is_403_and_to_none_404(api, manager, lead, stranger):
    assert api(manager).put(f"{V1}/leads/{lead.pk}/assign/{stranger.pk}").status_code == 403
    assert api(manager).put(f"{V1}/leads/{lead.pk}/assign/{uuid7()}").status_code == 404
    assert api(manager).put(f"{V1}/leads/{lead.pk}/assign/nobody").status_code == 404


def test_unassigning_answers_the_lead_and_the_former_holders_capacity(api, manager, agent, lead, company):
    with company_active(company.pk):
        Lead.objects.update(agent=agent, assigned_at=now(), deadline=now())
    answer = api(manager).post(f"{V1}/leads/{lead.pk}/unassign", {"reason": "On leave"})
    assert answer.status_code == 200
    data = answer.json()
    assert data["lead"]["agent_id"] is None and data["lead"]["sla_status"] == "none"
    assert data["agent_capacity"]["current"] == 0
    assert api(manager).post(f"{V1}/leads/{lead.pk}/unassign").status_code == 409


def test_claiming_gives_the_best_lead_and_then_none(api, agent, company):
    with company_active(company.pk):
        LeadFactory(score=90, created_at=now() - timedelta(days=3))
        best = LeadFactory(priority=4, score=10)
    client = api(agent.user)
    answer = client.post(f"{V1}/leads/claim")
    assert answer.status_code == 200
    assert answer.json()["id"] == str(best.pk)
    assert answer.json()["agent_capacity"]["current"] == 1
    assert client.post(f"{V1}/leads/claim").status_code == 200
    nothing = client.post(f"{V1}/leads/claim")
    assert (nothing.status_code, nothing.content) == (204, b"")


def test_claiming_is_refused_without_an_agent_without_room_and_where_it_is_off(api, manager, agent, lead, company):
    assert api(manager).post(f"{V1}/leads/claim").status_code == 403
    with company_active(company.pk):
        Agent.objects.update(max_capacity=0)
    assert api(agent.user).post(f"{V1}/leads/claim").status_code == 409
    company.agents_may_claim = False
    company.save()
    assert api(agent.user).post(f"{V1}/leads/claim").status_code == 403
    assert stored(lead).agent is None


def test_an_agent_hands_on_and_returns_only_what_it_holds(api, agent, other_agent, lead, company):
    with company_active(company.pk):
        own, other = LeadFactory(agent=agent), LeadFactory(agent=other_agent)
        made = LeadFactory(created_by=agent.user)
    client, body = api(agent.user), {"agent_id": str(other_agent.pk)}
    assert client.post(f"{V1}/leads/{lead.pk}/assign", body).status_code == 403
    assert client.post(f"{V1}/leads/{made.pk}/assign", body).status_code == 403
    assert client.put(f"{V1}/leads/{other.pk}/reassign", {"agent_id": str(agent.pk)}).status_code == 403
    assert client.post(f"{V1}/leads/{other.pk}/unassign").status_code == 403
    assert client.put(f"{V1}/leads/{own.pk}/reassign", body).status_code == 200
    assert client.post(f"{V1}/leads/{own.pk}/unassign").status_code == 403  # no longer its own
    assert stored(own).agent == other_agent and stored(other).agent == other_agent


def test_the_history_is_told_newest_first(api, manager, agent, other_agent, lead):
    client = api(manager)
    client.post(f"{V1}/leads/{lead.pk}/assign", {"agent_id": str(agent.pk), "notes": "First"})
    client.put(f"{V1}/leads/{lead.pk}/reassign", {"agent_id": str(other_agent.pk)})
    client.post(f"{V1}/leads/{lead.pk}/unassign", {"reason": "Nobody there"})
    answer = client.get(f"{V1}/leads/{lead.pk}/assignments")
    rows = answer.json()["assignments"]
    assert [(r["from_agent_name"], r["to_agent_name"], r["notes"]) for r in rows] == [
        ("Tom Dell", None, "Nobody there"),
        ("Priya Rao", "Tom Dell", ""),
        (None, "Priya Rao", "First"),
    ]
    assert {r["assigned_by"] for r in rows} == {manager.name}
    assert rows[0]["reason"] == {"returned": "by_hand"} and rows[2]["reason"]["strategy"] == "manual"
    assert answer.json()["total"] == 3


def test_an_agents_history_lists_what_it_received(api, manager, agent, other_agent, lead, company):
    client = api(manager)
    client.post(f"{V1}/leads/{lead.pk}/assign", {"agent_id": str(agent.pk)})
    client.put(f"{V1}/leads/{lead.pk}/reassign", {"agent_id": str(other_agent.pk)})
    for name in (agent.pk, "priya%40copperline.example"):
        rows = client.get(f"{V1}/agents/{name}/assignments").json()["assignments"]
        assert [(r["lead_id"], r["to_agent_id"]) for r in rows] == [(str(lead.pk), str(agent.pk))]
    assert api(agent.user).get(f"{V1}/agents/{agent.pk}/assignments").json()["assignments"] == []  # sees it no more
    assert api(other_agent.user).get(f"{V1}/agents/{other_agent.pk}/assignments").json()["total"] == 1


def test_suggestions_rank_agents_with_reasons(api, manager, agent, other_agent, company):
    with company_active(company.pk):
        contact = ContactFactory(timezone="America/New_York")
        lead = LeadFactory(contact=contact)
        old = LeadFactory(contact=contact, agent=other_agent, status="done")
        Assignment.objects.create(lead=old, to_agent=other_agent)
        Agent.objects.filter(pk=other_agent.pk).update(timezone="America/New_York")
        full = VoiceAgentFactory(max_capacity=0, name="Full")
        VoiceAgentFactory(is_active=False)
    answer = api(manager).get(f"{V1}/leads/{lead.pk}/suggestions")
    assert answer.status_code == 200
    rows = answer.json()["suggestions"]
    assert [r["rank"] for r in rows] == [1, 2, 3]
    assert {r["id"] for r in rows} == {str(agent.pk), str(other_agent.pk), str(full.pk)}
    by_id = {r["id"]: r for r in rows}
    tom = by_id[str(other_agent.pk)]
    assert (tom["same_time_zone"], tom["dealt_with_contact"], tom["can_take"]) == (True, True, True)
    assert {"key": "contact", "text": "Has dealt with this contact before", "speaks_for": True} in tom["reasons"]
    assert rows[-1]["id"] == str(full.pk) and rows[-1]["can_take"] is False
    assert {"key": "room", "text": "No room", "speaks_for": False} in rows[-1]["reasons"]


@pytest.mark.parametrize("count", [1, 30])
def test_suggestions_cost_the_same_for_any_number_of_agents(
    api, manager, company, lead, count, django_assert_num_queries
):
    from leads.assignment import suggestions_for

    with company_active(company.pk):
        VoiceAgentFactory.create_batch(count)
        with django_assert_num_queries(5):
            assert len(suggestions_for(stored_with_contact(lead), limit=100)) == count


def stored_with_contact(lead: Lead) -> Lead:
    return Lead(pk=lead.pk, company_id=lead.company_id, contact=lead.contact)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("post", "assign"),
        ("put", "reassign"),
        ("post", "unassign"),
        ("get", "assignments"),
        ("get", "suggestions"),
    ],
)
def test_strangers_get_403_and_nothing_happens(api, stranger, agent, lead, method, path):
    answer = getattr(api(stranger), method)(f"{V1}/leads/{lead.pk}/{path}", {"agent_id": str(agent.pk)})
    assert answer.status_code == 403
    assert str(lead.pk) not in answer.content.decode()
    assert stored(lead).agent is None
    assert getattr(api(stranger), method)(f"{V1}/leads/{uuid7()}/{path}").status_code == 404


def test_a_strangers_agent_in_a_body_is_as_unknown_as_any(api, manager, lead, stranger):
    with company_active(stranger.company_id):
        foreign = VoiceAgentFactory()
        user = UserFactory(email="spy@elsewhere.example")
    for body, status in (
        ({"agent_id": str(foreign.pk)}, 422),
        ({"assignee_id": str(user.pk)}, 422),
        ({"agent_email": "spy@elsewhere.example"}, 404),
        ({"strategy": "capacity", "agent_ids": [str(foreign.pk)]}, 422),
    ):
        assert api(manager).post(f"{V1}/leads/{lead.pk}/assign", body).status_code == status
    assert stored(lead).agent is None
