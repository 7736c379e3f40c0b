"""Agents over HTTP: the capacity dashboard, what managers set, and what others may not."""

from __future__ import annotations

import pytest

from agents.models import Agent
from agents.tests.factories import AgentFactory, VoiceAgentFactory
from crm.accounts.tests.factories import UserFactory
from crm.core.ids import uuid7
from crm.core.tenancy import company_active
from leads.models import Lead
from leads.tests.factories import LeadFactory

V1 = "/api/v1"


def stored(company, pk) -> Agent:
    with company_active(company.pk):
        return Agent.objects.select_related("user").get(pk=pk)


def test_the_list_shows_each_agents_capacity_and_the_companys_summary(api, manager, agent, company):
    with company_active(company.pk):
        LeadFactory.create_batch(15, agent=agent)
        LeadFactory(agent=agent, status="done")
        VoiceAgentFactory(name="Ava")
        AgentFactory(is_active=False, name="Zed")
        AgentFactory(max_capacity=5, name="Bo")
    answer = api(manager).get(f"{V1}/agents")
    assert answer.status_code == 200
    data = answer.json()
    assert data["summary"] == {"total_agents": 4, "active_agents": 3, "utilization_percentage": 50}
    assert (data["total"], data["page"], data["per_page"]) == (4, 1, 100)
    assert [row["name"] for row in data["agents"]] == ["Ava", "Bo", "Priya Rao", "Zed"]
    priya = data["agents"][2]
    assert priya["agent_id"] == priya["email"] == "priya@copperline.example"
    assert (priya["id"], priya["user_id"], priya["kind"]) == (str(agent.pk), str(agent.user_id), "human")
    assert priya["capacity"] == {"current": 15, "max": 25, "percentage": 60, "available_slots": 10}
    assert isinstance(priya["performance_score"], int)
    ava = data["agents"][0]
    assert (ava["agent_id"], ava["email"], ava["kind"]) == (ava["id"], None, "voice")
    assert ava["capacity"] == {"current": 0, "max": None, "percentage": None, "available_slots": None}


@pytest.mark.parametrize("count", [1, 30])
def test_the_list_costs_the_same_for_any_number(company, count, django_assert_num_queries):
    from agents.api.representation import agent_rows, agents, summary

    with company_active(company.pk):
        for _ in range(count):
            AgentFactory()
        with django_assert_num_queries(4):
            assert len(agent_rows(list(agents()))) == count
            summary()


def test_a_lowered_maximum_shows_more_than_a_hundred_percent_and_no_slots(api, manager, agent, company):
    with company_active(company.pk):
        LeadFactory.create_batch(3, agent=agent)
        Agent.objects.update(max_capacity=2)
    shown = api(manager).get(f"{V1}/agents/{agent.pk}").json()
    assert shown["capacity"] == {"current": 3, "max": 2, "percentage": 150, "available_slots": 0}


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("kind=voice", {"Ava"}),
        ("kind=human,voice", {"Ava", "Full", "Gone", "Priya Rao"}),
        ("availability=away", {"Full"}),
        ("is_active=false", {"Gone"}),
        ("has_capacity=true", {"Ava", "Priya Rao"}),
        ("has_capacity=false", {"Full", "Gone"}),
        ("search=priya", {"Priya Rao"}),
        ("kind=voice&is_active=false", set()),
    ],
)
def test_filters(api, manager, agent, company, query, names):
    with company_active(company.pk):
        VoiceAgentFactory(name="Ava")
        AgentFactory(name="Full", max_capacity=0, availability="away")
        AgentFactory(name="Gone", is_active=False)
    answer = api(manager).get(f"{V1}/agents?{query}")
    assert {row["name"] for row in answer.json()["agents"]} == names


@pytest.mark.parametrize(
    "query", ["kind=robot", "availability=asleep", "is_active=perhaps", "nonsense=1", "per_page=101"]
)
def test_bad_filters_are_422(api, manager, query):
    assert api(manager).get(f"{V1}/agents?{query}").status_code == 422


