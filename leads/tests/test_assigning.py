"""One lead changes hands."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils.timezone import now

from agents.models import Agent
from crm.audit.models import AuditEntry
from leads.assignment import (
    AgentInactive,
    CapacityExceeded,
    LeadIsClosed,
    NobodyHolds,
    assign_lead,
    reassign_lead,
    unassign_lead,
)
from leads.errors import DuplicateLead
from leads.models import Assignment, Lead, Priority
from leads.tests.factories import LeadFactory

pytestmark = pytest.mark.usefixtures("in_company")


@pytest.fixture
def unheard(monkeypatch):
    """What the action itself costs: nobody hears of it."""
    monkeypatch.setattr("crm.audit.recording.events_recorded.send", lambda **kwargs: [])


def held_by(agent: Agent, count: int) -> None:
    LeadFactory.create_batch(count, agent=agent)


def test_assigning_sets_holder_clock_history_and_event(agent, manager):
    lead = LeadFactory()
    before = now()
    answered = assign_lead(lead, agent, by=manager, notes="Knows the trade")
    assert answered is lead and lead.agent == agent
    row = Lead.objects.get()
    assert row.agent == agent
    assert before <= row.assigned_at <= now()
    assert row.deadline == row.assigned_at + timedelta(minutes=120)
    history = Assignment.objects.get()
    assert (history.lead, history.from_agent, history.to_agent) == (lead, None, agent)
    assert (history.user, history.strategy, history.notes) == (manager, "manual", "Knows the trade")
    assert (history.deadline, history.at) == (row.deadline, row.assigned_at)
    assert history.reason == {
        "strategy": "manual",
        "rank": 1,
        "pool": 1,
        "current": 0,
        "max": 25,
        "availability": "available",
        "within_hours": history.reason["within_hours"],
    }
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.object_type, entry.object_id, entry.user) == ("lead.assigned", "lead", lead.pk, manager)
    assert entry.data == {
        "agent_id": str(agent.pk),
        "from_agent_id": None,
        "strategy": "manual",
        "assignment_id": str(history.pk),
    }


def test_an_assignment_costs_six_statements(agent, manager, unheard, django_assert_num_queries):
    """Lock the lead, lock the agent, count its leads; update, history, event."""
    lead = LeadFactory()
    with django_assert_num_queries(6):
        assign_lead(lead, agent, by=manager)


def test_a_lead_that_the_caller_has_just_made_costs_five(agent, manager, unheard, django_assert_num_queries):
    lead = LeadFactory()
    with django_assert_num_queries(5):
        assign_lead(lead, agent, by=manager, locked=True)


def test_a_full_agent_gets_no_more_and_the_refusal_names_its_capacity(agent, manager):
    Agent.objects.update(max_capacity=2)
    held_by(agent, 2)
    lead = LeadFactory()
    with pytest.raises(CapacityExceeded) as refusal:
        assign_lead(lead, agent, by=manager)
    assert refusal.value.status == 409
    assert refusal.value.extra == {"agent_capacity": {"current": 2, "max": 2, "percentage": 100, "available_slots": 0}}
    lead.refresh_from_db()
    assert lead.agent is None and not Assignment.objects.exists() and not AuditEntry.objects.exists()


@pytest.mark.parametrize("closed", [{"status": "done"}, {"stage": "lost"}, {"deleted_at": now()}])
def test_closed_and_deleted_leads_take_no_room(agent, manager, closed):
    Agent.objects.update(max_capacity=1)
    LeadFactory(agent=agent, **closed)
    assert assign_lead(LeadFactory(), agent, by=manager).agent == agent


def test_an_inactive_agent_gets_none(agent, manager):
    Agent.objects.update(is_active=False)
    with pytest.raises(AgentInactive, match="inactive"):
        assign_lead(LeadFactory(), agent, by=manager)


def test_a_second_open_lead_of_the_contact_is_refused_and_named(agent, manager, other_agent):
    first = LeadFactory(agent=agent)
    second = LeadFactory(contact=first.contact)
    with pytest.raises(DuplicateLead) as refusal:
        assign_lead(second, agent, by=manager)
    assert refusal.value.extra == {"existing_lead_id": str(first.pk)}
    assert assign_lead(second, other_agent, by=manager).agent == other_agent


def test_a_closed_lead_of_the_contact_is_no_hindrance(agent, manager):
    first = LeadFactory(agent=agent, status="done")
    assert assign_lead(LeadFactory(contact=first.contact), agent, by=manager).agent == agent


def test_assigning_a_closed_lead_is_refused(agent, manager):
    with pytest.raises(LeadIsClosed):
        assign_lead(LeadFactory(status="done"), agent, by=manager)


def test_reassigning_restarts_the_clock_and_keeps_a_breach_on_record(agent, other_agent, manager):
    earlier = now() - timedelta(days=1)
    lead = LeadFactory(
        agent=agent, assigned_at=earlier, deadline=earlier, first_response_at=earlier, breached_at=earlier
    )
    reassign_lead(lead, other_agent, by=manager, priority=Priority.HIGH)
    row = Lead.objects.get()
    assert (row.agent, row.first_response_at, row.breached_at) == (other_agent, None, earlier)
    assert row.deadline > now() and row.priority == Priority.HIGH
    history = Assignment.objects.get()
    assert (history.from_agent, history.to_agent) == (agent, other_agent)
    assert list(AuditEntry.objects.order_by("id").values_list("action", flat=True)) == [
        "lead.updated",
        "lead.reassigned",
    ]


def test_reassigning_what_nobody_holds_is_refused(agent, manager):
    with pytest.raises(NobodyHolds):
        reassign_lead(LeadFactory(), agent, by=manager)


def test_assigning_to_the_holder_changes_neither_clock_nor_history(agent, manager):
    Agent.objects.update(max_capacity=1)
    lead = LeadFactory(agent=agent, deadline=now(), priority=Priority.LOW)
    deadline = lead.deadline
    assign_lead(lead, agent, by=manager, priority=Priority.URGENT)
    row = Lead.objects.get()
    assert (row.deadline, row.priority) == (deadline, Priority.URGENT)
    assert not Assignment.objects.exists()
    assert [e.action for e in AuditEntry.objects.all()] == ["lead.updated"]


def test_notes_for_the_holder_are_kept(agent, manager):
    assign_lead(LeadFactory(agent=agent), agent, by=manager, notes="Call again")
    row = Assignment.objects.get()
    assert (row.from_agent, row.to_agent, row.notes) == (agent, agent, "Call again")


def test_unassigning_returns_the_lead_to_the_queue(agent, manager):
    lead = LeadFactory(agent=agent, assigned_at=now(), deadline=now(), first_response_at=now())
    unassign_lead(lead, by=manager, reason="On leave")
    row = Lead.objects.get()
    assert (row.agent, row.assigned_at, row.deadline, row.first_response_at, row.is_duplicate) == (
        None,
        None,
        None,
        None,
        False,
    )
    history = Assignment.objects.get()
    assert (history.from_agent, history.to_agent, history.notes) == (agent, None, "On leave")
    assert AuditEntry.objects.get().action == "lead.unassigned"


def test_unassigning_beside_a_waiting_lead_of_the_contact_flags_it(agent, manager):
    waiting = LeadFactory()
    lead = LeadFactory(agent=agent, contact=waiting.contact)
    unassign_lead(lead, by=manager)
    assert Lead.objects.get(pk=lead.pk).is_duplicate is True
    assert Lead.objects.get(pk=waiting.pk).is_duplicate is False


def test_unassigning_what_nobody_holds_is_refused(manager):
    with pytest.raises(NobodyHolds):
        unassign_lead(LeadFactory(), by=manager)
