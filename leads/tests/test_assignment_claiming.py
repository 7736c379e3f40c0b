"""Claiming the next lead, and what becomes of a lead that opens again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils.timezone import now

from agents.models import Agent
from crm.audit.models import AuditEntry
from crm.core.actors import System
from leads.actions import delete_lead, restore_lead, set_status
from leads.assignment import AgentInactive, CapacityExceeded, ClaimingIsOff, claim_lead
from leads.models import Assignment, Lead, Priority, Status, Strategy
from leads.tests.factories import LeadFactory

pytestmark = pytest.mark.usefixtures("in_company")


def test_the_next_is_by_priority_then_score_then_age(agent):
    at = now()
    oldest = LeadFactory(score=50, created_at=at - timedelta(days=2))
    younger = LeadFactory(score=50, created_at=at - timedelta(days=1))
    scored = LeadFactory(score=80)
    urgent = LeadFactory(priority=Priority.URGENT, score=1)
    LeadFactory(status="done"), LeadFactory(deleted_at=at), LeadFactory(stage="lost")
    claimed = [claim_lead(agent, by=agent.user) for _ in range(5)]
    assert claimed == [urgent, scored, oldest, younger, None]


def test_a_claim_is_an_assignment_with_its_history_and_event(agent):
    lead = LeadFactory()
    claimed = claim_lead(agent, by=agent.user)
    row = Lead.objects.get()
    assert claimed == lead and row.agent == agent and row.deadline == row.assigned_at + timedelta(minutes=120)
    history = Assignment.objects.get()
    assert (history.strategy, history.user, history.reason["strategy"]) == (Strategy.CLAIM, agent.user, "claim")
    assert AuditEntry.objects.get().action == "lead.assigned"


def test_a_contact_the_agent_deals_with_already_is_left_to_others(agent, other_agent):
    held = LeadFactory(agent=agent)
    twin = LeadFactory(contact=held.contact, priority=Priority.URGENT)
    plain = LeadFactory()
    assert claim_lead(agent, by=agent.user) == plain
    assert claim_lead(other_agent, by=other_agent.user) == twin


def test_a_full_or_inactive_agent_claims_nothing(agent):
    LeadFactory()
    Agent.objects.update(max_capacity=0)
    with pytest.raises(CapacityExceeded):
        claim_lead(agent, by=agent.user)
    Agent.objects.update(max_capacity=5, is_active=False)
    with pytest.raises(AgentInactive):
        claim_lead(agent, by=agent.user)
    assert Lead.objects.get().agent is None


def test_where_claiming_is_off_agents_may_not_and_managers_may(agent, manager, company):
    company.agents_may_claim = False
    company.save()
    lead = LeadFactory()
    with pytest.raises(ClaimingIsOff):
        claim_lead(agent, by=agent.user)
    assert claim_lead(agent, by=manager) == lead


def test_claiming_costs_six_statements(agent, monkeypatch, django_assert_num_queries):
    """Lock the agent, count, lock the next lead; update, history, event."""
    LeadFactory()
    monkeypatch.setattr("crm.audit.recording.events_recorded.send", lambda **kwargs: [])
    with django_assert_num_queries(6):
        claim_lead(agent, by=agent.user)


# --- opening again ---------------------------------------------------------------------------------------------------


def closed(agent: Agent, **fields) -> Lead:
    return LeadFactory(agent=agent, status=Status.DONE, closed_at=now(), **fields)


def test_a_lead_opened_again_stays_with_an_agent_who_has_room(agent, manager):
    lead = closed(agent)
    set_status(lead, Status.IN_PROGRESS, by=manager)
    row = Lead.objects.get()
    assert (row.agent, row.status) == (agent, Status.IN_PROGRESS)
    assert not Assignment.objects.exists()


def full(agent: Agent) -> dict:
    Agent.objects.update(max_capacity=1)
    LeadFactory(agent=agent)
    return {"returned": "full", "current": 1, "max": 1}


def inactive(agent: Agent) -> dict:
    Agent.objects.update(is_active=False)
    return {"returned": "inactive", "current": 0, "max": 25}


@pytest.mark.parametrize("obstacle", [full, inactive])
def test_a_lead_opened_again_at_an_agent_who_cannot_take_it_returns_to_the_queue(agent, manager, obstacle):
    reason = obstacle(agent)
    lead = closed(agent, deadline=now(), assigned_at=now())
    set_status(lead, Status.IN_PROGRESS, by=manager)
    row = Lead.objects.get(pk=lead.pk)
    assert (row.agent, row.status, row.deadline, row.assigned_at) == (None, Status.IN_PROGRESS, None, None)
    history = Assignment.objects.get()
    assert (history.from_agent, history.to_agent, history.reason) == (agent, None, reason)
    assert AuditEntry.objects.filter(action="lead.unassigned", object_id=lead.pk).count() == 1


def test_a_lead_opened_again_beside_another_of_its_contact_returns_to_the_queue(agent, manager):
    lead = closed(agent)
    LeadFactory(agent=agent, contact=lead.contact)
    set_status(lead, Status.IN_PROGRESS, by=manager)
    assert Lead.objects.get(pk=lead.pk).agent is None
    assert Assignment.objects.get().reason["returned"] == "holds_another"


def test_an_unassigned_lead_opened_again_beside_a_waiting_one_is_flagged(manager):
    waiting = LeadFactory()
    lead = LeadFactory(contact=waiting.contact, status=Status.DONE)
    set_status(lead, Status.IN_PROGRESS, by=manager)
    assert Lead.objects.get(pk=lead.pk).is_duplicate is True


def test_restoring_at_a_full_agent_returns_to_the_queue(agent, manager):
    lead = LeadFactory(agent=agent)
    delete_lead(lead, by=manager)
    full(agent)
    restore_lead(Lead.objects.get(pk=lead.pk), by=manager)
    row = Lead.objects.get(pk=lead.pk)
    assert (row.deleted_at, row.agent) == (None, None)


def test_the_product_itself_may_claim_for_an_agent(agent):
    LeadFactory()
    claim_lead(agent, by=System("routing"))
    assert Assignment.objects.get().actor_label == "routing"