@pytest.mark.parametrize(
    "name", [lambda a: a.pk, lambda a: "priya%40copperline.example", lambda a: "PRIYA@copperline.example"]
)
def test_an_agent_is_found_by_uuid_and_by_email(api, manager, agent, name):
    answer = api(manager).get(f"{V1}/agents/{name(agent)}/")
    assert (answer.status_code, answer.json()["id"]) == (200, str(agent.pk))


def test_unknown_and_foreign_agents(api, manager, stranger):
    with company_active(stranger.company_id):
        foreign = AgentFactory(user=UserFactory(email="spy@elsewhere.example"))
    client = api(manager)
    assert client.get(f"{V1}/agents/{uuid7()}").status_code == 404
    assert client.get(f"{V1}/agents/nonsense").status_code == 404
    assert client.get(f"{V1}/agents/{foreign.pk}").status_code == 403
    assert client.get(f"{V1}/agents/spy@elsewhere.example").status_code == 404
    assert client.put(f"{V1}/agents/{foreign.pk}/capacity", {"max": 1}).status_code == 403
    assert client.delete(f"{V1}/agents/{foreign.pk}").status_code == 403


@pytest.mark.parametrize("naming", [lambda u: {"user_id": str(u.pk)}, lambda u: {"email": u.email.upper()}])
def test_a_person_is_made_an_agent(api, manager, company, naming):
    user = UserFactory(company=company, role="manager", first_name="Dana", last_name="Cole")
    body = {**naming(user), "max_capacity": 30, "business_hours": {"mon": [["09:00", "17:00"]]}}
    answer = api(manager).post(f"{V1}/agents", body)
    assert answer.status_code == 201, answer.json()
    shown = answer.json()
    assert (shown["name"], shown["kind"], shown["capacity"]["max"]) == ("Dana Cole", "human", 30)
    assert shown["business_hours"] == {"mon": [["09:00", "17:00"]]} and shown["has_own_hours"] is True
    assert stored(company, shown["id"]).user == user
    assert api(manager).post(f"{V1}/agents", naming(user)).status_code == 409


def test_a_voice_agent_is_made(api, manager, company):
    body = {"kind": "voice", "name": "Ava", "voice": "alloy", "voice_script": "Hello", "caller_number": "+14155550100"}
    shown = api(manager).post(f"{V1}/agents", body).json()
    assert (shown["kind"], shown["voice_script"], shown["capacity"]["max"]) == ("voice", "Hello", None)


@pytest.mark.parametrize(
    ("body", "status", "place"),
    [
        ({}, 400, "user_id"),
        ({"kind": "human"}, 400, "user_id"),
        ({"kind": "voice"}, 400, "name"),
        ({"kind": "robot", "name": "R"}, 422, "kind"),
        ({"user_id": "x"}, 422, "user_id"),
        ({"user_id": str(uuid7())}, 422, "user_id"),
        ({"email": "nobody@copperline.example"}, 404, None),
        ({"name": "Ava", "business_hours": {"mon": "all day"}}, 422, "business_hours"),
        ({"name": "Ava", "timezone": "Mars/Base"}, 422, "timezone"),
        ({"name": "Ava", "caller_number": "0800"}, 422, "caller_number"),
        ({"name": "Ava", "max_attempts": 0}, 422, "max_attempts"),
        ({"name": "Ava", "voice_script": "Hello {{ssn}}"}, 422, "voice_script"),
        ({"name": "Ava", "voice_script": "Hello\n[9 opt ut!] Bye"}, 422, "voice_script"),
    ],
)
def test_bad_bodies_name_the_field_and_make_nothing(api, manager, company, body, status, place):
    answer = api(manager).post(f"{V1}/agents", body)
    assert answer.status_code == status, answer.json()
    if place:
        assert [problem["loc"] for problem in answer.json()["detail"]] == [["body", place]]
    with company_active(company.pk):
        assert not Agent.objects.exists()


