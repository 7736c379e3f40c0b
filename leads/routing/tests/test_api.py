"""Routing rules over the API."""

from __future__ import annotations

from typing import Any

import pytest

from agents.models import Agent
from agents.tests.factories import AgentFactory
from crm.accounts.models import User
from crm.audit.models import AuditEntry
from crm.core.tenancy import company_active
from leads.models import Assignment, Lead
from leads.routing.models import RoutingRule
from leads.routing.tests.factories import condition, rule
from leads.tests.assigning import make_leads
from leads.tests.factories import LeadFactory

pytestmark = pytest.mark.usefixtures("in_company")
URL = "/api/v1/routing-rules"
WEB = condition("source", "is_one_of", "Web")


def entries(action: str) -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(action=action).order_by("pk"))


def test_a_rule_is_added_read_changed_and_removed(api, manager, agent, other_agent):
    client = api(manager)
    body = {"name": "Web", "conditions": [WEB], "strategy": "capacity_based", "agent_emails": [agent.user.email]}
    answer = client.post(URL, body, format="json")
    assert answer.status_code == 201, answer.content
    made = answer.json()
    assert {name: made[name] for name in ("name", "position", "is_active", "strategy", "version")} == {
        "name": "Web", "position": 1, "is_active": True, "strategy": "capacity", "version": 1,
    }  # fmt: skip
    assert made["conditions"] == [{**WEB, "text": "Source is one of Web"}]
    assert made["agents"] == [
        {"id": str(agent.pk), "agent_id": agent.user.email, "name": "Priya Rao", "is_active": True}
    ]
    assert made["has_active_agents"] is True
    url = f"{URL}/{made['id']}"
    assert client.get(url).json() == made
    created = entries("routing_rule.created")[0]
    assert (str(created.object_id), created.user) == (made["id"], manager)

    changed = client.patch(url, {"agent_ids": [str(other_agent.pk), str(agent.pk)]}, format="json")
    assert changed.status_code == 200
    assert changed.json()["agent_ids"] == [str(other_agent.pk), str(agent.pk)]
    assert changed.json()["version"] == 2
    assert client.put(url, {"name": "Web leads"}, format="json").json()["version"] == 2  # decides as before
    (first, second) = entries("routing_rule.updated")
    assert [change["field"] for change in first.changes] == ["agents"]
    assert second.changes == [{"field": "name", "before": "Web", "after": "Web leads"}]
    client.patch(url, {"name": "Web leads"}, format="json")
    assert len(entries("routing_rule.updated")) == 2  # nothing was changed

    assert client.delete(url).json() == {"message": "Routing rule removed"}
    assert client.get(url).status_code == 404
    assert [str(entry.object_id) for entry in entries("routing_rule.deleted")] == [made["id"]]


def test_the_list_is_in_order_and_pages(api, manager):
    for name in ("One", "Two", "Three"):
        rule(name)
    rule("First", position=1)
    answer = api(manager).get(f"{URL}?per_page=3").json()
    assert [(one["name"], one["position"]) for one in answer["routing_rules"]] == [("First", 1), ("One", 2), ("Two", 3)]
    assert (answer["total"], answer["page"], answer["per_page"]) == (4, 1, 3)
    assert api(manager).get(f"{URL}?colour=red").status_code == 422


def test_rules_are_put_in_order(api, manager):
    one, two, three = rule("One"), rule("Two"), rule("Three")
    answer = api(manager).post(f"{URL}/reorder", {"ids": [str(three.pk), str(one.pk)]}, format="json")
    assert [row["name"] for row in answer.json()["routing_rules"]] == ["Three", "One", "Two"]
    assert [row["position"] for row in answer.json()["routing_rules"]] == [1, 2, 3]
    (told,) = entries("routing_rule.reordered")
    assert told.data == {
        "before": [str(one.pk), str(two.pk), str(three.pk)], "after": [str(three.pk), str(one.pk), str(two.pk)],
    }  # fmt: skip
    answer = api(manager).patch(f"{URL}/{two.pk}", {"position": 1}, format="json")
    assert (answer.status_code, answer.json()["position"]) == (200, 1)
    unknown = api(manager).post(f"{URL}/reorder", {"ids": [str(Lead().pk)]}, format="json")
    assert unknown.status_code == 422


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({}, 400, "name"),
        ({"name": ""}, 422, "name"),
        ({"name": "A", "strategy": "luck"}, 422, "strategy"),
        ({"name": "A", "strategy": "claim"}, 422, "strategy"),
        ({"name": "A", "strategy": "manual"}, 400, "agent_ids"),
        ({"name": "A", "agent_ids": ["nobody"]}, 422, "agent_ids"),
        ({"name": "A", "agent_ids": ["01981c5e-9a10-7b2c-8d3e-4f5a6b7c8d9e"]}, 422, "agent_ids"),
        ({"name": "A", "conditions": {}}, 422, "conditions"),
        ({"name": "A", "conditions": [{"field": "x"}]}, 422, "conditions"),
        ({"name": "A", "conditions": [{"field": "score", "operator": "at_least", "values": ["x"]}]}, 422, "conditions"),
        ({"name": "A", "is_active": "yes"}, 422, "is_active"),
        ({"name": "A", "position": 0}, 422, "position"),
    ],
)
def test_a_bad_body_names_its_field_and_writes_nothing(api, manager, body, status, field):
    answer = api(manager).post(URL, body, format="json")
    assert answer.status_code == status, answer.content
    assert [problem["loc"][:2] for problem in answer.json()["detail"]] == [["body", field]]
    assert not RoutingRule.objects.exists()


