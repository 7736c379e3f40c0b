"""Why a lead is not called: removing the named cause, and it alone, changes the answer; and what releases a hold."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from agents.models import Agent
from calls.actions import call_due_of, place_call
from calls.models import Call
from calls.tests.conftest import NOON, new_lead
from calls.why import called_section
from crm.accounts.actions.companies import update_company
from crm.accounts.models import User
from crm.compliance.models import ConsentSource, ConsentState
from crm.core.actors import System
from leads.actions import update_contact
from leads.models import Contact, Lead
from leads.tests.factories import ContactFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_company", "run_later", "line")]
HOUR = timedelta(hours=1)


def why(lead: Lead, user: User) -> tuple[str, list[str], list[str]]:
    """The answer, the codes of what is decisive, and of what stands beside it."""
    row = Lead.objects.select_related("contact", "agent__company").get(pk=lead.pk)
    section = called_section(row, user, NOON)
    decisive = [cause.code for cause in section.causes if cause.is_decisive]
    return section.answer, decisive, [cause.code for cause in section.causes if not cause.is_decisive]


def of_lead(**fields: Any) -> Callable[[Lead], Any]:
    return lambda lead: Lead.objects.filter(pk=lead.pk).update(**fields)


def of_agent(**fields: Any) -> Callable[[Lead], Any]:
    return lambda lead: Agent.objects.filter(pk=lead.agent_id).update(**fields)


def of_contact(**fields: Any) -> Callable[[Lead], Any]:
    return lambda lead: Contact.objects.filter(pk=lead.contact_id).update(**fields)


CAUSES = {
    "next_attempt": (of_lead(next_attempt_at=NOON + HOUR), of_lead(next_attempt_at=None)),
    "scheduled": (of_lead(schedule_at=NOON + HOUR), of_lead(schedule_at=None)),
    "closed": (of_lead(status="done"), of_lead(status="in_progress")),
    "no_attempts_left": (of_lead(attempts_count=3), of_agent(max_attempts=4)),
    "agent_inactive": (of_agent(is_active=False), of_agent(is_active=True)),
    "agent_away": (of_agent(availability="away"), of_agent(availability="available")),
    "never_open": (of_agent(business_hours={}), of_lead(front_at=NOON)),
    "outside_hours": (of_agent(business_hours={"mon": [["09:00", "10:00"]]}), of_lead(front_at=NOON)),
    "gate_do_not_contact": (of_contact(do_not_contact=True), of_contact(do_not_contact=False)),
    "gate_address": (of_contact(phone_e164=""), of_contact(phone_e164="+14155559999")),
}


@pytest.mark.parametrize("code", CAUSES)
def test_removing_the_named_cause_and_it_alone_changes_the_answer(
    code: str, voice: Agent, due_lead: Lead, manager: User
) -> None:
    put, remove = CAUSES[code]
    put(due_lead)
    answer, decisive, _ = why(due_lead, manager)
    assert (answer, decisive[:1]) == ("It is not called now.", [code])
    assert call_due_of(voice.pk, at=NOON) == 0
    Lead.objects.update(held_until=None)
    remove(due_lead)
    assert why(due_lead, manager)[:2] == ("It is called at the next tick.", ["due"])
    assert call_due_of(voice.pk, at=NOON) == 1


def test_of_two_causes_neither_is_decisive(due_lead: Lead, manager: User) -> None:
    of_lead(attempts_count=3, next_attempt_at=NOON + HOUR)(due_lead)
    assert why(due_lead, manager) == ("It is not called now.", [], ["no_attempts_left", "next_attempt"])


def test_a_lead_of_a_person_waits_in_the_queue_and_one_without_lines_for_a_line(
    agent: Agent, voice: Agent, due_lead: Lead, manager: User
) -> None:
    assert why(new_lead(agent), manager)[1] == ["agent_is_person"]
    second = new_lead(voice)
    call_due_of(voice.pk, at=NOON)
    waiting = second if Call.objects.get().lead_id == due_lead.pk else due_lead
    assert why(waiting, manager)[1] == ["no_free_line"]
    called = Call.objects.get()
    place_call(called.pk, at=NOON)
    answer, decisive, _ = why(called.lead, manager)
    assert (answer, decisive) == ("It is being called: queued.", ["last_call"])


def test_the_section_stands_in_the_leads_why(api: Any, manager: User, due_lead: Lead) -> None:
    body = api(manager).get(f"/api/v1/leads/{due_lead.pk}/why").json()
    assert "called" in str(body)


# --- What releases a hold ----------------------------------------------------------------------------------------


@pytest.fixture
def held(voice: Agent, due_lead: Lead) -> Lead:
    Lead.objects.filter(pk=due_lead.pk).update(held_until=NOON + HOUR)
    return due_lead


def is_held(lead: Lead) -> bool:
    return Lead.objects.get(pk=lead.pk).held_until is not None


@pytest.mark.parametrize(
    ("changes", "released"),
    [({"phone": "+14155558888"}, True), ({"timezone": "Europe/Paris"}, True), ({"title": "CEO"}, False)],
)
def test_a_contact_whose_number_or_place_changes_is_asked_about_again(
    held: Lead, manager: User, changes: dict[str, str], released: bool
) -> None:
    other = new_lead(held.agent, contact=ContactFactory(), held_until=NOON + HOUR)  # type: ignore[arg-type]
    update_contact(held.contact, changes, by=manager)
    assert is_held(held) is not released and is_held(other)


def test_other_calling_hours_of_the_company_release_everybody(held: Lead, manager: User, company: Any) -> None:
    update_company(company, {"calling_hours": {"start": "09:00", "end": "20:00"}}, by=manager)
    assert not is_held(held)


def test_a_consent_that_is_granted_releases_its_contact(held: Lead, manager: User) -> None:
    from crm.compliance.actions import Statement, record_consents

    statement = Statement(
        contact_id=held.contact_id, channels=["voice"], state=ConsentState.GRANTED, source=ConsentSource.AGENT, at=NOON
    )
    record_consents([statement], by=System("test"))
    assert not is_held(held)


def test_a_contact_that_is_renamed_is_found_in_the_history_by_its_new_name(
    voice: Agent, due_lead: Lead, manager: User
) -> None:
    call_due_of(voice.pk, at=NOON)
    update_contact(due_lead.contact, {"first_name": "Zelda"}, by=manager)
    assert "zelda" in Call.objects.get().search_text


def test_the_queue_of_a_person_has_the_front_then_call_backs_then_priority_score_and_deadline(agent: Agent) -> None:
    late = new_lead(agent, deadline=NOON + 2 * HOUR)
    soon = new_lead(agent, deadline=NOON + HOUR)
    scored = new_lead(agent, score=90)
    urgent = new_lead(agent, priority=4)
    back = new_lead(agent, disposition="callback", next_attempt_at=NOON - HOUR, status="in_progress", priority=1)
    front = new_lead(agent, front_at=NOON, schedule_at=NOON, priority=1)
    new_lead(agent, next_attempt_at=NOON + HOUR)
    new_lead(agent, attempts_count=3)
    assert list(Lead.objects.queue_of(agent, NOON)) == [front, back, urgent, scored, soon, late]


@pytest.mark.parametrize("code", CAUSES)
def test_each_cause_is_a_sentence_in_plain_english(code: str, voice: Agent, due_lead: Lead, manager: User) -> None:
    CAUSES[code][0](due_lead)
    row = Lead.objects.select_related("contact", "agent__company").get(pk=due_lead.pk)
    for cause in called_section(row, manager, NOON).causes:
        assert cause.text[0].isupper() and cause.text.endswith(".") and not cause.text.endswith("..")
        assert "_" not in cause.text.replace("America/", "") and "None" not in cause.text


def test_what_waits_says_until_when(due_lead: Lead, manager: User) -> None:
    for field, words in (("schedule_at", "It is scheduled for"), ("next_attempt_at", "The next attempt is due on")):
        Lead.objects.filter(pk=due_lead.pk).update(schedule_at=None, next_attempt_at=None)
        Lead.objects.filter(pk=due_lead.pk).update(**{field: NOON + HOUR})
        row = Lead.objects.select_related("contact", "agent__company").get(pk=due_lead.pk)
        with timezone.override("America/Los_Angeles"):
            [cause] = called_section(row, manager, NOON).causes
        assert cause.text == f"{words} Wed 24 Jun, 13:00 (America/Los_Angeles)."
