"""The tick: reminders once, breaches once, and exact whenever it comes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agents.tests.factories import AgentFactory
from crm.accounts.tests.factories import CompanyFactory, UserFactory
from crm.audit.models import AuditEntry
from crm.core.actors import System
from crm.core.tenancy import company_active, unscoped
from crm.sla.actions import mark_overdue, remind_due_soon
from crm.sla.models import Timer
from crm.sla.tasks import tick
from leads.actions import mark_response, set_status, update_many
from leads.assignment import assign_lead, assign_many, reassign_lead, unassign_lead
from leads.models import Lead
from leads.tests.assigning import make_leads, on_postgres, race
from leads.tests.factories import LeadFactory

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
DUE = NOON + 120 * MINUTE


@pytest.fixture
def lead(in_company, agent, manager):
    """Given to Priya at noon, due at two."""
    with time_machine.travel(NOON, tick=False):
        return assign_lead(LeadFactory(created_by=manager), agent, by=manager)


@pytest.fixture
def unheard(monkeypatch):
    """What the clocks cost: nobody else hears of it."""
    monkeypatch.setattr("crm.notifications.receivers.TOLD", {})


def told(action: str) -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(action=action).order_by("id"))


def test_the_holder_is_reminded_once_within_half_an_hour_of_the_deadline(lead, agent):
    assert remind_due_soon(DUE - 31 * MINUTE) == 0
    assert remind_due_soon(DUE - 30 * MINUTE) == 1
    assert remind_due_soon(DUE - 25 * MINUTE) == 0
    timer = Timer.objects.get()
    assert (timer.reminded_at, timer.breached_at) == (DUE - 30 * MINUTE, None)
    [entry] = told("lead.sla_due_soon")
    assert (entry.object_id, entry.actor, entry.changes) == (lead.pk, "SLA clock", [])
    assert entry.data == {
        "agent_id": str(agent.pk),
        "deadline": "2026-03-04T14:00:00Z",
        "timer_id": str(timer.pk),
    }


def test_a_lead_past_its_deadline_is_marked_once_with_the_deadline_as_the_moment(lead):
    assert mark_overdue(DUE) == 0  # a response at this very moment would be in time
    assert mark_overdue(DUE + 4 * MINUTE) == 1
    assert mark_overdue(DUE + 9 * MINUTE) == 0
    assert Lead.objects.get().breached_at == Timer.objects.get().breached_at == DUE
    [entry] = told("lead.sla_breached")
    assert (entry.object_id, entry.data["deadline"]) == (lead.pk, "2026-03-04T14:00:00Z")


def test_a_deadline_that_has_passed_reminds_nobody(lead):
    assert remind_due_soon(DUE + MINUTE) == 0
    assert told("lead.sla_due_soon") == []


@pytest.mark.parametrize("end", ["answered", "handed on", "returned"])
def test_an_answered_or_stopped_clock_tells_nothing(end, lead, agent, other_agent, manager):
    with time_machine.travel(NOON + 10 * MINUTE, tick=False):
        if end == "answered":
            set_status(lead, "in_progress", by=agent.user)
        elif end == "handed on":
            reassign_lead(lead, other_agent, by=manager)
        else:
            unassign_lead(lead, by=manager)
    assert (remind_due_soon(DUE - 25 * MINUTE), mark_overdue(DUE + MINUTE)) == (0, 0)
    assert Lead.objects.get().breached_at is None


def test_reassigning_starts_a_clock_that_reminds_and_breaches_anew_and_the_breach_stays(
    lead, agent, other_agent, manager
):
    mark_overdue(DUE + MINUTE)
    with time_machine.travel(DUE + 10 * MINUTE, tick=False):
        reassign_lead(lead, other_agent, by=manager)
    assert Lead.objects.get().breached_at == DUE
    later = DUE + 130 * MINUTE
    assert remind_due_soon(later - MINUTE) == 1
    assert mark_overdue(later + MINUTE) == 1
    assert Lead.objects.get().breached_at == later
    assert [timer.breached_at for timer in Timer.objects.order_by("started_at")] == [DUE, later]
    assert [entry.data["agent_id"] for entry in told("lead.sla_breached")] == [str(agent.pk), str(other_agent.pk)]


def test_what_was_answered_late_or_handed_on_late_before_the_tick_came_is_a_breach_all_the_same(
    lead, agent, other_agent, manager
):
    with time_machine.travel(NOON, tick=False):
        handed = assign_lead(LeadFactory(), agent, by=manager)
    with time_machine.travel(DUE + 3 * MINUTE, tick=False):
        mark_response(lead, by=agent.user)
        reassign_lead(handed, other_agent, by=manager)
    assert mark_overdue(DUE + 5 * MINUTE) == 2
    assert {row.breached_at for row in Lead.objects.all()} == {DUE}
    assert {timer.agent for timer in Timer.objects.filter(breached_at=DUE)} == {agent}
    assert mark_overdue(DUE + 10 * MINUTE) == 0


def an_afternoon(company, ticks: set[int]) -> tuple[list, list, list, list]:
    """Leads given every ten minutes to Priya, some answered in time, some late, some handed on to Tom in time or late.

    At each minute of `ticks` the tick comes. The answer: leads, clocks, the breaches and the reminders told.
    """
    with company_active(company.pk):
        priya, tom = (AgentFactory(name=name, user=UserFactory(), max_capacity=100) for name in ("Priya", "Tom"))
        leads: dict[int, Lead] = {}
        for minute in range(0, 421):
            at = NOON + minute * MINUTE
            with time_machine.travel(at, tick=False):
                if minute % 10 == 0 and minute < 200:
                    row = LeadFactory(contact__email=f"c{minute:03d}@example.org")
                    leads[minute] = assign_lead(row, priya, by=System("test"))
                if minute in (45, 75, 105, 153, 203, 233):
                    mark_response(leads[ANSWERED[minute]], by=priya.user)
                if minute in (67, 107, 161, 191):
                    reassign_lead(leads[HANDED[minute]], tom, by=System("test"))
                if minute in ticks:
                    mark_overdue(at)
                    remind_due_soon(at)
        rows = Lead.objects.order_by("contact__email").values_list(
            "contact__email", "agent__name", "status", "deadline", "first_response_at", "breached_at"
        )
        clocks = Timer.objects.order_by("lead__contact__email", "started_at").values_list(
            "lead__contact__email", "agent__name", "started_at", "due_at", "answered_at", "ended_at", "breached_at"
        )
        breaches = sorted(entry.data["deadline"] for entry in told("lead.sla_breached"))
        return list(rows), list(clocks), breaches, sorted(entry.data["deadline"] for entry in told("lead.sla_due_soon"))


ANSWERED = {45: 0, 75: 30, 105: 60, 153: 20, 203: 70, 233: 100}  # minute → which lead; the last three come late
HANDED = {67: 10, 107: 50, 161: 40, 191: 80}  # handed on when 57, 57, 121 and 111 minutes old


def test_two_hours_without_workers_end_as_if_they_had_never_stopped(db):
    every = set(range(0, 421, 5))
    outage = {minute for minute in every if not 120 <= minute < 240}
    reference = an_afternoon(CompanyFactory(), every)
    after = an_afternoon(CompanyFactory(), outage)
    assert after[:3] == reference[:3]
    leads, clocks, breaches, reminders = reference
    assert len(leads) == 20 and len(clocks) == 24
    assert len(breaches) == 20 - 3 - 3 + 4  # all but what was answered or handed on in time, and Tom's four
    not_sent = [deadline for deadline in reminders if deadline not in after[3]]
    assert not_sent
    assert all("2026-03-04T14:00" <= deadline < "2026-03-04T16:00" for deadline in not_sent)


class TestAtOnce:
    pytestmark = on_postgres

    def test_two_ticks_at_once_tell_each_breach_and_each_reminder_once(self, company, agent, manager):
        with company_active(company.pk):
            agent.max_capacity = 5000
            agent.save()
            for n, moment in enumerate((NOON, NOON + 25 * MINUTE)):
                ids = [lead.pk for lead in make_leads(1300, start=n * 2000)]
                with time_machine.travel(moment, tick=False):
                    assign_many(ids, strategy="manual", pool=[agent], by=manager)
        at = DUE + MINUTE
        done = race(company.pk, [lambda: mark_overdue(at), lambda: remind_due_soon(at)] * 3)
        with company_active(company.pk):
            while mark_overdue(at) or remind_due_soon(at):  # what two ticks skipped for each other's sake
                done.append(0)
            assert len({e.object_id for e in told("lead.sla_breached")}) == 1300 == len(told("lead.sla_breached"))
            assert len({e.object_id for e in told("lead.sla_due_soon")}) == 1300 == len(told("lead.sla_due_soon"))
            assert Lead.objects.filter(breached_at=DUE).count() == 1300
        assert sum(done) >= 1300

    def test_a_tick_and_those_who_answer_and_hand_on_do_not_wait_for_each_other_for_ever(
        self, company, agent, other_agent, manager
    ):
        with company_active(company.pk):
            agent.max_capacity = other_agent.max_capacity = 5000
            agent.save()
            other_agent.save()
            ids = [lead.pk for lead in make_leads(400)]
            with time_machine.travel(NOON, tick=False):
                assign_many(ids, strategy="manual", pool=[agent], by=manager)
        works = [
            lambda: mark_overdue(DUE + MINUTE),
            lambda: assign_many(ids[:200], strategy="manual", pool=[other_agent], by=manager),
            lambda: update_many(ids[100:300], {"disposition": "voicemail"}, by=manager),
            lambda: mark_overdue(DUE + MINUTE),
        ]
        race(company.pk, works)
        with company_active(company.pk):
            mark_overdue(DUE + MINUTE)
            assert Lead.objects.filter(breached_at=DUE).count() == 400
            assert len({entry.object_id for entry in told("lead.sla_breached")}) == 400
            assert len(told("lead.sla_breached")) == 400


@pytest.mark.parametrize("number", [1, 30])
def test_a_tick_costs_the_same_for_one_lead_and_for_thirty(number, in_company, agent, manager, unheard):
    agent.max_capacity = 100
    agent.save()
    for moment in (NOON, NOON + 25 * MINUTE):
        with time_machine.travel(moment, tick=False):
            for row in LeadFactory.create_batch(number):
                assign_lead(row, agent, by=manager)
    for work, statements in ((mark_overdue, 5), (remind_due_soon, 4)):
        with CaptureQueriesContext(connection) as queries:
            assert work(DUE + MINUTE) == number
        kept = [
            q["sql"] for q in queries.captured_queries if not q["sql"].startswith(("SAVEPOINT", "RELEASE", "BEGIN"))
        ]
        assert len(kept) == statements + 1, kept  # and a look at what is left


def test_the_tick_sends_one_task_for_each_company_that_has_something_due(
    lead, stranger, django_capture_on_commit_callbacks
):
    with company_active(stranger.company_id), time_machine.travel(NOON, tick=False):
        held = assign_lead(LeadFactory(), AgentFactory(user=UserFactory()), by=stranger)
    with time_machine.travel(DUE + MINUTE, tick=False), django_capture_on_commit_callbacks(execute=True) as sent:
        tick()
    assert len(sent) == 2 + 2  # a task for each, and a mail to whoever oversees it
    with unscoped("test"):
        assert {row.pk: row.breached_at for row in Lead.objects.all()} == {lead.pk: DUE, held.pk: DUE}
        assert {e.company_id for e in AuditEntry.objects.filter(action="lead.sla_breached")} == {
            lead.company_id,
            held.company_id,
        }


def test_an_empty_tick_asks_two_questions(db, django_assert_num_queries):
    with django_assert_num_queries(2):
        tick()


@pytest.mark.parametrize(("due", "index"), [("overdue", "overdue"), ("due_soon", "running"), ("pressing", "running")])
def test_what_is_due_is_read_from_an_index_of_that_alone(due, index, in_company):
    if connection.vendor != "postgresql":
        pytest.skip("plans are PostgreSQL's")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        plan = getattr(Timer.objects, due)(NOON).order_by("due_at").values("lead")[:1000].explain()
    assert f"sla_timer_{index}" in plan
