"""Which leads are called, in which order, and which are held back."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils.timezone import now

from agents.models import Agent
from agents.tests.factories import VoiceAgentFactory
from calls.actions import call_due_of, companies_with_due_leads, due_agents
from calls.actions.due import callable_by
from calls.models import Call, Status
from calls.tests.conftest import NOON, new_lead
from calls.tests.factories import ALWAYS, CallFactory, OpenVoiceAgentFactory
from crm.compliance.models import ContactDecision
from crm.core.tenancy import unscoped
from leads.models import Lead, Priority, Stage
from leads.models import Status as LeadStatus
from leads.tests.factories import ContactFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_company", "run_later")]
NIGHT = NOON.replace(hour=8)  # 1 am in San Francisco
HOUR = timedelta(hours=1)


def called(agent: Agent, at: datetime = NOON) -> list[Lead]:
    """The leads that one tick claims, in the order of the claims."""
    before = set(Call.objects.values_list("pk", flat=True))
    call_due_of(agent.pk, at=at)
    return [call.lead for call in Call.objects.exclude(pk__in=before).select_related("lead").order_by("pk")]


def test_a_due_lead_is_claimed_with_the_decision_that_allows_it(voice: Agent, due_lead: Lead, run_later: Any) -> None:
    assert call_due_of(voice.pk, at=NOON) == 1
    call = Call.objects.select_related("decision").get()
    assert (call.lead, call.agent, call.attempt, call.status) == (due_lead, voice, 1, Status.QUEUED)
    assert (call.phone_e164, call.contact_id) == (due_lead.contact.phone_e164, due_lead.contact_id)
    assert (
        call.decision.allowed and call.decision.lead_id == due_lead.pk and call.decision.contact_id == call.contact_id
    )
    assert run_later == [("calls.place_call", (call.pk,))]
    due_lead.refresh_from_db()
    assert (due_lead.attempts_count, due_lead.status) == (0, LeadStatus.NEW)  # nothing is dialled yet


def test_who_is_in_a_call_is_asked_once_and_not_again_for_each_due_lead(voice: Agent) -> None:
    """On SQLite the calls would be read through for each lead: minutes, with all else locked out, at 10,000 due."""
    assert "CORRELATED" not in callable_by(voice, NOON).explain()


def test_a_lead_in_a_call_is_not_called_again(voice: Agent, due_lead: Lead) -> None:
    Agent.objects.filter(pk=voice.pk).update(max_concurrent_calls=5)
    assert called(voice) == [due_lead]
    assert called(voice) == [] and called(voice, NOON + HOUR) == []


def test_no_more_calls_than_lines(voice: Agent) -> None:
    Agent.objects.filter(pk=voice.pk).update(max_concurrent_calls=3)
    for _ in range(5):
        new_lead(voice)
    assert len(called(voice)) == 3
    assert called(voice) == []
    Call.objects.filter(pk=Call.objects.first().pk).update(status=Status.COMPLETED)  # type: ignore[union-attr]
    assert len(called(voice)) == 1


def test_the_front_comes_first_then_priority_then_who_waits_longest(voice: Agent) -> None:
    Agent.objects.filter(pk=voice.pk).update(max_concurrent_calls=9)
    old = new_lead(voice, created_at=NOON - 9 * HOUR)
    young = new_lead(voice, created_at=NOON - HOUR)
    high = new_lead(voice, priority=Priority.HIGH, next_attempt_at=NOON - HOUR)
    urgent = new_lead(voice, priority=Priority.URGENT)
    front = new_lead(voice, priority=Priority.LOW, front_at=NOON, schedule_at=NOON)
    assert called(voice) == [front, urgent, high, old, young]


@pytest.mark.parametrize(
    "fields",
    [
        {"schedule_at": NOON + HOUR},
        {"next_attempt_at": NOON + timedelta(seconds=1)},
        {"held_until": NOON + HOUR},
        {"schedule_at": NOON - HOUR, "next_attempt_at": NOON + HOUR},
        {"status": LeadStatus.DONE},
        {"stage": Stage.CUSTOMER},
        {"deleted_at": NOON},
        {"attempts_count": 3},
    ],
    ids=lambda fields: ",".join(fields),
)
def test_what_is_not_due_is_left_alone(voice: Agent, fields: dict[str, Any]) -> None:
    lead = new_lead(voice, **fields)
    assert called(voice) == []
    assert ContactDecision.objects.count() == 0 and Lead.objects.get(pk=lead.pk).held_until == fields.get("held_until")


@pytest.mark.parametrize("fields", [{"schedule_at": NOON}, {"next_attempt_at": NOON}, {"attempts_count": 2}])
def test_what_is_due_at_this_very_moment_is_called(voice: Agent, fields: dict[str, Any]) -> None:
    lead = new_lead(voice, status=LeadStatus.IN_PROGRESS, **fields)
    assert called(voice) == [lead]


def test_people_and_agents_who_are_off_are_not_dialled_for(agent: Agent, voice: Agent) -> None:
    mine, theirs = new_lead(agent), new_lead(voice)
    Agent.objects.filter(pk=voice.pk).update(is_active=False)
    assert called(agent) == [] and called(voice) == []
    assert due_agents(NOON) == []
    assert {mine.status, theirs.status} == {LeadStatus.NEW}


def test_outside_of_its_hours_an_agent_calls_only_what_stands_at_the_front(voice: Agent) -> None:
    Agent.objects.filter(pk=voice.pk).update(
        business_hours={"wed": [["13:00", "14:00"]]}, timezone="America/Los_Angeles", max_concurrent_calls=5
    )
    waiting, front = new_lead(voice), new_lead(voice, front_at=NOON - HOUR)
    assert called(voice, NOON) == [front]
    assert called(voice, NOON + HOUR) == [waiting]


def test_a_holiday_of_the_company_is_no_working_day(voice: Agent, company: Any) -> None:
    new_lead(voice)
    company.holidays = ["2026-06-24"]
    company.save()
    Agent.objects.filter(pk=voice.pk).update(timezone="America/Los_Angeles")
    assert called(voice) == []
    assert len(called(voice, NOON + 24 * HOUR)) == 1


@pytest.mark.parametrize("availability", ["away", "offline"])
def test_a_voice_agent_that_is_away_calls_nobody_of_itself(voice: Agent, availability: str) -> None:
    Agent.objects.filter(pk=voice.pk).update(availability=availability)
    new_lead(voice)
    assert called(voice) == []


def test_an_agent_without_hours_calls_nobody_and_breaks_nothing(voice: Agent) -> None:
    Agent.objects.filter(pk=voice.pk).update(business_hours={})
    new_lead(voice)
    assert called(voice) == []


def test_outside_of_calling_hours_a_lead_is_held_until_they_begin_and_asked_once(voice: Agent, due_lead: Lead) -> None:
    assert called(voice, NIGHT) == []
    due_lead.refresh_from_db()
    assert due_lead.held_until == NIGHT.replace(hour=15)  # 8 am there
    denial = ContactDecision.objects.get()
    assert not denial.allowed and denial.lead_id == due_lead.pk and denial.next_permitted_at == due_lead.held_until
    assert called(voice, NIGHT + HOUR) == [] and ContactDecision.objects.count() == 1
    assert called(voice, NIGHT.replace(hour=15)) == [due_lead]


def test_who_may_not_be_called_is_held_for_a_day_and_gives_way_to_others(voice: Agent) -> None:
    denied = [new_lead(voice, contact=ContactFactory(do_not_contact=True), priority=Priority.URGENT) for _ in range(3)]
    unheard = new_lead(voice, contact=ContactFactory(phone_e164=""), priority=Priority.URGENT)
    allowed = new_lead(voice, priority=Priority.LOW)
    assert called(voice) == [allowed]
    held = Lead.objects.filter(held_until=NOON + timedelta(days=1))
    assert {lead.pk for lead in held} == {lead.pk for lead in (*denied, unheard)}


def test_nobody_is_called_by_two_agents_at_once(voice: Agent) -> None:
    other, contact = OpenVoiceAgentFactory(), ContactFactory()
    first, second = new_lead(voice, contact=contact), new_lead(other, contact=contact)
    assert called(voice) == [first]
    assert called(other) == []
    Call.objects.update(status=Status.COMPLETED)
    assert called(other) == [second]


def test_the_database_refuses_a_second_call_at_once_and_one_without_a_decision(voice: Agent, due_lead: Lead) -> None:
    call_due_of(voice.pk, at=NOON)
    kept = Call.objects.get()
    for fields in (
        {"attempt": 2},
        {"attempt": 1, "status": Status.COMPLETED},
        {"decision": None, "status": "failed", "attempt": 9},
    ):
        twin = Call(**{f.attname: getattr(kept, f.attname) for f in Call._meta.concrete_fields if f.name != "id"})
        for name, value in fields.items():
            setattr(twin, name, value)
        with pytest.raises(IntegrityError), transaction.atomic():
            twin.save(force_insert=True)
    assert Call.objects.count() == 1


def test_the_question_across_companies_names_those_with_due_leads(voice: Agent, due_lead: Lead, stranger: Any) -> None:
    with unscoped("a test"):
        assert companies_with_due_leads(NOON) == [voice.company_id]
        assert companies_with_due_leads(due_lead.created_at - HOUR) == []


@pytest.mark.parametrize("leads", [1, 30])
def test_a_tick_costs_the_same_whatever_the_lines(voice: Agent, leads: int, django_assert_max_num_queries: Any) -> None:
    Agent.objects.filter(pk=voice.pk).update(max_concurrent_calls=leads)
    for _ in range(leads):
        new_lead(voice)
    with django_assert_max_num_queries(24):
        assert call_due_of(voice.pk, at=NOON) == leads


def test_a_lead_of_long_ago_and_one_of_ten_years_ahead_are_both_told_apart(voice: Agent) -> None:
    new_lead(voice, schedule_at=now() + timedelta(days=3650))
    past = new_lead(voice, schedule_at=NOON - timedelta(days=3650))
    assert called(voice) == [past]


def test_hours_across_the_change_of_the_clocks(voice: Agent) -> None:
    """On 8 March 2026 New York's clocks jump from 2 to 3: a window from 9 begins an hour earlier in UTC."""
    contact = ContactFactory(phone_e164="+12125552000", timezone="America/New_York")
    lead = new_lead(voice, contact=contact, created_at=datetime(2026, 1, 1, tzinfo=NOON.tzinfo))
    Agent.objects.filter(pk=voice.pk).update(business_hours=ALWAYS)
    assert called(voice, datetime(2026, 3, 7, 12, 30, tzinfo=NOON.tzinfo)) == []  # 7:30 before
    lead.refresh_from_db()
    assert lead.held_until == datetime(2026, 3, 7, 13, 0, tzinfo=NOON.tzinfo)
    Lead.objects.update(held_until=None)
    assert called(voice, datetime(2026, 3, 8, 12, 30, tzinfo=NOON.tzinfo)) == [lead]  # 8:30 after


def test_calls_of_people_take_no_line_of_a_voice_agent(voice: Agent, due_lead: Lead) -> None:
    CallFactory(lead=new_lead(voice), status=Status.IN_PROGRESS, outcome="", is_manual=True)
    assert called(voice) == [due_lead]


def test_an_agent_of_another_company_is_nobody_here(stranger: Any) -> None:
    with unscoped("a test"):
        theirs = VoiceAgentFactory(company=stranger.company)
    assert call_due_of(theirs.pk, at=NOON) == 0