def test_a_condition_is_refused_by_its_number(api, manager):
    bad = condition("deal_value", "at_least", "much")
    answer = api(manager).post(URL, {"name": "A", "conditions": [WEB, bad]}, format="json")
    assert answer.json()["detail"][0]["msg"] == "Condition 2: “much” is no number."


def test_an_agent_of_another_company_is_nobody(api, manager, stranger):
    with company_active(stranger.company_id):
        theirs = AgentFactory()
    body = {"name": "A", "agent_ids": [str(theirs.pk)]}
    assert api(manager).post(URL, body, format="json").status_code == 422
    body = {"name": "A", "agent_emails": [theirs.user.email]}
    assert api(manager).post(URL, body, format="json").status_code == 404
    assert not RoutingRule.objects.exists()


def test_there_is_an_end_to_the_number_of_rules(api, manager, monkeypatch):
    monkeypatch.setattr("leads.routing.actions.MOST_RULES", 2)
    rule("One")
    rule("Two")
    assert api(manager).post(URL, {"name": "Three"}, format="json").status_code == 409


def test_agents_may_not_and_strangers_see_nothing(api, agent: Agent, stranger: User):
    one = rule("Web")
    client = api(agent.user)
    assert client.get(URL).status_code == 403
    assert client.post(URL, {"name": "A"}, format="json").status_code == 403
    assert client.post(f"{URL}/dry-run", {}, format="json").status_code == 403
    theirs = api(stranger)
    assert theirs.get(URL).json()["routing_rules"] == []
    assert theirs.get(f"{URL}/{one.pk}").status_code == 403
    assert theirs.patch(f"{URL}/{one.pk}", {"name": "Mine"}, format="json").status_code == 403
    assert theirs.post(f"{URL}/reorder", {"ids": [str(one.pk)]}, format="json").status_code == 422
    assert RoutingRule.objects.get().name == "Web"


def test_a_lost_update_is_noticed(api, manager):
    one = rule("Web")
    client = api(manager)
    etag = client.get(f"{URL}/{one.pk}")["ETag"]
    assert client.patch(f"{URL}/{one.pk}", {"name": "A"}, format="json", headers={"If-Match": etag}).status_code == 200
    assert client.patch(f"{URL}/{one.pk}", {"name": "B"}, format="json", headers={"If-Match": etag}).status_code == 412


def test_a_rule_whose_agents_are_gone_is_shown_as_such(api, manager, agent):
    one = rule("Web", agents=[agent])
    everybody = rule("All")
    Agent.objects.update(is_active=False)
    shown = {row["id"]: row for row in api(manager).get(URL).json()["routing_rules"]}
    assert shown[str(one.pk)]["has_active_agents"] is False
    assert shown[str(one.pk)]["agents"][0]["is_active"] is False
    assert shown[str(everybody.pk)]["has_active_agents"] is False


def test_a_lead_that_the_api_creates_is_answered_with_its_agent(api, manager, agent):
    rule("Web", WEB, agents=[agent])
    body = {"first_name": "Ada", "phone_e164": "+14155552671", "source": "Web"}
    answer = api(manager).post("/api/v1/leads", body, format="json")
    assert (answer.status_code, answer.json()["agent_id"]) == (201, str(agent.pk))
    assert answer.json()["agent_email"] == agent.user.email and answer.json()["deadline"]


def test_a_vendors_post_is_routed_and_answered_as_ever(in_company, agent):
    from crm.vendors.tests.factories import calling, vendor_with_key

    vendor, key = vendor_with_key()
    rule("Theirs", condition("vendor", "is_one_of", vendor.code), agents=[agent])
    body = {"first_name": "Ada", "phone": "+14155552671"}
    client = calling(key)
    answer = client.post("/api/v1/leads", body, format="json", headers={"Idempotency-Key": "one"})
    assert answer.status_code == 201
    assert set(answer.json()) == {"first_name", "phone", "id", "status", "created_at", "vendor_code"}
    again = client.post("/api/v1/leads", body, format="json", headers={"Idempotency-Key": "one"})
    assert again.json() == answer.json()
    assert Lead.objects.get().agent == agent
    assert client.post("/api/v1/leads", body, format="json").json()["reason_code"] == "duplicate"


