"""When the first response is due, on either clock of the company."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine

from leads.assignment import assign_lead, reassign_lead
from leads.assignment.deadlines import deadline_for
from leads.models import Lead, Priority
from leads.tests.factories import LeadFactory

FRIDAY_AFTERNOON = datetime(2026, 3, 6, 16, 0, tzinfo=ZoneInfo("Europe/Berlin"))


@pytest.fixture
def business(company):
    company.timezone, company.sla_clock, company.sla_duration_minutes = "Europe/Berlin", "business", 120
    company.save()
    return company


def test_the_calendar_clock_runs_on(company):
    start = datetime(2026, 3, 6, 16, tzinfo=UTC)
    assert deadline_for(company, Priority.NORMAL, start) == start + timedelta(minutes=120)


def test_the_business_clock_stands_still_outside_hours_and_on_holidays(business):
    assert deadline_for(business, Priority.NORMAL, FRIDAY_AFTERNOON) == datetime(2026, 3, 9, 9, tzinfo=UTC)
    business.holidays = ["2026-03-09"]
    assert deadline_for(business, Priority.NORMAL, FRIDAY_AFTERNOON) == datetime(2026, 3, 10, 9, tzinfo=UTC)


def test_a_priority_may_have_a_duration_of_its_own(business):
    business.sla_by_priority = {"urgent": 30}
    assert deadline_for(business, Priority.URGENT, FRIDAY_AFTERNOON) == FRIDAY_AFTERNOON + timedelta(minutes=30)
    assert deadline_for(business, Priority.HIGH, FRIDAY_AFTERNOON) == datetime(2026, 3, 9, 9, tzinfo=UTC)


def test_a_company_that_never_opens_has_no_deadlines(business):
    business.business_hours = {}
    assert deadline_for(business, Priority.NORMAL, FRIDAY_AFTERNOON) is None


def test_assigning_sets_the_deadline_and_reassigning_starts_it_anew(business, in_company, agent, other_agent, manager):
    lead = LeadFactory()
    with time_machine.travel(FRIDAY_AFTERNOON, tick=False):
        assign_lead(lead, agent, by=manager)
    assert Lead.objects.get().deadline == datetime(2026, 3, 9, 9, tzinfo=UTC)
    with time_machine.travel(datetime(2026, 3, 9, 11, tzinfo=UTC), tick=False):
        reassign_lead(lead, other_agent, by=manager)
    assert Lead.objects.get().deadline == datetime(2026, 3, 9, 13, tzinfo=UTC)


def test_the_priority_set_with_the_assignment_decides_the_deadline(company, in_company, agent, manager):
    company.sla_by_priority = {"urgent": 15}
    company.save()
    lead = assign_lead(LeadFactory(), agent, by=manager, priority=Priority.URGENT)
    assert lead.deadline - lead.assigned_at == timedelta(minutes=15)
