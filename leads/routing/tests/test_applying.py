"""New leads find their agents by the first rule that matches; a creation never fails because of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agents.models import Agent
from agents.tests.factories import AgentFactory
from crm.audit.models import AuditEntry
from crm.mail.models import Mail
from leads.actions import create_lead
from leads.errors import DuplicateLead
from leads.importing.actions import keep_file, start_import
from leads.importing.mapping import suggest
from leads.importing.running import answer_of
from leads.models import Assignment, Lead
from leads.routing.actions import update_rule
from leads.routing.models import RoutingRule
from leads.routing.rules import active_rules
from leads.routing.tests.factories import condition, rule
from leads.tests.assigning import held, make_leads, on_postgres, race
from leads.tests.factories import LeadFactory

pytestmark = pytest.mark.usefixtures("in_company")
WEB = condition("source", "is_one_of", "Web")


def new(by: Any, number: int = 0, **fields: Any) -> Lead:
    """Created and read again."""
    lead = create_lead({"first_name": "Ada", "phone": f"+1415555{2000 + number}", **fields}, by=by)
    return Lead.objects.select_related("agent").get(pk=lead.pk)


def actions_of(lead: Lead) -> list[tuple[str, str]]:
    rows = AuditEntry.objects.filter(object_id=lead.pk).order_by("pk")
    return [(entry.action, entry.actor_label or "user") for entry in rows]


def test_without_rules_a_lead_waits_in_the_queue(manager, agent):
    lead = new(manager)
    assert lead.agent is None and actions_of(lead) == [("lead.created", "user")]


def test_the_first_rule_that_matches_places_it_and_is_named(manager, agent, other_agent):
    rule("Partners", condition("source", "is_one_of", "Partner"), agents=[other_agent])
    web = rule("Web", WEB, agents=[agent])
    rule("All else", agents=[other_agent])
    lead = new(manager, source="web")
    assert lead.agent == agent
    assert lead.deadline == lead.assigned_at + timedelta(minutes=120)
    row = Assignment.objects.get()
    assert (row.lead, row.from_agent, row.to_agent, row.user, row.actor_label) == (lead, None, agent, None, "routing")
    assert row.strategy == "round_robin"
    assert row.reason["rule"] == {"id": str(web.pk), "name": "Web", "version": 1}
    assert (row.reason["rank"], row.reason["pool"], row.reason["current"]) == (1, 1, 0)
    assert actions_of(lead) == [("lead.created", "user"), ("lead.assigned", "routing")]
    told = AuditEntry.objects.get(action="lead.assigned").data
    assert (told["rule_id"], told["rule_name"], told["rule_version"]) == (str(web.pk), "Web", 1)
    applied = AuditEntry.objects.get(action="routing_rule.applied")
    assert (applied.object_id, applied.data) == (web.pk, {"version": 1, "matched": 1, "placed": 1, "left": 0})
    assert Mail.objects.get().to == agent.user.email


def test_a_rule_that_is_off_is_not_asked(manager, agent, other_agent):
    rule("Off", agents=[agent], is_active=False)
    rule("All else", agents=[other_agent])
    assert new(manager).agent == other_agent


def test_what_no_rule_matches_waits(manager, agent):
    rule("Web", WEB, agents=[agent])
    lead = new(manager, source="Phone")
    assert lead.agent is None and actions_of(lead) == [("lead.created", "user")]


def test_a_named_agent_is_no_business_of_the_rules(manager, agent, other_agent):
    rule("All", agents=[other_agent])
    lead = create_lead({"first_name": "Ada", "phone": "+14155552671"}, by=manager, agent=agent)
    assert lead.agent == agent and not AuditEntry.objects.filter(action="routing_rule.applied").exists()


def test_a_lead_that_is_closed_at_once_is_placed_nowhere(manager, agent):
    rule("All", agents=[agent])
    assert new(manager, disposition="completed").agent is None


def test_where_nobody_fits_the_lead_is_made_all_the_same_and_the_reason_kept(manager, agent, other_agent):
    Agent.objects.filter(pk=agent.pk).update(max_capacity=0)
    Agent.objects.filter(pk=other_agent.pk).update(is_active=False)
    web = rule("Web", WEB, agents=[agent, other_agent])
    rule("All else", agents=[AgentFactory()])  # the first match decides, also where it finds nobody
    lead = new(manager, source="Web")
    assert lead.agent is None and not Assignment.objects.exists()
    left = AuditEntry.objects.get(action="lead.left_unassigned")
    assert (left.object_id, left.actor_label) == (lead.pk, "routing")
    assert left.data == {
        "rule_id": str(web.pk),
        "rule_name": "Web",
        "rule_version": 1,
        "why": "nobody_fits",
        "passed_over": [
            {"agent_id": str(agent.pk), "why": "full", "ahead": True},
            {"agent_id": str(other_agent.pk), "why": "inactive", "ahead": True},
        ],
        "passed_over_count": 2,
    }
    assert AuditEntry.objects.get(action="routing_rule.applied").data["left"] == 1


def test_a_company_without_agents_makes_leads_all_the_same(manager):
    rule("All")
    assert new(manager).agent is None
    assert AuditEntry.objects.get(action="lead.left_unassigned").data["passed_over"] == []


def test_a_rule_without_agents_means_all_active_people(manager, agent, other_agent):
    Agent.objects.filter(pk=other_agent.pk).update(is_active=False)
    rule("All")
    assert new(manager).agent == agent


def test_turns_are_taken_over_rules_that_share_agents(manager, agent, other_agent):
    rule("Web", WEB, agents=[agent, other_agent])
    rule("All else", agents=[agent, other_agent])
    got = [new(manager, n, source="Web" if n % 2 else "Phone").agent for n in range(4)]
    assert got == [agent, other_agent] * 2 or got == [other_agent, agent] * 2


def test_named_agents_are_filled_in_their_order(manager, agent, other_agent):
    Agent.objects.update(max_capacity=1)
    rule("In order", agents=[other_agent, agent], strategy="manual")
    assert [new(manager, n).agent for n in range(3)] == [other_agent, agent, None]


def test_an_agent_who_has_an_open_lead_of_the_contact_is_passed_over(manager, agent, other_agent):
    rule("In order", agents=[agent, other_agent], strategy="manual")
    contact = LeadFactory(agent=agent).contact
    lead = create_lead({"contact_id": contact.pk}, by=manager)
    assert lead.agent == other_agent
    assert Assignment.objects.get(lead=lead).reason["passed_over"] == [
        {"agent_id": str(agent.pk), "why": "holds_another", "ahead": True}
    ]


def test_a_duplicate_is_refused_as_ever_and_nothing_is_placed(manager, agent):
    contact = LeadFactory().contact
    rule("All", agents=[agent])
    with pytest.raises(DuplicateLead):
        create_lead({"contact_id": contact.pk}, by=manager)
    assert held(agent) == 0 and not Assignment.objects.exists()


def test_a_rule_that_nobody_understands_matches_nothing(manager, agent):
    broken = rule("Broken", WEB, agents=[agent])
    RoutingRule.objects.filter(pk=broken.pk).update(conditions=[{"field": "moon", "operator": 7}, None])
    assert new(manager, source="Web").agent is None


# --- by set ------------------------------------------------------------------------------------------------------


def a_file(count: int, source: Any = "Web", start: int = 0) -> bytes:
    rows = (f"Ada{n},+1415555{2000 + n},{source}" for n in range(start, start + count))
    return "\n".join(["first_name,phone,source", *rows]).encode()


def brought_in(text: bytes, by: Any, agent: Agent | None = None) -> dict[str, Any]:
    from django.core.files.uploadedfile import SimpleUploadedFile

    file = keep_file(SimpleUploadedFile("leads.csv", text), by=by)
    return answer_of(start_import(file, suggest(file.headers), by=by, agent=agent, at_once=True))


def test_an_import_is_routed_as_a_set_and_each_agent_gets_one_mail(manager, agent, other_agent):
    Agent.objects.filter(pk=agent.pk).update(max_capacity=3)
    web = rule("Web", WEB, agents=[agent, other_agent])
    answer = brought_in(a_file(10), manager)
    assert (answer["success_count"], answer["warnings"]) == (10, [])
    assert (held(agent), held(other_agent)) == (3, 7)
    assert Assignment.objects.filter(actor_label="routing", reason__rule__id=str(web.pk)).count() == 10
    assert sorted(Mail.objects.values_list("to", flat=True)) == sorted([agent.user.email, other_agent.user.email])
    assert AuditEntry.objects.get(action="routing_rule.applied").data["placed"] == 10


def test_what_an_import_finds_no_agent_for_is_created_and_listed(manager, agent):
    Agent.objects.filter(pk=agent.pk).update(max_capacity=1)
    rule("Web", WEB, agents=[agent])
    answer = brought_in(a_file(2), manager)
    left = Lead.objects.get(agent=None)
    assert (answer["success_count"], answer["error_count"]) == (2, 0)
    assert answer["warnings"] == [
        {"row": 3, "warning": "Created without an agent: “Web” found nobody with room", "lead_id": str(left.pk)}
    ]


def test_the_same_file_twice_brings_nobody_in_twice(manager, agent, other_agent):
    rule("Web", WEB, agents=[agent, other_agent])
    brought_in(a_file(4), manager)
    answer = brought_in(a_file(5), manager)
    assert (answer["success_count"], answer["error_count"], len(answer["duplicates"])) == (1, 4, 4)
    assert Lead.objects.count() == 5


def test_a_held_lead_stands_in_the_way_of_an_import_by_rules_alone_and_a_closed_one_of_none(
    manager, agent, other_agent
):
    """The rule of `domain` (one open lead for each agent, one without) but for files that rules share out."""

    def taken(to: Agent | None = None) -> tuple[int, int]:
        answer = brought_in(a_file(1), manager, agent=to)
        return answer["created_count"], len(answer["duplicates"])

    web = rule("Web", WEB, agents=[agent])
    assert (taken(), held(agent)) == ((1, 0), 1)
    assert taken() == (0, 1)  # it would go to the queue, and be there twice
    assert (taken(other_agent), taken(other_agent)) == ((1, 0), (0, 1))
    update_rule(web, {"is_active": False}, by=manager)
    assert (taken(), taken()) == ((1, 0), (0, 1))  # without an agent, then another one without
    update_rule(web, {"is_active": True}, by=manager)
    assert taken() == (0, 1)
    Lead.objects.update(status="done")
    assert (taken(), held(agent)) == ((1, 0), 1)


def test_undoing_an_import_takes_the_routed_leads_back(manager, agent):
    from crm.jobs.actions import undo_job
    from crm.jobs.models import Job
    from crm.jobs.running import run_job

    rule("Web", WEB, agents=[agent])
    brought_in(a_file(3), manager)
    assert held(agent) == 3
    undoing = undo_job(Job.objects.get(kind="leads.import"), by=manager)
    run_job(undoing.pk)
    assert held(agent) == 0 and not Lead.objects.alive().exists()


@pytest.mark.parametrize(("rows", "agents", "rules"), [(1, 1, 1), (30, 12, 8)])
def test_an_import_costs_the_same_statements_for_any_number(manager, monkeypatch, rows, agents, rules):
    monkeypatch.setattr("crm.audit.recording.events_recorded.send", lambda **kwargs: [])
    team = [AgentFactory() for _ in range(agents)]
    strategies = ["round_robin", "capacity", "performance", "manual"]
    for n in range(rules):
        named = condition("source", "is_one_of", f"s{n}")
        rule(f"Rule {n}", named, agents=team[n % agents :] + team[: n % agents], strategy=strategies[n % 4])
    rule("All else", strategy="performance")
    numbered = [f"Ada{n},+1415555{2000 + n},s{n % (rules + 1)}" for n in range(rows - 1)]
    text = "\n".join(["first_name,phone,source", *numbered, "Last,+14155559999,x"])
    with CaptureQueriesContext(connection) as captured:
        assert brought_in(text.encode(), manager)["success_count"] == rows
    assert not Lead.objects.filter(agent=None).exists()
    names = ("leads_routingrule", "leads_ruleagent", "agents_agent", "leads_assignment")
    routing = [sql for query in captured if any(name in (sql := query["sql"]) for name in names)]
    assert len(routing) <= 11, "\n".join(sql[:160] for sql in routing)


@pytest.mark.parametrize(("rules", "agents"), [(1, 1), (30, 30)])
def test_a_creation_costs_the_same_for_any_number_of_rules_and_agents(
    manager, monkeypatch, django_assert_num_queries, rules, agents
):
    monkeypatch.setattr("crm.audit.recording.events_recorded.send", lambda **kwargs: [])
    team = [AgentFactory() for _ in range(agents)]
    for n in range(rules - 1):
        rule(f"Rule {n}", condition("source", "is_one_of", f"s{n}"), agents=team)
    rule("All else", agents=team)
    active_rules()  # kept, as in a company that gets leads
    with django_assert_num_queries(16):
        create_lead({"first_name": "Ada", "phone": "+14155552671", "source": "Web"}, by=manager)


def test_a_company_without_rules_pays_one_statement(manager, monkeypatch):
    monkeypatch.setattr("crm.audit.recording.events_recorded.send", lambda **kwargs: [])
    with CaptureQueriesContext(connection) as captured:
        create_lead({"first_name": "Ada", "phone": "+14155552671"}, by=manager)
    asked = [query["sql"] for query in captured if "routingrule" in query["sql"] or "agents_agent" in query["sql"]]
    assert len(asked) == 1


# --- races -------------------------------------------------------------------------------------------------------


class TestStorm:
    pytestmark = on_postgres

    def test_creations_at_the_limit_fill_nobody_beyond_capacity(self, company, manager):
        team = [AgentFactory(max_capacity=3) for _ in range(3)]
        rule("Web", WEB, agents=team)
        rule("All else", agents=team[::-1], strategy="capacity")
        works = [
            lambda n=n: create_lead(
                {"first_name": "Ada", "phone": f"+1415555{2000 + n}", "source": "Web" if n % 2 else "Phone"}, by=manager
            )
            for n in range(16)
        ]
        made = race(company.pk, works)
        assert len(made) == 16 and all(isinstance(lead, Lead) for lead in made)
        assert [held(one) for one in team] == [3, 3, 3]
        assert Lead.objects.filter(agent=None).count() == 7
        assert AuditEntry.objects.filter(action="lead.left_unassigned").count() == 7

    def test_creations_and_assignments_by_hand_share_the_same_room(self, company, manager):
        from leads.assignment import assign_many

        one = AgentFactory(max_capacity=5)
        rule("All", agents=[one])
        waiting = make_leads(6, 1000)
        works: list[Any] = [
            lambda n=n: create_lead({"first_name": "Ada", "phone": f"+1415555{2000 + n}"}, by=manager) for n in range(6)
        ]
        works += [
            lambda lead=lead: assign_many([lead.pk], strategy="manual", pool=[one], by=manager) for lead in waiting
        ]
        race(company.pk, works)
        assert held(one) == 5

    def test_a_rule_deleted_meanwhile_fails_no_creation(self, company, manager):
        from leads.routing.actions import delete_rule

        one = AgentFactory(max_capacity=100)
        rules = [rule(f"Rule {n}", agents=[one]) for n in range(3)]
        works: list[Any] = [
            lambda n=n: create_lead({"first_name": "Ada", "phone": f"+1415555{2000 + n}"}, by=manager) for n in range(6)
        ]
        works += [lambda row=row: delete_rule(row, by=manager) for row in rules]
        race(company.pk, works)
        assert Lead.objects.count() == 6
