"""Many leads at once: by each strategy, what fails alone, what is kept, and at what cost."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now

from agents.models import Agent, Availability
from agents.tests.factories import AgentFactory, VoiceAgentFactory
from crm.accounts.tests.factories import CompanyFactory
from crm.audit.models import AuditEntry
from crm.core.tenancy import company_active
from leads.assignment import assign_by_strategy, assign_many, return_many
from leads.assignment.errors import NobodyFits
from leads.models import Assignment, Lead, Priority, Strategy
from leads.tests.assigning import held, make_leads
from leads.tests.factories import LeadFactory

pytestmark = pytest.mark.usefixtures("in_company")
ALWAYS = {day: [["00:00", "24:00"]] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}


@pytest.fixture(autouse=True)
def open_all_day(company):
    """So that business hours decide only where a test says so."""
    company.business_hours = ALWAYS
    company.save()


def ids(leads) -> list:
    return [lead.pk for lead in leads]


def holders() -> list[str]:
    return list(Lead.objects.order_by("pk").values_list("agent__name", flat=True))


def team(*names: str, **fields) -> list[Agent]:
    return [AgentFactory(name=name, **fields) for name in names]


def test_round_robin_gives_each_its_turn_and_remembers_it(manager):
    a, b, c = team("A", "B", "C")
    first = assign_many(ids(make_leads(4)), strategy=Strategy.ROUND_ROBIN, by=manager)
    assert holders() == ["A", "B", "C", "A"]
    assert first.distribution == {a.pk: 2, b.pk: 1, c.pk: 1}
    assign_many(ids(make_leads(3, 100)), strategy=Strategy.ROUND_ROBIN, by=manager)
    assert holders()[4:] == ["B", "C", "A"]  # A had the last turn


def test_round_robin_by_single_leads_is_the_same_rotation(manager):
    team("A", "B", "C")
    for lead in make_leads(5):
        assign_by_strategy(lead, strategy=Strategy.ROUND_ROBIN, by=manager)
    assert holders() == ["A", "B", "C", "A", "B"]


def test_capacity_gives_to_the_most_free_share_first(manager):
    AgentFactory(name="Small", max_capacity=4)
    large = AgentFactory(name="Large", max_capacity=8)
    make_leads(4, 900, agent=large)  # both now: small 4 of 4 free, large 4 of 8
    leads = make_leads(6)
    assign_many(ids(leads), strategy=Strategy.CAPACITY, by=manager)
    names = [Lead.objects.get(pk=lead.pk).agent.name for lead in leads]
    # free: 100 : 50 %, 75 : 50, then 50 : 50 and small holds fewer, 25 : 50, 25 : 37, 25 : 25
    assert names == ["Small", "Small", "Small", "Large", "Large", "Small"]


def test_performance_gives_all_to_the_best_with_room(manager):
    good, poor = AgentFactory(name="Good", max_capacity=2), AgentFactory(name="Poor")
    LeadFactory.create_batch(3, agent=good, status="done", stage="customer", closed_at=now())
    LeadFactory.create_batch(3, agent=poor, status="done", stage="lost", closed_at=now())
    leads = make_leads(3)
    assign_many(ids(leads), strategy=Strategy.PERFORMANCE, by=manager)
    assert [Lead.objects.get(pk=lead.pk).agent.name for lead in leads] == ["Good", "Good", "Poor"]
    reason = Assignment.objects.get(lead=leads[0]).reason
    assert reason["score"] > 50 and reason["rank"] == 1


def test_manual_fills_the_named_agents_in_order(manager):
    a, b = team("A", "B", max_capacity=2)
    result = assign_many(ids(make_leads(5)), strategy=Strategy.MANUAL, pool=[b, a], by=manager)
    assert holders() == ["B", "B", "A", "A", None]
    assert [error for _, error in result.failed] == ["No agent has room for this lead"]


def test_available_agents_within_hours_come_before_the_others(manager):
    away = AgentFactory(name="Away", availability=Availability.AWAY)
    closed = AgentFactory(name="Closed", business_hours={})
    ready = AgentFactory(name="Ready", max_capacity=2)
    assign_many(ids(make_leads(4)), strategy=Strategy.ROUND_ROBIN, by=manager)
    assert holders() == ["Ready", "Ready", "Away", "Closed"]
    assert (held(ready), held(away), held(closed)) == (2, 1, 1)


def test_no_lead_goes_to_the_inactive_or_beyond_room_and_the_rest_is_reported(manager):
    AgentFactory(name="Gone", is_active=False)
    AgentFactory(name="A", max_capacity=1)
    leads = make_leads(3)
    result = assign_many(ids(leads), strategy=Strategy.CAPACITY, by=manager)
    assert holders() == ["A", None, None]
    assert (result.assigned, [pk for pk, _ in result.failed]) == (1, ids(leads[1:]))


def test_naming_an_inactive_agent_says_so(manager):
    gone = AgentFactory(name="Gone", is_active=False)
    result = assign_many(ids(make_leads(1)), strategy=Strategy.MANUAL, pool=[gone], by=manager)
    assert [error for _, error in result.failed] == ["Gone is inactive"]


def test_one_agent_named_without_room_says_so(manager):
    a = AgentFactory(name="A", max_capacity=1)
    result = assign_many(ids(make_leads(2)), strategy=Strategy.MANUAL, pool=[a], by=manager)
    assert [error for _, error in result.failed] == ["A has no room: 1 of 1 open leads"]


def test_bad_ids_closed_and_foreign_leads_fail_alone(manager):
    a = AgentFactory(name="A")
    good, closed = LeadFactory(), LeadFactory(status="done")
    gone = LeadFactory(deleted_at=now())
    elsewhere = CompanyFactory()
    with company_active(elsewhere.pk):
        foreign = LeadFactory()
    result = assign_many(
        ["nonsense", str(good.pk), closed.pk, gone.pk, foreign.pk, good.pk], strategy="manual", pool=[a], by=manager
    )
    assert result.assigned == 1 and result.placed == {good.pk: a.pk}
    assert result.failed == [
        ("nonsense", "Lead not found"),
        (gone.pk, "Lead not found"),
        (foreign.pk, "Lead not found"),
        (closed.pk, "The lead is closed; reopen it first"),
    ]
    with company_active(elsewhere.pk):
        assert Lead.objects.get().agent is None


def test_ids_outside_what_the_asker_may_assign_fail_alone(agent, manager):
    own, other = LeadFactory(agent=agent), LeadFactory()
    target = AgentFactory()
    result = assign_many(
        [own.pk, other.pk], strategy="manual", pool=[target], by=agent.user, within=Lead.objects.filter(agent=agent)
    )
    assert (result.assigned, result.failed) == (1, [(other.pk, "Lead not found")])


def test_two_leads_of_one_contact_go_to_different_agents_or_fail_alone(manager):
    a, b = team("A", "B")
    contact = LeadFactory(agent=b).contact
    twins = [LeadFactory(contact=contact), LeadFactory(contact=contact)]
    result = assign_many(ids(twins), strategy=Strategy.ROUND_ROBIN, by=manager)
    assert result.placed == {twins[0].pk: a.pk}
    assert result.failed == [(twins[1].pk, "Every agent with room has an open lead of this contact")]


def test_held_leads_are_handed_on_and_make_room_as_they_leave(manager):
    a, b = team("A", "B", max_capacity=2)
    leads = make_leads(2, agent=a) + make_leads(2, 100, agent=b)
    result = assign_many(ids(leads[:1]), strategy=Strategy.CAPACITY, by=manager)
    assert [error for _, error in result.failed] == ["No agent has room for this lead"]
    c = AgentFactory(name="C", max_capacity=1)
    result = assign_many(ids([leads[0], leads[2]]), strategy=Strategy.CAPACITY, by=manager)
    assert result.placed == {leads[0].pk: c.pk, leads[2].pk: a.pk}  # A's place became free on the way
    assert (held(a), held(b), held(c)) == (2, 1, 1)


def test_the_named_holder_keeps_what_it_has(manager):
    a = AgentFactory(name="A", max_capacity=2)
    kept, new = LeadFactory(agent=a, deadline=now()), LeadFactory()
    result = assign_many([kept.pk, new.pk], strategy=Strategy.MANUAL, pool=[a], by=manager)
    assert (result.assigned, result.unchanged, result.failed) == (2, 1, [])
    assert [row.lead_id for row in Assignment.objects.all()] == [new.pk]
    assert Lead.objects.get(pk=kept.pk).deadline == kept.deadline


def test_every_placement_keeps_why(manager):
    full, away = AgentFactory(name="Full", max_capacity=0), AgentFactory(name="Away", availability="away")
    a = AgentFactory(name="A", max_capacity=10)
    contact = LeadFactory(agent=a).contact
    plain, twin = LeadFactory(), LeadFactory(contact=contact)
    assign_many([plain.pk, twin.pk], strategy=Strategy.CAPACITY, by=manager, notes="Share out")
    first, second = Assignment.objects.get(lead=plain), Assignment.objects.get(lead=twin)
    assert first.reason == {
        "strategy": "capacity",
        "rank": 1,
        "pool": 3,
        "current": 1,
        "max": 10,
        "availability": "available",
        "within_hours": True,
        "passed_over": [{"agent_id": str(full.pk), "why": "full", "ahead": True}],
        "passed_over_count": 1,
    }
    assert (second.to_agent, second.reason["rank"], second.notes) == (away, 2, "Share out")
    assert second.reason["passed_over"][0] == {"agent_id": str(a.pk), "why": "holds_another", "ahead": True}


def test_deadlines_follow_each_leads_priority(company, manager):
    company.sla_by_priority = {"urgent": 15}
    company.save()
    AgentFactory()
    urgent, normal = LeadFactory(priority=Priority.URGENT), LeadFactory()
    assign_many([urgent.pk, normal.pk], strategy=Strategy.CAPACITY, by=manager)
    for lead, minutes in ((urgent, 15), (normal, 120)):
        row = Lead.objects.get(pk=lead.pk)
        assert row.deadline - row.assigned_at == timedelta(minutes=minutes)
        assert Assignment.objects.get(lead=row).deadline == row.deadline


def test_each_lead_has_its_event(manager):
    a, b = team("A", "B")
    new, held_lead = LeadFactory(), LeadFactory(agent=a)
    assign_many([new.pk, held_lead.pk], strategy=Strategy.MANUAL, pool=[b], by=manager)
    events = {entry.object_id: entry for entry in AuditEntry.objects.all()}
    assert (events[new.pk].action, events[held_lead.pk].action) == ("lead.assigned", "lead.reassigned")
    assert events[held_lead.pk].data["from_agent_id"] == str(a.pk)
    assert {entry.user for entry in events.values()} == {manager}


def test_voice_agents_get_leads_only_where_they_are_named_or_alone(manager):
    voice = VoiceAgentFactory(name="Voice")
    assign_many(ids(make_leads(1)), strategy=Strategy.CAPACITY, by=manager)
    assert holders() == ["Voice"]
    person = AgentFactory(name="Person")
    assign_many(ids(make_leads(2, 10)), strategy=Strategy.CAPACITY, by=manager)
    assert holders()[1:] == ["Person", "Person"]
    assign_many(ids(make_leads(2, 20)), strategy=Strategy.CAPACITY, pool=[person, voice], by=manager)
    assert holders()[3:] == ["Voice", "Voice"]  # without a maximum it is wholly free


def test_of_voice_agents_without_maximum_who_holds_least_comes_first(manager):
    first, second = VoiceAgentFactory(name="V1"), VoiceAgentFactory(name="V2")
    make_leads(2, 900, agent=first)
    assign_many(ids(make_leads(4)), strategy=Strategy.CAPACITY, pool=[first, second], by=manager)
    assert (held(first), held(second)) == (3, 3)


def test_nobody_at_all_is_a_failure_of_each(manager):
    lead = LeadFactory()
    result = assign_many([lead.pk], strategy=Strategy.ROUND_ROBIN, by=manager)
    assert result.failed == [(lead.pk, "No agent has room for this lead")]
    with pytest.raises(NobodyFits):
        assign_by_strategy(lead, strategy=Strategy.ROUND_ROBIN, by=manager)


def test_returning_many_puts_them_back_with_the_reason_and_flags_twins(agent, manager):
    contact = LeadFactory().contact
    leads = [
        LeadFactory(agent=agent, contact=contact),
        LeadFactory(agent=agent),
        LeadFactory(agent=agent, status="done"),
    ]
    assert return_many(Lead.objects.filter(agent=agent), by=manager, why="inactive") == 2
    rows = {lead.pk: lead for lead in Lead.objects.all()}
    assert [rows[lead.pk].agent_id for lead in leads] == [None, None, agent.pk]
    assert [rows[lead.pk].is_duplicate for lead in leads] == [True, False, False]
    assert {row.reason["returned"] for row in Assignment.objects.all()} == {"inactive"}
    assert {entry.action for entry in AuditEntry.objects.all()} == {"lead.unassigned"}


@pytest.mark.parametrize("strategy", [Strategy.MANUAL, Strategy.ROUND_ROBIN, Strategy.CAPACITY, Strategy.PERFORMANCE])
def test_a_batch_costs_the_same_for_ten_leads_and_a_thousand_and_for_two_agents_and_twenty(
    manager, strategy, monkeypatch
):
    monkeypatch.setattr("crm.audit.recording.events_recorded.send", lambda **kwargs: [])
    costs = []
    for agents, count, start in ((2, 10, 0), (20, 1000, 5000)):
        pool = [AgentFactory(max_capacity=1000) for _ in range(agents)]
        leads = ids(make_leads(count, start))
        with CaptureQueriesContext(connection) as captured:
            result = assign_many(leads, strategy=strategy, pool=pool, by=manager)
        assert result.assigned == count
        costs.append(len(captured))
    if connection.vendor == "postgresql":  # SQLite splits by its parameter limit
        assert costs[0] == costs[1] <= 12


def test_a_selection_is_read_batch_by_batch_and_placed_whole(manager, monkeypatch):
    monkeypatch.setattr("leads.assignment.bulk.BATCH", 7)
    a, b = team("A", "B")
    make_leads(20)
    result = assign_many(Lead.objects.filter(agent__isnull=True), strategy=Strategy.ROUND_ROBIN, by=manager)
    assert (result.assigned, result.distribution) == (20, {a.pk: 10, b.pk: 10})
    assert (held(a), held(b)) == (10, 10)
