"""Agents: made, changed, switched off and on; and how they follow their users."""

from __future__ import annotations

import pytest
from django.utils.timezone import now

from agents.actions import (
    activate_agent,
    create_agent,
    deactivate_agent,
    set_availability,
    set_capacity,
    update_agent,
)
from agents.errors import IsAgentAlready, UserIsInactive
from agents.models import Agent
from agents.tests.factories import VoiceAgentFactory
from crm.accounts.actions import NewUser, activate_user, create_user, deactivate_user, update_user
from crm.accounts.tests.factories import PASSWORD, UserFactory
from crm.audit.models import AuditEntry
from crm.core.errors import InvalidField
from leads.models import Assignment, Lead
from leads.tests.factories import LeadFactory

pytestmark = pytest.mark.usefixtures("in_company")


def events(obj) -> list[str]:
    return list(AuditEntry.objects.filter(object_id=obj.pk).order_by("pk").values_list("action", flat=True))


def test_a_user_becomes_an_agent_with_room_for_25(admin):
    user = UserFactory(first_name="Dana", last_name="Cole", role="manager")
    agent = create_agent(user, by=admin)
    row = Agent.objects.get()
    assert (row.kind, row.user, row.name, row.max_capacity, row.is_active) == ("human", user, "Dana Cole", 25, True)
    assert AuditEntry.objects.get(action="agent.created").data == {"kind": "human", "user_id": str(user.pk)}
    with pytest.raises(IsAgentAlready):
        create_agent(user, by=admin)
    assert agent == row


def test_a_voice_agent_has_a_name_and_no_limit(admin):
    create_agent(None, {"name": "Ava", "voice": "alloy", "caller_number": "+14155550100"}, by=admin)
    row = Agent.objects.get()
    assert (row.kind, row.user, row.name, row.max_capacity, row.voice) == ("voice", None, "Ava", None, "alloy")


def test_an_inactive_user_is_refused(admin):
    with pytest.raises(UserIsInactive):
        create_agent(UserFactory(is_active=False), by=admin)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": " "}, "name"),
        ({"timezone": "Mars/Base"}, "timezone"),
        ({"business_hours": {"mon": [["17:00"]]}}, "business_hours"),
        ({"max_attempts": 0}, "max_attempts"),
        ({"retry_delay_minutes": -1}, "retry_delay_minutes"),
        ({"max_concurrent_calls": 0}, "max_concurrent_calls"),
        ({"max_capacity": 10_001}, "max"),
        ({"max_capacity": -1}, "max"),
        ({"max_capacity": None}, "max"),
        ({"caller_number": "0800 1"}, "caller_number"),
        ({"availability": "asleep"}, "availability"),
    ],
)
def test_what_cannot_be_is_refused_by_its_name(agent, admin, fields, field):
    with pytest.raises(InvalidField) as refusal:
        update_agent(agent, fields, by=admin)
    assert refusal.value.field == field
    assert not AuditEntry.objects.exists()


def test_changes_are_events_of_their_kind_and_nothing_changed_is_none(agent, admin):
    update_agent(agent, {"max_capacity": 30, "availability": "away", "max_attempts": 5}, by=admin)
    assert sorted(events(agent)) == ["agent.availability_set", "agent.capacity_set", "agent.updated"]
    entry = AuditEntry.objects.get(action="agent.capacity_set")
    assert entry.changes == [{"field": "max_capacity", "before": 25, "after": 30}]
    update_agent(agent, {"max_capacity": 30}, by=admin)
    assert len(events(agent)) == 3


def test_capacity_may_be_set_below_what_is_held_and_off_for_voice_agents(agent, admin):
    LeadFactory.create_batch(3, agent=agent)
    assert set_capacity(agent, 1, by=admin).max_capacity == 1
    assert Lead.objects.filter(agent=agent).count() == 3
    voice = VoiceAgentFactory(max_capacity=5)
    assert set_capacity(voice, None, by=admin).max_capacity is None
    assert set_availability(agent, "busy", by=agent.user).availability == "busy"


def test_switching_off_returns_open_leads_on_record_and_keeps_closed_ones(agent, admin):
    waiting = LeadFactory()
    twin, plain = LeadFactory(agent=agent, contact=waiting.contact), LeadFactory(agent=agent, deadline=now())
    closed = LeadFactory(agent=agent, status="done")
    switched = deactivate_agent(agent, by=admin)
    assert switched.is_active is False
    rows = {lead.pk: lead for lead in Lead.objects.all()}
    assert [rows[lead.pk].agent_id for lead in (twin, plain, closed)] == [None, None, agent.pk]
    assert (rows[twin.pk].is_duplicate, rows[plain.pk].deadline) == (True, None)
    history = Assignment.objects.all()
    assert {(row.from_agent, row.to_agent, row.user, row.reason["returned"]) for row in history} == {
        (agent, None, admin, "inactive")
    }
    assert events(agent) == ["agent.deactivated"] and events(plain) == ["lead.unassigned"]


def test_switching_off_twice_is_on_record_once(agent, admin):
    deactivate_agent(agent, by=admin)
    deactivate_agent(agent, by=admin)
    assert events(agent) == ["agent.deactivated"]


def test_switching_on_needs_an_active_user(agent, admin):
    deactivate_agent(agent, by=admin)
    assert activate_agent(agent, by=admin).is_active is True
    deactivate_agent(agent, by=admin)
    agent.user.is_active = False
    agent.user.save()
    with pytest.raises(UserIsInactive):
        update_agent(Agent.objects.get(), {"is_active": True}, by=admin)


# --- users -----------------------------------------------------------------------------------------------------------


def test_a_new_user_with_the_role_agent_is_an_agent_and_others_are_not(admin):
    user = create_user(
        NewUser("new@copperline.example", "agent", "New", "Hand", password=PASSWORD, timezone="Asia/Tokyo"), by=admin
    )
    create_user(NewUser("boss@copperline.example", "manager", "New", "Boss", password=PASSWORD), by=admin)
    row = Agent.objects.get()
    assert (row.user, row.name, row.timezone) == (user, "New Hand", "Asia/Tokyo")
    assert AuditEntry.objects.get(action="agent.created").user == admin


def test_a_user_switched_off_takes_the_agent_along_and_its_leads_return(agent, admin):
    lead = LeadFactory(agent=agent)
    deactivate_user(agent.user, by=admin)
    assert Agent.objects.get().is_active is False
    assert Lead.objects.get().agent is None
    assert events(lead) == ["lead.unassigned"]
    activate_user(agent.user, by=admin)
    assert Agent.objects.get().is_active is True
    assert Lead.objects.get().agent is None


def test_becoming_an_agent_makes_one_and_promotion_keeps_it(admin):
    user = UserFactory(role="manager")
    update_user(user, {"role": "agent"}, by=admin)
    agent = Agent.objects.get()
    lead = LeadFactory(agent=agent)
    update_user(user, {"role": "manager"}, by=admin)
    assert Agent.objects.get().is_active and Lead.objects.get().agent == agent
    deactivate_agent(agent, by=admin)
    update_user(user, {"role": "agent"}, by=admin)
    assert Agent.objects.get().is_active
    assert Lead.objects.get(pk=lead.pk).agent is None


def test_an_agent_is_called_as_its_user_is(agent, admin):
    update_user(agent.user, {"last_name": "Patel"}, by=admin)
    assert Agent.objects.get().name == "Priya Patel"