# --- dry run -----------------------------------------------------------------------------------------------------


def tried(api: Any, user: User, **body: Any) -> dict[str, Any]:
    answer = api(user).post(f"{URL}/dry-run", body, format="json")
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_a_dry_run_says_who_would_get_what_and_writes_nothing(api, manager, agent, other_agent):
    Agent.objects.filter(pk=agent.pk).update(max_capacity=2)
    web = rule("Web", WEB, agents=[agent])
    rule("Off", agents=[other_agent], is_active=False)
    leads = make_leads(3, source="Web") + make_leads(1, 10, source="Phone")
    written = AuditEntry.objects.exclude(action__startswith="user.")
    before = written.count()
    run = tried(api, manager)
    assert (run["leads"], run["placed"], run["unassigned"]) == (4, 2, {"no_rule": 1, "nobody_fits": 1})
    assert run["rules"] == [
        {"id": str(web.pk), "name": "Web", "version": 1, "is_active": True, "matched": 3, "placed": 2}
    ]
    assert run["agents"] == [{"id": str(agent.pk), "agent_id": agent.user.email, "name": "Priya Rao", "leads": 2}]
    by_lead = {one["lead_id"]: one for one in run["results"]}
    assert by_lead[str(leads[0].pk)]["agent_id"] == str(agent.pk)
    assert by_lead[str(leads[0].pk)]["rule_name"] == "Web"
    third = by_lead[str(leads[2].pk)]
    assert (third["agent_id"], third["why"], third["detail"]) == (None, "nobody_fits", "Priya Rao: no room")
    assert by_lead[str(leads[3].pk)]["why"] == "no_rule"
    assert not Assignment.objects.exists() and written.count() == before
    assert not Lead.objects.exclude(agent=None).exists()


def test_rules_of_the_body_are_tried_in_place_of_the_saved_ones(api, manager, agent, other_agent):
    rule("Saved", agents=[agent])
    make_leads(2, source="Web")
    given = [
        {"conditions": [condition("source", "is_one_of", "Phone")], "agent_ids": [str(agent.pk)]},
        {"name": "Rest", "agent_emails": [other_agent.user.email], "strategy": "manual"},
    ]
    run = tried(api, manager, rules=given)
    assert [(one["name"], one["matched"]) for one in run["rules"]] == [("Rule 1", 0), ("Rest", 2)]
    assert [(one["name"], one["leads"]) for one in run["agents"]] == [("Tom Dell", 2)]
    assert tried(api, manager, rules=[])["unassigned"] == {"no_rule": 2, "nobody_fits": 0}


def test_a_dry_run_takes_open_leads_off_their_holders_first(api, manager, agent):
    Agent.objects.filter(pk=agent.pk).update(max_capacity=1)
    rule("All", agents=[agent])
    LeadFactory(agent=agent)
    assert tried(api, manager)["placed"] == 1


def test_a_dry_run_agrees_with_what_then_happens(api, manager, agent, other_agent):
    from leads.actions import create_lead

    Agent.objects.filter(pk=agent.pk).update(max_capacity=2)
    rule("Web", WEB, agents=[agent, other_agent], strategy="capacity")
    rule("Rest", agents=[agent], strategy="manual")
    for n, source in enumerate(["Web", "Phone", "Web", "Phone", "Phone", "Web"]):
        create_lead({"first_name": f"A{n}", "phone": f"+1415555{2000 + n}", "source": source}, by=manager)
    run = tried(api, manager)
    happened = {str(lead.pk): lead.agent_id and str(lead.agent_id) for lead in Lead.objects.all()}
    assert {one["lead_id"]: one["agent_id"] for one in run["results"]} == happened


@pytest.mark.parametrize("body", [{"limit": 0}, {"limit": 1001}, {"limit": "5"}, {"rules": "all"}, {"rules": [5]}])
def test_a_bad_dry_run_is_refused(api, manager, body):
    assert api(manager).post(f"{URL}/dry-run", body, format="json").status_code == 422


@pytest.mark.parametrize("count", [1, 30])
def test_a_dry_run_and_the_list_cost_the_same_for_any_number(manager, count, django_assert_num_queries):
    from leads.routing.representation import rule_rows
    from leads.routing.rules import active_rules
    from leads.routing.trying import try_rules

    team = [AgentFactory() for _ in range(count)]
    for n in range(count):
        rule(f"Rule {n}", WEB, agents=team, strategy=["round_robin", "capacity"][n % 2])
    make_leads(count * 3, source="Web")
    with django_assert_num_queries(6):
        assert try_rules(active_rules(), limit=100).placed
    with django_assert_num_queries(2):
        assert len(rule_rows(RoutingRule.objects.in_order())) == count