def test_a_patch_changes_the_named_fields_alone(api, manager, agent, company):
    answer = api(manager).patch(f"{V1}/agents/{agent.pk}", {"timezone": "Asia/Tokyo", "max_attempts": 5})
    assert (answer.status_code, answer.json()["timezone"], answer.json()["max_attempts"]) == (200, "Asia/Tokyo", 5)
    row = stored(company, agent.pk)
    assert (row.timezone, row.max_attempts, row.name, row.max_capacity) == ("Asia/Tokyo", 5, "Priya Rao", 25)


def test_an_outdated_if_match_is_refused(api, manager, agent):
    client = api(manager)
    tag = client.get(f"{V1}/agents/{agent.pk}").headers["ETag"]
    assert client.patch(f"{V1}/agents/{agent.pk}", {"max_attempts": 5}, headers={"If-Match": tag}).status_code == 200
    assert client.patch(f"{V1}/agents/{agent.email}", {"max_attempts": 6}, headers={"If-Match": tag}).status_code == 412


@pytest.mark.parametrize("name", ["max", "max_capacity", "max_leads"])
def test_capacity_is_set_by_each_of_its_names(api, manager, agent, name):
    answer = api(manager).put(f"{V1}/agents/{agent.email}/capacity", {name: 30})
    assert answer.status_code == 200
    assert answer.json()["capacity"] == {"current": 0, "max": 30, "percentage": 0, "available_slots": 30}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"max": -1}, 422),
        ({"max": 10_001}, 422),
        ({"max": "30"}, 422),
        ({"max": None}, 422),
        ({"max": 1.5}, 422),
    ],
)
def test_bad_capacities_are_refused(api, manager, agent, company, body, status):
    assert api(manager).put(f"{V1}/agents/{agent.pk}/capacity", body).status_code == status
    assert stored(company, agent.pk).max_capacity == 25


def test_availability_is_set_by_oneself_and_by_managers(api, manager, agent, other_agent, company):
    assert api(agent.user).put(f"{V1}/agents/{agent.pk}/availability", {"availability": "Away"}).status_code == 200
    assert stored(company, agent.pk).availability == "away"
    assert (
        api(agent.user).put(f"{V1}/agents/{other_agent.pk}/availability", {"availability": "away"}).status_code == 403
    )
    assert api(manager).put(f"{V1}/agents/{other_agent.pk}/availability", {"availability": "busy"}).status_code == 200
    assert api(manager).put(f"{V1}/agents/{agent.pk}/availability", {"availability": "asleep"}).status_code == 422


def test_deleting_switches_off_and_returns_the_open_leads(api, manager, agent, company):
    with company_active(company.pk):
        LeadFactory(agent=agent)
    answer = api(manager).delete(f"{V1}/agents/{agent.pk}")
    assert answer.status_code == 200
    assert answer.json()["message"] == "Agent deactivated" and answer.json()["agent"]["is_active"] is False
    with company_active(company.pk):
        assert Lead.objects.get().agent is None and Agent.objects.get(pk=agent.pk).is_active is False


def test_agents_read_and_change_nothing_but_their_availability(api, agent, other_agent, company):
    client = api(agent.user)
    assert client.get(f"{V1}/agents").status_code == 200
    assert client.get(f"{V1}/agents/{other_agent.pk}").status_code == 200
    assert client.post(f"{V1}/agents", {"kind": "voice", "name": "Mine"}).status_code == 403
    assert client.put(f"{V1}/agents/{agent.pk}/capacity", {"max": 100}).status_code == 403
    assert client.patch(f"{V1}/agents/{agent.pk}", {"max_capacity": 100}).status_code == 403
    assert client.delete(f"{V1}/agents/{other_agent.pk}").status_code == 403
    assert stored(company, agent.pk).max_capacity == 25


def test_strangers_see_none_of_it(api, stranger, agent):
    answer = api(stranger).get(f"{V1}/agents")
    assert answer.json()["agents"] == [] and answer.json()["summary"]["total_agents"] == 0
    assert answer.json()["summary"]["utilization_percentage"] == 0
