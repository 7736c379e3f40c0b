"""A clock follows its lead: started by an assignment, ended by the first response or whatever comes before."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from calls.actions import log_call
from crm.audit.recording import in_batch
from crm.core.ids import uuid7
from crm.sla.actions import end_clocks, mark_overdue, take_over_clocks
from crm.sla.models import Outcome, Timer
from leads.actions import (
    create_lead,
    delete_lead,
    mark_response,
    restore_lead,
    set_disposition,
    set_stage,
    set_status,
    update_many,
)
from leads.actions.putting_back import put_back_leads
from leads.assignment import assign_lead, assign_many, reassign_lead, return_many, unassign_lead
from leads.models import Lead, Priority
from leads.tests.assigning import make_leads
from leads.tests.factories import LeadFactory
from leads.undo import images_of

pytestmark = pytest.mark.usefixtures("in_company")

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def noon():
    """The world stands at noon; `shift` lets time pass."""
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


def the_clock(lead: Lead) -> Timer:
    return Timer.objects.get(lead=lead)


def test_an_assignment_starts_a_clock_with_the_leads_deadline(agent, manager, noon):
    lead = assign_lead(LeadFactory(priority=Priority.HIGH), agent, by=manager)
    clock = the_clock(lead)
    assert (clock.agent, clock.priority) == (agent, Priority.HIGH)
    assert (clock.started_at, clock.due_at) == (NOON, NOON + 120 * MINUTE) == (lead.assigned_at, lead.deadline)
    assert (clock.reminded_at, clock.answered_at, clock.ended_at, clock.breached_at) == (None,) * 4
    assert clock.get_outcome() == Outcome.RUNNING
    assert clock.pk == lead.assignments.get().pk


def test_a_lead_without_a_holder_has_no_clock(manager):
    create_lead({"first_name": "Ada", "phone": "+14155552000"}, by=manager)
    assert not Timer.objects.exists()


def test_a_lead_that_is_created_with_its_holder_has_one(agent, manager):
    lead = create_lead({"first_name": "Ada", "phone": "+14155552000"}, by=manager, agent=agent)
    assert the_clock(lead).due_at == lead.deadline


@pytest.mark.parametrize(
    "respond",
    [
        lambda lead, by: mark_response(lead, by=by),
        lambda lead, by: set_disposition(lead, "voicemail", by=by),
        lambda lead, by: set_stage(lead, "mql", by=by),
        lambda lead, by: set_status(lead, "in_progress", by=by),
        lambda lead, by: set_disposition(lead, "not_interested", by=by),
        lambda lead, by: update_many([lead.pk], {"stage": "lost"}, by=by),
        lambda lead, by: log_call(lead, {"direction": "inbound"}, by=by),
        lambda lead, by: log_call(lead, {"outcome": "no_answer"}, by=by),
    ],
    ids=["call or message", "disposition", "stage", "status", "final disposition", "in bulk", "call in", "call out"],
)
def test_the_first_response_meets_it_and_a_second_changes_nothing(respond, agent, manager, noon):
    lead = assign_lead(LeadFactory(), agent, by=manager)
    noon.shift(20 * MINUTE)
    respond(lead, agent.user)
    clock = the_clock(lead)
    assert clock.answered_at == clock.ended_at == NOON + 20 * MINUTE
    assert clock.get_outcome() == Outcome.MET
    noon.shift(300 * MINUTE)
    set_disposition(Lead.objects.get(), "contacted", by=agent.user)
    assert the_clock(lead).answered_at == NOON + 20 * MINUTE


def test_a_call_that_was_placed_earlier_counts_from_then(agent, manager, noon):
    lead = assign_lead(LeadFactory(), agent, by=manager)
    noon.shift(130 * MINUTE)
    mark_response(lead, by=agent.user, at=NOON + 119 * MINUTE)
    assert the_clock(lead).get_outcome() == Outcome.MET


def test_what_is_no_response_lets_it_run(agent, manager):
    lead = assign_lead(LeadFactory(), agent, by=manager)
    set_stage(lead, "mql", by=manager, automatic=True)
    update_many([lead.pk], {"source": "fair", "priority": 4}, by=manager)
    assert the_clock(lead).get_outcome() == Outcome.RUNNING
    assert the_clock(lead).due_at == lead.deadline


def test_handing_a_lead_on_stops_one_clock_and_starts_the_next(agent, other_agent, manager, noon):
    lead = assign_lead(LeadFactory(), agent, by=manager)
    noon.shift(30 * MINUTE)
    reassign_lead(lead, other_agent, by=manager)
    first, second = Timer.objects.order_by("started_at")
    assert (first.agent, first.ended_at, first.get_outcome()) == (agent, NOON + 30 * MINUTE, Outcome.STOPPED)
    assert (second.agent, second.started_at, second.due_at) == (other_agent, NOON + 30 * MINUTE, NOON + 150 * MINUTE)
    assert second.get_outcome() == Outcome.RUNNING


@pytest.mark.parametrize(
    "end",
    [
        lambda lead, by: unassign_lead(lead, by=by),
        lambda lead, by: delete_lead(lead, by=by),
        lambda lead, by: set_stage(lead, "customer", by=by, automatic=True),
        lambda lead, by: return_many(Lead.objects.all(), by=by, why="inactive"),
    ],
    ids=["returned", "deleted", "closed by the product", "its agent left"],
)
def test_a_lead_that_nobody_has_to_answer_has_no_running_clock(end, agent, manager, noon):
    lead = assign_lead(LeadFactory(), agent, by=manager)
    noon.shift(MINUTE)
    end(lead, manager)
    clock = the_clock(lead)
    assert (clock.ended_at, clock.answered_at, clock.get_outcome()) == (NOON + MINUTE, None, Outcome.STOPPED)


def test_restoring_a_lead_lets_its_clock_run_on(agent, manager, noon):
    lead = assign_lead(LeadFactory(), agent, by=manager)
    delete_lead(lead, by=manager)
    restore_lead(lead, by=manager)
    assert the_clock(lead).get_outcome() == Outcome.RUNNING
    assert Timer.objects.count() == 1


def undo(job, lead, by) -> None:
    images = images_of(job, "lead", [lead.pk])[lead.pk]
    put_back_leads({lead.pk: images.fields}, undoes=job, by=by)


def test_undoing_a_response_lets_the_clock_run_on_and_undoing_a_hand_over_brings_the_first_back(
    agent, other_agent, manager, noon
):
    lead = assign_lead(LeadFactory(), agent, by=manager)
    undone, handed = uuid7(), uuid7()
    noon.shift(10 * MINUTE)
    with in_batch(undone):
        update_many([lead.pk], {"disposition": "voicemail"}, by=manager)
    assert the_clock(lead).get_outcome() == Outcome.MET
    undo(undone, lead, manager)
    assert the_clock(lead).get_outcome() == Outcome.RUNNING
    with in_batch(handed):
        assign_many([lead.pk], strategy="manual", pool=[other_agent], by=manager)
    noon.shift(10 * MINUTE)
    undo(handed, lead, manager)
    assert Lead.objects.get().agent == agent
    first, second = Timer.objects.order_by("started_at")
    assert (first.agent, first.started_at, first.get_outcome()) == (agent, NOON, Outcome.RUNNING)
    assert (second.agent, second.ended_at, second.get_outcome()) == (
        other_agent,
        NOON + 20 * MINUTE,
        Outcome.STOPPED,
    )


def test_a_business_clock_that_never_opens_owes_nothing(agent, manager, company):
    company.sla_clock, company.business_hours = "business", {}
    company.save()
    assign_lead(LeadFactory(), agent, by=manager)
    assert not Timer.objects.exists()


BERLIN = ZoneInfo("Europe/Berlin")
TWICE = datetime(2026, 10, 25, 2, 30, fold=1, tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("clock", "start", "minutes", "due"),
    [
        # 2026-03-29 02:00 becomes 03:00: a calendar clock counts real minutes
        ("calendar", datetime(2026, 3, 29, 1, 30, tzinfo=BERLIN), 120, datetime(2026, 3, 29, 4, 30, tzinfo=BERLIN)),
        # 2026-10-25 03:00 becomes 02:00: the hour that comes twice counts twice
        ("calendar", datetime(2026, 10, 25, 1, 30, tzinfo=BERLIN), 120, TWICE),
        # a business clock stands still over the changed night, and starts at nine by the new time
        ("business", datetime(2026, 3, 27, 16, 0, tzinfo=BERLIN), 120, datetime(2026, 3, 30, 10, 0, tzinfo=BERLIN)),
        ("business", datetime(2026, 10, 23, 16, 0, tzinfo=BERLIN), 120, datetime(2026, 10, 26, 10, 0, tzinfo=BERLIN)),
        # Good Friday and Easter Monday are holidays
        ("business", datetime(2026, 4, 2, 16, 30, tzinfo=BERLIN), 60, datetime(2026, 4, 7, 9, 30, tzinfo=BERLIN)),
    ],
    ids=["spring", "autumn", "over spring", "over autumn", "over Easter"],
)  # fmt: skip
def test_it_is_exact_when_the_clocks_change_and_on_holidays(clock, start, minutes, due, agent, manager, company):
    company.timezone, company.sla_clock, company.sla_duration_minutes = "Europe/Berlin", clock, minutes
    company.holidays = ["2026-04-03", "2026-04-06"]
    company.save()
    with time_machine.travel(start, tick=False):
        lead = assign_lead(LeadFactory(), agent, by=manager)
    assert the_clock(lead).due_at == due.astimezone(UTC)


def test_new_settings_and_a_new_priority_leave_a_running_clock_alone(agent, manager, company, noon):
    lead = assign_lead(LeadFactory(), agent, by=manager)
    company.sla_duration_minutes, company.sla_by_priority = 5, {"urgent": 1}
    company.save()
    update_many([lead.pk], {"priority": 4}, by=manager)
    assert the_clock(lead).due_at == Lead.objects.get().deadline == NOON + 120 * MINUTE


def costs(work) -> int:
    with CaptureQueriesContext(
        connection,
    ) as queries:
        work()
    return sum('"sla_timer"' in q["sql"] for q in queries.captured_queries)


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite splits a set by its number of parameters")
@pytest.mark.parametrize("number", [1, 300])
def test_clocks_cost_one_statement_each_to_start_answer_and_end(number, agent, other_agent, manager):
    agent.max_capacity = other_agent.max_capacity = 1000
    agent.save()
    other_agent.save()
    ids = [lead.pk for lead in make_leads(number)]
    assert costs(lambda: assign_many(ids, strategy="manual", pool=[agent], by=manager)) == 1
    assert costs(lambda: assign_many(ids, strategy="manual", pool=[other_agent], by=manager)) == 2
    assert costs(lambda: update_many(ids, {"disposition": "voicemail"}, by=manager)) == 1
    assert costs(lambda: update_many(ids, {"source": "fair"}, by=manager)) == 0
    assert Timer.objects.filter(answered_at__isnull=False, agent=other_agent).count() == number


def test_clocks_of_history_that_was_brought_in_are_made_once_and_tell_nobody(agent, noon):
    held = {"agent": agent, "assigned_at": NOON - 200 * MINUTE, "deadline": NOON - 80 * MINUTE}
    late = LeadFactory(**held, breached_at=held["deadline"])
    met = LeadFactory(**held, first_response_at=NOON - 100 * MINUTE, status="in_progress")
    LeadFactory()
    for _ in range(2):
        take_over_clocks()
    assert {t.lead_id: t.get_outcome() for t in Timer.objects.all()} == {late.pk: "breached", met.pk: "met"}
    assert not Timer.objects.overdue(NOON).exists()


def test_what_was_closed_in_time_without_a_response_is_late_nowhere(agent, manager, api, client):
    """The list, its meter and filters, the board of deadlines, the metrics and home say the same hours later."""
    with time_machine.travel(NOON, tick=False):
        kept, closed, late = (assign_lead(LeadFactory(), agent, by=manager) for _ in range(3))
    for lead, minutes in ((closed, 30), (late, 150)):
        with time_machine.travel(NOON + minutes * MINUTE, tick=False):
            end = {"status": "done", "closed_at": NOON + minutes * MINUTE}
            Lead.objects.filter(pk=lead.pk).update(**end)
            end_clocks([lead.pk], NOON + minutes * MINUTE)
    with time_machine.travel(NOON + 300 * MINUTE, tick=False):
        mark_overdue(NOON + 300 * MINUTE)
        assert {clock.lead_id: clock.get_outcome() for clock in Timer.objects.all()} == {
            kept.pk: Outcome.BREACHED,
            closed.pk: Outcome.STOPPED,
            late.pk: Outcome.BREACHED,
        }
        told = api(manager)
        listed = {lead["id"]: lead["sla_status"] for lead in told.get("/api/v1/leads").json()["leads"]}
        assert listed == {str(kept.pk): "breached", str(closed.pk): "none", str(late.pk): "breached"}
        for status, number in (("breached", 2), ("none", 1), ("due_soon,on_track,met", 0)):
            assert told.get("/api/v1/leads", {"sla_status": status}).json()["total"] == number, status
        performance = told.get("/api/v1/dashboard/metrics").json()["sla_performance"]
        assert (performance["breached"], performance["last_7_days"]["owed"]) == (1, 2)  # 1 still waits for an answer
        client.force_login(manager)
        shown = client.get("/leads/", {"ordering": "deadline"}).content.decode()
        assert (shown.count(">3 h late"), shown.count(">30 min late")) == (1, 1)  # its end, not now
        board = client.get("/sla/").context["board"]
        assert (board.total.late, board.total.month.judged) == (1, 2)
