"""Why, and why not: each decisive cause, done away with alone, changes the answer; one that is not, does not."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest
from django.utils.timezone import now

from agents.models import Agent
from agents.tests.factories import AgentFactory, VoiceAgentFactory
from crm.accounts.models import Company
from leads.actions import create_lead, mark_response, set_status
from leads.assignment import assign_lead, claim_lead
from leads.models import Assignment, Lead
from leads.routing.accepting import return_untouched
from leads.routing.actions import update_rule
from leads.routing.models import RoutingRule
from leads.routing.tests.factories import condition, rule
from leads.tests.factories import LeadFactory
from leads.why import Cause, Section, explain, registry

pytestmark = pytest.mark.usefixtures("in_company")
WEB = condition("source", "is_one_of", "Web")


@pytest.fixture(autouse=True)
def _own_sections(monkeypatch):
    """What apps above register is theirs to test."""
    own = {name: registry._sections[name] for name in ("assignment", "routing", "accept_time")}
    monkeypatch.setattr(registry, "_sections", own)


def sections(lead: Lead, user: Any) -> dict[str, Section]:
    return explain(Lead.objects.select_related("contact", "agent", "vendor").get(pk=lead.pk), user, now())


def asked(lead: Lead, user: Any, name: str = "assignment") -> Section:
    return sections(lead, user)[name]


def causes(section: Section, code: str) -> list[Cause]:
    return [cause for cause in section.causes if cause.code == code]


def waiting(**fields: Any) -> Lead:
    return LeadFactory(source="Web", **fields)


# --- an open lead that nobody holds ------------------------------------------------------------------------------


def test_raising_the_named_agents_capacity_and_that_alone_changes_the_answer(manager, agent, other_agent):
    Agent.objects.filter(pk=agent.pk).update(max_capacity=0)
    Agent.objects.filter(pk=other_agent.pk).update(max_capacity=0, is_active=False)
    rule("Web", WEB, agents=[agent, other_agent])
    lead = waiting()
    section = asked(lead, manager)
    assert section.answer == "Nobody holds it. By the rule “Web” it would go to nobody now."
    (full,) = causes(section, "agent_full")
    assert full.is_decisive and full.text == "Priya Rao has no room (0 of 0 open leads)."
    (both,) = causes(section, "agent_inactive_and_full")
    assert not both.is_decisive and both.data["agent_id"] == other_agent.pk
    Agent.objects.filter(pk=other_agent.pk).update(is_active=True)  # one of its two: nothing changes
    assert asked(lead, manager).answer == section.answer
    Agent.objects.filter(pk=agent.pk).update(max_capacity=1)
    assert asked(lead, manager).answer == "Nobody holds it. By the rule “Web” it would go to Priya Rao now."


def test_an_inactive_agent_named_as_the_cause_would_have_it_when_active(manager, agent):
    Agent.objects.update(is_active=False)
    rule("Web", WEB, agents=[agent])
    lead = waiting()
    assert causes(asked(lead, manager), "agent_inactive")[0].is_decisive
    Agent.objects.update(is_active=True)
    assert asked(lead, manager).answer.endswith("it would go to Priya Rao now.")


def test_another_open_lead_of_the_contact_is_named_without_saying_which(manager, agent, other_agent):
    other = LeadFactory(agent=agent)
    rule("Web", WEB, agents=[agent])
    lead = waiting(contact=other.contact, created_by=other_agent.user)
    for reader in (manager, other_agent.user):  # who may not see the other lead
        (cause,) = causes(asked(lead, reader), "agent_holds_another")
        assert cause.is_decisive and cause.text == "Priya Rao has another open lead of this contact."
        assert str(other.pk) not in str(cause)
    set_status(other, "done", by=manager)
    assert asked(lead, manager).answer.endswith("it would go to Priya Rao now.")


def test_who_let_it_pass_is_named_and_without_that_would_have_it(manager, agent):
    Company.objects.update(accept_minutes=5)
    rule("Web", WEB, agents=[agent])
    lead = create_lead({"first_name": "Ada", "phone": "+14155552671", "source": "Web"}, by=manager)
    Lead.objects.update(accept_due_at=now() - timedelta(minutes=1))
    assert return_untouched() == 1
    section = asked(lead, manager)
    assert causes(section, "agent_let_it_pass")[0].is_decisive
    assert causes(section, "returned")[0].data["why"] == "not_accepted"
    Assignment.objects.filter(to_agent=None).update(reason={"returned": "by_hand"})
    assert asked(lead, manager).answer.endswith("it would go to Priya Rao now.")


def test_without_a_rule_it_says_so(manager):
    lead = waiting()
    assert asked(lead, manager).answer == "Nobody holds it. No routing rule is on."
    assert "routing" not in sections(lead, manager)
    off = rule("Off", is_active=False)
    assert asked(lead, manager).answer == "Nobody holds it. No routing rule is on."
    update_rule(off, {"is_active": True}, by=manager)
    assert asked(lead, manager).answer != "Nobody holds it. No routing rule is on."


# --- which rule --------------------------------------------------------------------------------------------------


def test_each_rule_says_why_it_does_not_match_condition_by_condition(manager, agent):
    rich = condition("deal_value", "at_least", 1000)
    near = rule("Near", WEB, rich, agents=[agent])
    far = rule("Far", condition("source", "is_one_of", "Phone"), rich)
    off = rule("Off", WEB, is_active=False)
    web = rule("Web", WEB, agents=[agent])
    after = rule("After")
    section = asked(waiting(), manager, "routing")
    assert section.answer == "“Web” is the first rule that matches it."
    told = {cause.data["rule_id"]: cause for cause in section.causes}
    assert [(told[str(one.pk)].code, told[str(one.pk)].is_decisive) for one in (near, far, off, web, after)] == [
        ("rule_does_not_match", True),
        ("rule_does_not_match", False),
        ("rule_off", True),
        ("rule_matches", True),
        ("rule_not_reached", False),
    ]
    assert [(detail.text, detail.holds) for detail in told[str(near.pk)].details] == [
        ("Source is one of Web: it is Web", True),
        ("Deal value is at least 1000: it is nothing", False),
    ]
    assert told[str(near.pk)].details[1].data == {**rich, "values": ["1000"], "value": None}


def test_dropping_the_one_condition_that_fails_makes_the_rule_match(manager, agent):
    rich = condition("deal_value", "at_least", 1000)
    near, lead = rule("Near", WEB, rich, agents=[agent]), waiting()
    assert asked(lead, manager, "routing").answer == "No rule matches it."
    assert causes(asked(lead, manager, "routing"), "rule_does_not_match")[0].is_decisive
    assert causes(asked(lead, manager), "no_rule_matches")[0].text.endswith("1 of them fail by one condition alone.")
    update_rule(near, {"conditions": [WEB]}, by=manager)
    assert asked(lead, manager, "routing").answer == "“Near” is the first rule that matches it."


def without(cause: Cause, lead: Lead, manager: Any) -> None:
    """Do away with what the cause names, and with nothing else."""
    if "rule_id" in cause.data:
        one = RoutingRule.objects.get(pk=cause.data["rule_id"])
        met = [detail.data for detail in cause.details if detail.holds]
        kept = [{name: data[name] for name in ("field", "operator", "values")} for data in met]
        changes: dict[str, Any] = {"is_active": cause.code == "rule_off"}
        update_rule(one, {"conditions": kept} if cause.code == "rule_does_not_match" else changes, by=manager)
    elif cause.code == "agent_full":
        held = Lead.objects.open().filter(agent=cause.data["agent_id"]).count()
        Agent.objects.filter(pk=cause.data["agent_id"]).update(max_capacity=held + 1)
    elif cause.code == "agent_inactive":
        Agent.objects.filter(pk=cause.data["agent_id"]).update(is_active=True)
    elif cause.code == "agent_holds_another":
        Lead.objects.filter(agent=cause.data["agent_id"], contact=lead.contact).update(status="done")
    else:
        raise NotImplementedError(cause.code)


@pytest.mark.parametrize("seed", range(6))
def test_in_any_company_every_decisive_cause_alone_changes_its_answer(manager, seed):
    from django.db import transaction

    dice = random.Random(seed)
    lead = waiting(deal_value=dice.choice([None, 500]))
    team = [AgentFactory(max_capacity=dice.choice([0, 1]), is_active=dice.random() < 0.5) for _ in range(4)]
    for one in team:
        if one.max_capacity and dice.random() < 0.6:
            LeadFactory(agent=one, **({"contact": lead.contact} if dice.random() < 0.5 else {}))
    asks = [WEB, condition("source", "is_one_of", "Phone"), condition("deal_value", "at_least", 100)]
    for n in range(3):
        given = dice.sample(asks, dice.randrange(1, 3))
        rule(f"Rule {n}", *given, agents=dice.sample(team, 2), is_active=dice.random() < 0.8)
    tested = 0
    for name in ("assignment", "routing"):
        section = asked(lead, manager, name)
        for cause in section.causes:
            if not (cause.code.startswith("agent_") or cause.code.startswith("rule_")) or not cause.is_decisive:
                continue
            with transaction.atomic():
                without(cause, lead, manager)
                assert asked(lead, manager, name).answer != section.answer, cause
                transaction.set_rollback(True)
            tested += 1
    assert tested


# --- a lead that somebody holds ----------------------------------------------------------------------------------


def test_a_lead_that_a_rule_placed_names_it_with_its_version(manager, agent):
    web = rule("Web", WEB, agents=[agent])
    lead = create_lead({"first_name": "Ada", "phone": "+14155552671", "source": "Web"}, by=manager)
    update_rule(web, {"conditions": []}, by=manager)
    (placed,) = causes(asked(lead, manager), "placed")
    assert placed.text == "The rule “Web” (version 1) gave it to Priya Rao, chosen by round robin."
    assert (placed.data["rule_id"], placed.data["rule_version"]) == (str(web.pk), 1)


def test_whom_the_strategy_passed_over_is_decisive_where_it_would_have_come_first(manager, agent, other_agent):
    Agent.objects.filter(pk=agent.pk).update(max_capacity=0)
    rule("Web", agents=[agent, other_agent], strategy="manual")
    lead = create_lead({"first_name": "Ada", "phone": "+14155552671"}, by=manager)
    (passed,) = causes(asked(lead, manager), "passed_over_full")
    assert passed.is_decisive and passed.data["agent_id"] == str(agent.pk)
    Agent.objects.filter(pk=agent.pk).update(max_capacity=1)
    assert create_lead({"first_name": "Bo", "phone": "+14155552672"}, by=manager).agent == agent
    Agent.objects.filter(pk=other_agent.pk).update(is_active=False)
    Agent.objects.filter(pk=agent.pk).update(max_capacity=9)
    behind = create_lead({"first_name": "Cy", "phone": "+14155552673"}, by=manager)
    (passed,) = causes(asked(behind, manager), "passed_over_inactive")
    assert not passed.is_decisive  # it came behind anyway


# --- the accept clock --------------------------------------------------------------------------------------------


def test_the_accept_clock_says_until_when_and_what_would_stop_it(manager, agent):
    Company.objects.update(accept_minutes=30)
    lead = assign_lead(LeadFactory(), agent, by=manager)
    section = asked(lead, manager, "accept_time")
    assert section.answer.startswith("Priya Rao has until ") and section.answer.endswith("then it goes on.")
    assert [(cause.code, cause.is_decisive) for cause in section.causes] == [
        ("not_touched", True),
        ("accept_time", True),
    ]
    mark_response(lead, by=agent.user)
    touched = asked(lead, manager, "accept_time")
    assert (touched.answer, touched.causes[0].code) == ("No accept clock runs.", "touched")
    Company.objects.update(accept_minutes=None)
    assert "accept_time" not in sections(lead, manager)


def test_where_no_clock_runs_it_says_why(manager, agent):
    Company.objects.update(accept_minutes=30)
    LeadFactory()
    claimed = claim_lead(agent, by=agent.user)
    spoken = assign_lead(LeadFactory(), VoiceAgentFactory(), by=manager)
    before = LeadFactory(agent=agent)
    codes = [asked(lead, manager, "accept_time").causes[0].code for lead in (claimed, spoken, before)]
    assert codes == ["taken", "voice_agent", "placed_before"]


# --- what it costs, and who may ask ------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 30])
def test_explaining_costs_the_same_for_any_number_of_rules_and_agents(manager, count, django_assert_num_queries):
    team = [AgentFactory(max_capacity=0) for _ in range(count)]
    for n in range(count - 1):
        rule(f"Rule {n}", condition("source", "is_one_of", "Phone"), agents=team)
    rule("Web", WEB, agents=team)
    lead = Lead.objects.select_related("contact", "agent", "vendor").get(pk=waiting().pk)
    with django_assert_num_queries(9):
        explain(lead, manager, now())


def test_the_api_and_the_page_show_it(api, client, manager, agent):
    Agent.objects.update(max_capacity=0)
    rule("Web", WEB, agents=[agent])
    lead = waiting()
    answer = api(manager).get(f"/api/v1/leads/{lead.pk}/why").json()
    assert [section["name"] for section in answer["sections"]][:2] == ["assignment", "routing"]
    (full, never) = answer["sections"][0]["causes"]
    assert full == {
        "agent_id": str(agent.pk),
        "obstacles": ["full"],
        "code": "agent_full",
        "text": "Priya Rao has no room (0 of 0 open leads).",
        "is_decisive": True,
        "details": [],
    }
    assert never["code"] == "never_placed"
    client.force_login(manager)
    page = client.get(f"/leads/{lead.pk}/why/").content.decode()
    assert "Priya Rao has no room" in page and "Source is one of Web: it is Web" in page
