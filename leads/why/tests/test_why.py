"""Why, and why not: the registry, and why somebody or nobody holds a lead."""

from __future__ import annotations

import pytest

from agents.models import Agent
from crm.core.tenancy import company_active
from leads.actions import set_status
from leads.assignment import assign_by_strategy, assign_lead, claim_lead, unassign_lead
from leads.models import Lead
from leads.tests.factories import LeadFactory
from leads.why import Cause, Detail, Section, register, registry

V1 = "/api/v1"


@pytest.fixture(autouse=True)
def _own_registry(monkeypatch):
    """With the lead's holder alone: what apps above register is theirs to test."""
    monkeypatch.setattr(registry, "_sections", {"assignment": registry._sections["assignment"]})


def asked(api, user, lead: Lead) -> list[dict]:
    answer = api(user).get(f"{V1}/leads/{lead.pk}/why")
    assert answer.status_code == 200, answer.content
    assert answer.json()["lead_id"] == str(lead.pk)
    return answer.json()["sections"]


def assignment(api, user, lead: Lead) -> dict:
    return next(section for section in asked(api, user, lead) if section["name"] == "assignment")


def test_an_app_above_adds_a_section_of_its_own(api, manager, in_company):
    lead = LeadFactory()

    def called(asked_of, user, at):
        assert (asked_of, user) == (lead, manager) and at.tzinfo
        because = Detail("21:40 for them", holds=False, data={"rule": "calling_hours"})
        cause = Cause("calling_hours", "It is late for them.", details=[because], data={"until": at})
        return Section("Called", "It was not called.", [cause])

    register("called", called, order=20)
    register("silent", lambda *args: None, order=5)
    assert [section["name"] for section in asked(api, manager, lead)] == ["assignment", "called"]
    shown = asked(api, manager, lead)[1]
    until = shown["causes"][0].pop("until")
    assert until.endswith("Z")
    assert shown == {
        "name": "called",
        "title": "Called",
        "answer": "It was not called.",
        "causes": [
            {
                "code": "calling_hours",
                "text": "It is late for them.",
                "is_decisive": True,
                "details": [{"text": "21:40 for them", "holds": False, "rule": "calling_hours"}],
            }
        ],
    }


def test_a_lead_that_nobody_ever_placed_says_so(api, manager, in_company):
    section = assignment(api, manager, LeadFactory())
    assert section["answer"] == "Nobody holds it. No routing rule is on."
    assert [cause["code"] for cause in section["causes"]] == ["no_rules", "never_placed"]


def test_who_gave_it_is_named_with_what_was_known_then(api, manager, agent, other_agent, in_company):
    Agent.objects.filter(pk=other_agent.pk).update(max_capacity=0)
    lead = LeadFactory()
    assign_by_strategy(lead, strategy="capacity", by=manager)
    section = assignment(api, manager, lead)
    assert section["answer"] == "Priya Rao holds it."
    placed, passed = section["causes"]
    assert placed["code"] == "placed" and placed["is_decisive"]
    assert placed["text"] == f"{manager.name} gave it to Priya Rao, chosen by most room."
    assert placed["agent_id"] == str(agent.pk) and placed["strategy"] == "capacity"
    assert "Held 0 open leads of 25 before" in [detail["text"] for detail in placed["details"]]
    assert (passed["code"], passed["text"]) == ("passed_over_full", "Tom Dell was passed over: no room.")


def test_a_claim_is_the_agents_own(api, manager, agent, in_company):
    LeadFactory()
    lead = claim_lead(agent, by=agent.user)
    assert assignment(api, manager, lead)["causes"][0]["text"] == "Priya Rao claimed it."


def test_a_lead_that_came_back_says_from_whom(api, manager, agent, in_company):
    lead = assign_lead(LeadFactory(), agent, by=manager)
    unassign_lead(lead, by=manager)
    _, cause = assignment(api, manager, lead)["causes"]
    assert (cause["code"], cause["why"], cause["from_agent_id"]) == ("returned", "by_hand", str(agent.pk))
    assert cause["text"] == "It came back to the queue from Priya Rao: by hand."


def test_a_closed_lead_says_that_it_is_closed(api, manager, in_company):
    lead = LeadFactory()
    set_status(lead, "done", by=manager)
    assert [cause["code"] for cause in assignment(api, manager, lead)["causes"]] == ["closed"]


def test_an_agent_asks_only_about_leads_that_it_may_see(api, agent, manager, other_agent, in_company):
    lead = LeadFactory()
    assert api(agent.user).get(f"{V1}/leads/{lead.pk}/why").status_code == 403
    assign_lead(lead, agent, by=manager)
    assert assignment(api, agent.user, lead)["answer"] == "Priya Rao holds it."
    assert api(other_agent.user).get(f"{V1}/leads/{lead.pk}/why").status_code == 403


def test_strangers_learn_nothing(api, stranger, company):
    with company_active(company.pk):
        lead = LeadFactory()
    assert api(stranger).get(f"{V1}/leads/{lead.pk}/why").status_code == 403
    assert api(stranger).get(f"{V1}/leads/{Lead().pk}/why").status_code == 404


def test_a_deleted_lead_has_no_answer(api, manager, in_company):
    from leads.actions import delete_lead

    lead = LeadFactory()
    delete_lead(lead, by=manager)
    assert api(manager).get(f"{V1}/leads/{lead.pk}/why").status_code == 404


def test_the_page_shows_the_reasons_with_and_without_script(client, manager, agent, in_company):
    lead = assign_lead(LeadFactory(), agent, by=manager)
    client.force_login(manager)
    page = client.get(f"/leads/{lead.pk}/why/")
    assert page.status_code == 200 and b"<html" in page.content and b"Priya Rao holds it." in page.content
    part = client.get(f"/leads/{lead.pk}/why/", headers={"HX-Request": "true"})
    assert b"<html" not in part.content and b"Priya Rao holds it." in part.content
    assert f'hx-get="/leads/{lead.pk}/why/"'.encode() in client.get(f"/leads/{lead.pk}/").content


@pytest.mark.parametrize("count", [1, 30])
def test_the_answer_costs_the_same_for_any_length_of_history(
    manager, agent, other_agent, in_company, count, django_assert_num_queries
):
    from django.utils.timezone import now

    from leads.why import explain

    lead = LeadFactory()
    for turn in range(count):
        assign_lead(lead, [agent, other_agent][turn % 2], by=manager)
    lead = Lead.objects.select_related("contact", "agent", "vendor").get(pk=lead.pk)
    with django_assert_num_queries(1):
        explain(lead, manager, now())
