"""What agents mean to reach in a day: their own, and for managers anybody's."""

from __future__ import annotations

import pytest
from django.test import Client

from agents.goals import goals_of, set_goals
from agents.models import AgentGoal
from crm.audit.models import AuditEntry
from crm.core.errors import InvalidField
from crm.core.tenancy import company_active

URL = "/api/v1/agent/goals"
NONE = {"calls": None, "reached": None, "qualified": None, "talk_minutes": None}


def stored(company, agent):
    with company_active(company.pk):
        goal = goals_of(agent)
        return {name: getattr(goal, name) for name in NONE}


def test_goals_are_set_changed_and_taken_away_on_record(in_company, agent, manager):
    set_goals(agent, {"calls": 60, "qualified": 8}, by=manager)
    set_goals(agent, {"calls": 50}, by=manager)
    set_goals(agent, {"calls": 50, "qualified": None}, by=agent.user)
    goal = AgentGoal.objects.get()
    assert (goal.agent, goal.calls, goal.reached, goal.qualified) == (agent, 50, None, None)
    entries = AuditEntry.objects.filter(action="agent.goals_set").order_by("pk")
    assert [[(c["field"], c["before"], c["after"]) for c in entry.changes] for entry in entries] == [
        [("calls", None, 60), ("qualified", None, 8)],
        [("calls", 60, 50)],
        [("qualified", 8, None)],
    ]


def test_what_is_no_goal_is_refused_and_changes_nothing(in_company, agent, manager):
    for value in (-1, 10_001, True, "60", 1.5):
        with pytest.raises(InvalidField) as refused:
            set_goals(agent, {"reached": 5, "calls": value}, by=manager)
        assert refused.value.field == "calls"
    assert not AgentGoal.objects.exists()


def test_an_agent_reads_and_sets_its_own(api, agent):
    assert api(agent.user).get(URL).json() == {
        "agent_id": "priya@copperline.example",
        "period": "day",
        **NONE,
        "updated_at": None,
    }
    answer = api(agent.user).put(URL, {"calls": 60, "talk_minutes": 180})
    assert answer.status_code == 200
    shown = api(agent.user).get(URL).json()
    assert answer.json() == shown
    assert shown.pop("updated_at").endswith("Z")
    assert shown == {"agent_id": "priya@copperline.example", "period": "day", **NONE, "calls": 60, "talk_minutes": 180}


def test_a_manager_names_whose(api, manager, agent, company):
    assert api(manager).get(URL).status_code == api(manager).put(URL, {}).status_code == 404
    assert api(manager).put(URL, {"agent_id": "priya@copperline.example", "calls": 40}).status_code == 200
    assert api(manager).get(f"{URL}?agent_id={agent.pk}").json()["calls"] == 40
    assert stored(company, agent)["calls"] == 40


def test_an_agent_does_not_see_or_set_a_colleagues(api, agent, other_agent, company):
    assert api(agent.user).get(f"{URL}?agent_id={other_agent.pk}").status_code == 403
    assert api(agent.user).get(f"{URL}?agent_id={agent.pk}").status_code == 200
    assert api(agent.user).put(URL, {"agent_id": str(other_agent.pk), "calls": 1}).status_code == 403
    assert stored(company, other_agent) == NONE


UNKNOWN = "01981c5e-7d2a-7fff-9f10-2b6c1a5d4e3f"


@pytest.mark.parametrize("name", ["nobody@copperline.example", UNKNOWN, "x%00y", "%ED%A0%80"])
def test_an_agent_that_is_not_there_is_named(api, manager, name):
    answer = api(manager).get(f"{URL}?agent_id={name}")
    assert (answer.status_code, answer.json()["detail"][0]["loc"]) == (422, ["query", "agent_id"])


def test_a_strangers_agent_is_as_if_it_were_not_there(api, stranger, agent, company):
    answer = api(stranger).put(URL, {"agent_id": str(agent.pk), "calls": 1})
    assert (answer.status_code, answer.json()["detail"][0]["loc"]) == (422, ["body", "agent_id"])
    assert stored(company, agent) == NONE


@pytest.mark.parametrize(("body", "place"), [({"calls": -1}, "calls"), ({"talk_minutes": 1441}, "talk_minutes")])
def test_bad_goals_name_the_field(api, agent, company, body, place):
    answer = api(agent.user).put(URL, body)
    assert (answer.status_code, answer.json()["detail"][0]["loc"]) == (422, ["body", place])
    assert stored(company, agent) == NONE


def test_the_page_sets_them_for_who_may(agent, other_agent, manager, company):
    for user, status in ((agent.user, 302), (manager, 302), (other_agent.user, 403)):
        client = Client()
        client.force_login(user)
        page = client.get(f"/agents/{agent.pk}/").content.decode()
        assert ("Goals for a day" in page) is (status == 302)
        assert client.post(f"/agents/{agent.pk}/goals/", {"calls": "60", "reached": ""}).status_code == status
    assert stored(company, agent) == {**NONE, "calls": 60}


def test_the_page_says_what_is_wrong(agent, company):
    client = Client()
    client.force_login(agent.user)
    page = client.post(f"/agents/{agent.pk}/goals/", {"calls": "many"}, follow=True).content.decode()
    assert "Calls" in page
    assert stored(company, agent) == NONE


ADMIN = "/admin/agents/agentgoal/"


def test_managers_set_goals_at_the_desk_on_record(agent, manager, company):
    desk = Client()
    desk.force_login(manager)
    assert desk.post(f"{ADMIN}add/", {"agent": str(agent.pk), "calls": "60", "reached": ""}).status_code == 302
    with company_active(company.pk):
        goal = AgentGoal.objects.get()
    shown = desk.get(ADMIN).content.decode()
    assert agent.name in shown and "60" in shown
    assert desk.post(f"{ADMIN}{goal.pk}/change/", {"calls": "", "qualified": "8"}).status_code == 302
    assert stored(company, agent) == {**NONE, "qualified": 8}
    page = desk.post(f"{ADMIN}{goal.pk}/change/", {"calls": "10001", "qualified": "8"})
    assert "Must be a whole number from 0 to 10000." in page.content.decode()
    assert stored(company, agent) == {**NONE, "qualified": 8}
    assert len(desk.get(f"{ADMIN}{goal.pk}/history/").context["entries"]) == 2
    with company_active(company.pk):
        entries = AuditEntry.objects.filter(action="agent.goals_set", object_id=agent.pk).order_by("pk")
        assert [{c["field"] for c in entry.changes} for entry in entries] == [{"calls"}, {"calls", "qualified"}]


def test_an_agent_and_a_stranger_are_kept_from_the_desks_goals(agent, stranger, company):
    with company_active(company.pk):
        goal = set_goals(agent, {"calls": 5}, by=agent.user)
    for user in (agent.user, stranger):
        desk = Client()
        desk.force_login(user)
        assert desk.post(f"{ADMIN}{goal.pk}/change/", {"calls": "9"}).status_code in (302, 403)
    assert stored(company, agent) == {**NONE, "calls": 5}
