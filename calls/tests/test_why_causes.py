"""Why a lead is not called, cause by cause and two by two: what is decisive changes the answer alone, and the scheduler
agrees."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from agents.models import Agent
from calls.actions import call_due_of
from calls.models import Call
from calls.tests.conftest import NOON
from calls.tests.factories import CallFactory, OpenVoiceAgentFactory
from calls.why import called_section
from crm.accounts.models import Company, User
from crm.compliance.decided import decided_by
from crm.compliance.models import Suppression
from crm.compliance.tests.factories import ConsentFactory, DecisionFactory, SuppressionFactory
from leads.models import Contact, Lead
from leads.tests.factories import LeadFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_company", "run_later", "line")]
HOUR = timedelta(hours=1)
NOT_NOW, NEXT = "It is not called now.", "It is called at the next tick."
Act = Callable[[Lead], Any]


def of_lead(**fields: Any) -> Act:
    return lambda lead: Lead.objects.filter(pk=lead.pk).update(**fields)


def of_voice(**fields: Any) -> Act:
    return lambda lead: Agent.objects.filter(name="Nova").update(**fields)


def of_contact(**fields: Any) -> Act:
    return lambda lead: Contact.objects.filter(pk=lead.contact_id).update(**fields)


def of_company(**fields: Any) -> Act:
    return lambda lead: Company.objects.update(**fields)


def to_person(lead: Lead) -> None:
    of_lead(agent=Agent.objects.get(name="Priya Rao"))(lead)


def to_voice(lead: Lead) -> None:
    of_lead(agent=Agent.objects.get(name="Nova"))(lead)


def busy_line(lead: Lead) -> None:
    call_of(LeadFactory(agent=Agent.objects.get(name="Nova")), Agent.objects.get(name="Nova"))


def other_call(lead: Lead) -> None:
    """Of another agent, with the same person."""
    other = Agent.objects.get(name="Echo")
    call_of(LeadFactory(agent=other, contact=lead.contact), other)


def call_of(lead: Lead, agent: Agent) -> None:
    decision = decided_by(DecisionFactory(contact=lead.contact))
    CallFactory(lead=lead, agent=agent, is_manual=False, status="in_progress", outcome="", ended_at=None, **decision)


def no_calls(lead: Lead) -> None:
    Call.objects.update(status="completed", outcome="answered", ended_at=NOON)


# Each cause: what puts it there, and what does away with it and with nothing else.
CAUSES: dict[str, tuple[Act, Act]] = {
    "closed": (of_lead(status="done"), of_lead(status="in_progress")),
    "no_holder": (of_lead(agent=None), to_voice),
    "agent_is_person": (to_person, to_voice),
    "agent_inactive": (of_voice(is_active=False), of_voice(is_active=True)),
    "no_attempts_left": (of_lead(attempts_count=3), of_lead(attempts_count=0)),
    "agent_away": (of_voice(availability="away"), of_voice(availability="available")),
    "no_free_line": (busy_line, no_calls),
    "scheduled": (of_lead(schedule_at=NOON + HOUR), of_lead(schedule_at=None)),
    "next_attempt": (of_lead(next_attempt_at=NOON + HOUR), of_lead(next_attempt_at=None)),
    "contact_in_call": (other_call, no_calls),
    "gate_do_not_contact": (of_contact(do_not_contact=True), of_contact(do_not_contact=False)),
    "gate_suppressed": (
        lambda lead: SuppressionFactory(value=lead.contact.phone_e164),
        lambda lead: Suppression.objects.all().delete(),
    ),
    "gate_consent": (
        lambda lead: ConsentFactory(contact=lead.contact, at=NOON - 2 * HOUR),
        lambda lead: ConsentFactory(contact=lead.contact, state="granted", at=NOON - HOUR),
    ),
    "gate_company_hours": (
        of_company(calling_hours={"start": "08:00", "end": "09:00"}),
        of_company(calling_hours={"start": "08:00", "end": "21:00"}),
    ),
    "held": (of_lead(held_until=NOON + HOUR), of_lead(held_until=None)),
}
# With whose cause the other's is not asked: nobody's hours and lines, a person's; what the gate denies it holds anyway.
OF_VOICE = {"agent_inactive", "no_attempts_left", "agent_away", "no_free_line"}
UNASKED = [
    *({one, other} for one in ("no_holder", "agent_is_person") for other in OF_VOICE),
    {"no_holder", "agent_is_person"},
    {"no_free_line", "contact_in_call"},  # are ended together here
    *({"held", gate} for gate in CAUSES if gate.startswith("gate_")),
]


@pytest.fixture(autouse=True)
def _team(in_company: Company, agent: Agent, voice: Agent) -> None:
    OpenVoiceAgentFactory(name="Echo")


def asked(lead: Lead, user: User) -> tuple[str, set[str], set[str]]:
    """The answer, what is decisive, and what is not."""
    row = Lead.objects.select_related("contact", "agent__company").get(pk=lead.pk)
    section = called_section(row, user, NOON)
    told = {cause.code: cause.is_decisive for cause in section.causes}
    return (
        section.answer,
        {code for code, is_so in told.items() if is_so},
        {c for c, is_so in told.items() if not is_so},
    )


def is_called(lead: Lead) -> bool:
    """By the scheduler itself, of which nothing is kept."""
    with transaction.atomic():
        for agent in Agent.objects.filter(kind="voice"):
            call_due_of(agent.pk, at=NOON)
        found = Call.objects.filter(lead=lead, requested_at=NOON).exists()
        transaction.set_rollback(True)
    return found


@pytest.mark.parametrize("code", CAUSES)
def test_removing_the_named_cause_and_it_alone_changes_the_answer(due_lead: Lead, manager: User, code: str) -> None:
    put, remove = CAUSES[code]
    put(due_lead)
    assert asked(due_lead, manager) == (NOT_NOW, {code}, set()) and not is_called(due_lead)
    remove(due_lead)
    assert asked(due_lead, manager)[:2] == (NEXT, {"due"}) and is_called(due_lead)


@pytest.mark.parametrize("one", CAUSES)
def test_of_two_causes_neither_changes_it_alone_and_the_last_does(due_lead: Lead, manager: User, one: str) -> None:
    for other in CAUSES:
        if other == one or {one, other} in UNASKED:
            continue
        with transaction.atomic():
            for code in (one, other):
                CAUSES[code][0](due_lead)
            assert asked(due_lead, manager) == (NOT_NOW, set(), {one, other}) and not is_called(due_lead)
            CAUSES[one][1](due_lead)
            assert asked(due_lead, manager) == (NOT_NOW, {other}, set()) and not is_called(due_lead)
            CAUSES[other][1](due_lead)
            assert asked(due_lead, manager)[:2] == (NEXT, {"due"}) and is_called(due_lead)
            transaction.set_rollback(True)


def test_a_call_that_goes_on_is_the_cause_until_it_is_over(due_lead: Lead, manager: User) -> None:
    call_of(due_lead, Agent.objects.get(name="Nova"))
    answer, decisive, _ = asked(due_lead, manager)
    assert (answer, decisive) == ("It is being called: in progress.", {"last_call"})
    no_calls(due_lead)
    assert asked(due_lead, manager) == (NEXT, {"due"}, {"last_call"})
