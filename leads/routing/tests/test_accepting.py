"""What nobody touches within the accept time goes on to the next agent, and at last to the queue."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now

from agents.models import Agent
from agents.tests.factories import AgentFactory, VoiceAgentFactory
from crm.accounts.actions import update_company
from crm.accounts.models import Company
from crm.audit.models import AuditEntry
from crm.core.tenancy import company_active, unscoped
from leads.actions import add_note, create_lead, mark_response, restore_lead, set_disposition, set_stage
from leads.actions import delete_lead as delete_lead_
from leads.assignment import assign_by_strategy, assign_lead, assign_many, claim_lead, unassign_lead
from leads.models import Assignment, Lead
from leads.routing.accepting import due, return_untouched
from leads.routing.actions import delete_rule, update_rule
from leads.routing.tests.factories import condition, rule
from leads.tasks import return_untouched as tick
from leads.tests.assigning import held, make_leads, on_postgres, race
from leads.tests.factories import LeadFactory

WEB = condition("source", "is_one_of", "Web")
QUARTER = timedelta(minutes=15)


@pytest.fixture
def in_company(company):
    Company.objects.filter(pk=company.pk).update(accept_minutes=15)
    company.refresh_from_db()
    with company_active(company.pk):
        yield company


pytestmark = pytest.mark.usefixtures("in_company")


def again(lead: Lead) -> Lead:
    return Lead.objects.select_related("agent").get(pk=lead.pk)


def let_pass(*leads: Lead, minutes: int = 20) -> None:
    """As if the accept time had run out so many minutes ago less its length."""
    Lead.objects.filter(pk__in=[lead.pk for lead in leads]).update(accept_due_at=now() - timedelta(minutes=minutes))


def new(by: Any, number: int = 0, **fields: Any) -> Lead:
    return again(create_lead({"first_name": "Ada", "phone": f"+1415555{2000 + number}", **fields}, by=by))


def entries(action: str, lead: Lead) -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(action=action, object_id=lead.pk).order_by("pk"))


# --- the clock ---------------------------------------------------------------------------------------------------


def test_the_clock_runs_from_the_assignment(manager, agent):
    lead = again(assign_lead(LeadFactory(), agent, by=manager))
    assert lead.accept_due_at == lead.assigned_at + QUARTER


def test_on_a_business_clock_it_runs_in_business_hours(manager, agent, in_company):
    Company.objects.update(sla_clock="business", business_hours={"mon": [["09:00", "10:00"]]}, timezone="UTC")
    lead = again(assign_lead(LeadFactory(), agent, by=manager))
    assert lead.accept_due_at.weekday() == 0 and lead.accept_due_at.hour in (9, 10)
    Company.objects.update(business_hours={})
    assert again(assign_lead(LeadFactory(), agent, by=manager)).accept_due_at is None


def test_without_an_accept_time_there_is_none(manager, agent):
    Company.objects.update(accept_minutes=None)
    lead = again(assign_lead(LeadFactory(), agent, by=manager))
    assert lead.accept_due_at is None
    let_pass(lead)
    assert return_untouched() == 0 and again(lead).agent == agent


def test_whoever_takes_a_lead_itself_has_accepted_it(manager, agent, other_agent):
    LeadFactory()
    assert again(claim_lead(agent, by=agent.user)).accept_due_at is None
    assert again(assign_lead(LeadFactory(), agent, by=agent.user)).accept_due_at is None
    assert again(assign_lead(LeadFactory(), other_agent, by=agent.user)).accept_due_at is not None


def test_a_voice_agent_dials_by_its_own_hours(manager):
    voice = VoiceAgentFactory()
    assert again(assign_lead(LeadFactory(), voice, by=manager)).accept_due_at is None


def test_giving_up_the_accept_time_ends_running_clocks(manager, admin, agent, in_company):
    lead = assign_lead(LeadFactory(), agent, by=manager)
    update_company(in_company, {"accept_minutes": 30}, by=admin)
    assert again(lead).accept_due_at is not None
    update_company(Company.objects.get(), {"accept_minutes": None}, by=admin)
    update_company(Company.objects.get(), {"accept_minutes": 1}, by=admin)
    assert again(lead).accept_due_at is None


@pytest.mark.parametrize(
    "touch",
    [
        lambda lead, user: mark_response(lead, by=user),
        lambda lead, user: set_disposition(lead, "contacted", by=user),
        lambda lead, user: set_stage(lead, "mql", by=user),
    ],
)
def test_a_touched_lead_stays(agent, other_agent, manager, touch):
    rule("All", agents=[agent, other_agent])
    lead = new(manager)
    touch(lead, lead.agent.user)
    let_pass(lead)
    assert return_untouched() == 0 and again(lead).agent == lead.agent


def test_a_note_or_another_priority_is_no_touch(agent, other_agent, manager):
    lead = assign_lead(LeadFactory(), agent, by=manager)
    add_note(lead, "Will call", by=agent.user)
    let_pass(lead)
    assert return_untouched() == 1 and again(lead).agent is None


def test_closed_deleted_and_returned_leads_are_due_no_more(agent, manager):
    closed, deleted, back = (assign_lead(LeadFactory(), agent, by=manager) for _ in range(3))
    set_disposition(closed, "completed", by=manager)
    delete_lead_(deleted, by=manager)
    unassign_lead(back, by=manager)
    let_pass(closed, deleted, back)
    assert not due(now()).exists() and return_untouched() == 0
    let_pass(deleted)
    restore_lead(deleted, by=manager)
    assert return_untouched() == 0 and again(deleted).agent == agent


# --- going on ----------------------------------------------------------------------------------------------------


def test_it_goes_on_by_the_rule_that_placed_it_and_the_next_clock_begins(agent, other_agent, manager):
    web = rule("Web", WEB, agents=[agent, other_agent], strategy="manual")
    lead = new(manager, source="Web")
    let_pass(lead)
    due_at, before = again(lead).accept_due_at, now()
    assert return_untouched() == 1
    moved = again(lead)
    assert moved.agent == other_agent and moved.assigned_at >= before
    assert moved.accept_due_at == moved.assigned_at + QUARTER
    assert moved.deadline == moved.assigned_at + timedelta(minutes=120)
    row = Assignment.objects.filter(lead=lead).latest("at")
    assert (row.from_agent, row.to_agent, row.actor_label) == (agent, other_agent, "accept time")
    assert row.strategy == "manual" and row.reason["rule"]["id"] == str(web.pk)
    assert row.reason["not_accepted"]["agent_id"] == str(agent.pk)
    assert datetime.fromisoformat(row.reason["not_accepted"]["due_at"]) == due_at
    (entry,) = entries("lead.reassigned", lead)
    assert (entry.actor_kind, entry.actor_label, entry.data["rule_name"]) == ("system", "accept time", "Web")
    assert return_untouched() == 0  # twice changes nothing


def test_when_all_have_let_it_pass_it_waits_and_the_managers_are_told(agent, other_agent, manager):
    rule("Web", agents=[agent, other_agent], strategy="manual")
    lead = new(manager)
    let_pass(lead)
    return_untouched()
    let_pass(lead)
    assert return_untouched() == 1
    waiting = again(lead)
    assert (waiting.agent, waiting.deadline, waiting.accept_due_at) == (None, None, None)
    row = Assignment.objects.filter(lead=lead).latest("at")
    assert (row.from_agent, row.to_agent) == (other_agent, None)
    assert (row.reason["returned"], row.reason["why"]) == ("not_accepted", "all_let_it_pass")
    (told,) = entries("lead.unaccepted", lead)
    assert told.data["why"] == "all_let_it_pass" and told.data["rule_name"] == "Web"
    assert told.data["from_agent_id"] == str(other_agent.pk)
    assert return_untouched() == 0 and not entries("lead.unaccepted", lead)[1:]


def test_somebody_full_is_no_next_one(agent, other_agent, manager):
    Agent.objects.filter(pk=other_agent.pk).update(max_capacity=0)
    rule("Web", agents=[agent, other_agent], strategy="manual")
    lead = new(manager)
    let_pass(lead)
    return_untouched()
    assert again(lead).agent is None
    assert entries("lead.unaccepted", lead)[0].data["why"] == "nobody_fits"


def test_what_a_strategy_placed_goes_on_by_it_among_its_pool(agent, other_agent, manager):
    AgentFactory(max_capacity=1000)
    lead = LeadFactory()
    assign_by_strategy(lead, strategy="round_robin", pool=[agent.pk, other_agent.pk], by=manager)
    let_pass(lead)
    return_untouched()
    first, second = Assignment.objects.filter(lead=lead).order_by("at")
    assert {first.to_agent, second.to_agent} == {agent, other_agent} and second.strategy == "round_robin"
    let_pass(lead)
    return_untouched()
    assert again(lead).agent is None  # the third one was not of the pool


def test_bulk_assignments_go_on_likewise(agent, other_agent, manager):
    leads = make_leads(4)
    assign_many([lead.pk for lead in leads], strategy="capacity", by=manager)
    before = {lead.pk: again(lead).agent_id for lead in leads}
    let_pass(*leads)
    assert return_untouched() == 4
    after = {lead.pk: again(lead).agent_id for lead in leads}
    assert all(after[pk] != holder and after[pk] for pk, holder in before.items())


def test_what_was_given_by_hand_goes_on_by_the_rules_else_back(agent, other_agent, manager):
    lead, alone = LeadFactory(source="Web"), LeadFactory(source="Phone")
    for one in (lead, alone):
        assign_lead(one, agent, by=manager)
    rule("Web", WEB, agents=[agent, other_agent])
    let_pass(lead, alone)
    assert return_untouched() == 2
    assert (again(lead).agent, again(alone).agent) == (other_agent, None)
    assert entries("lead.unaccepted", alone)[0].data["why"] == "no_rule"


def test_a_rule_that_is_gone_leaves_it_to_the_others(agent, other_agent, manager):
    third = AgentFactory()
    first = rule("First", agents=[agent, other_agent], strategy="manual")
    rule("Second", agents=[third])
    lead, other = new(manager), new(manager, 1)
    delete_rule(first, by=manager)
    let_pass(lead, other)
    return_untouched()
    assert again(lead).agent == third and again(other).agent == third


def test_a_rule_that_was_changed_is_used_as_it_is(agent, other_agent, manager):
    third = AgentFactory()
    one = rule("One", agents=[agent, other_agent], strategy="manual")
    lead = new(manager)
    update_rule(one, {"agents": [agent, third]}, by=manager)
    let_pass(lead)
    return_untouched()
    assert again(lead).agent == third


def test_a_manager_may_give_it_again_to_who_let_it_pass(agent, manager):
    lead = assign_lead(LeadFactory(), agent, by=manager)
    let_pass(lead)
    return_untouched()
    lead = assign_lead(again(lead), agent, by=manager)
    assert again(lead).agent == agent and again(lead).accept_due_at is not None


def test_undo_starts_no_clock(agent, other_agent, manager):
    from crm.jobs.actions import undo_job
    from crm.jobs.running import run_job
    from leads.bulk_jobs import ASSIGN, BulkWork, do_at_once

    lead = assign_lead(LeadFactory(), agent, by=manager)
    work = BulkWork(ASSIGN, strategy="manual", pool=[other_agent.pk])
    job, _ = do_at_once(work, [lead.pk], by=manager)
    assert again(lead).agent == other_agent
    run_job(undo_job(job, by=manager).pk)
    assert again(lead).agent == agent and again(lead).accept_due_at is None


def test_an_import_can_be_undone_though_the_accept_time_moved_its_leads(agent, other_agent, manager):
    from crm.jobs.actions import undo_job
    from crm.jobs.models import Job
    from crm.jobs.running import run_job
    from leads.routing.tests.test_applying import a_file, brought_in

    rule("Web", agents=[agent, other_agent])
    brought_in(a_file(2), manager)
    let_pass(*Lead.objects.all())
    assert return_untouched() == 2
    run_job(undo_job(Job.objects.get(kind="leads.import"), by=manager).pk)
    assert not Lead.objects.alive().exists()


# --- outages, sets, companies -------------------------------------------------------------------------------------


def test_after_an_outage_each_goes_on_once_and_what_was_touched_meanwhile_stays(
    agent, other_agent, manager, django_capture_on_commit_callbacks
):
    rule("All", agents=[agent, other_agent])
    late, touched = new(manager), new(manager, 1)
    mark_response(touched, by=touched.agent.user)
    let_pass(late, touched, minutes=120)
    for _ in range(3):
        with django_capture_on_commit_callbacks(execute=True):
            tick()
    moved = again(late)
    assert moved.agent != late.agent and moved.agent is not None
    assert moved.accept_due_at - now() > timedelta(minutes=14)  # the next one has its whole time
    assert again(touched).agent == touched.agent
    assert Assignment.objects.filter(lead=late).count() == 2


def test_the_tick_asks_each_company_that_has_work(agent, manager, stranger, django_capture_on_commit_callbacks):
    lead = assign_lead(LeadFactory(), agent, by=manager)
    let_pass(lead)
    Company.objects.filter(pk=stranger.company_id).update(accept_minutes=15)
    with company_active(stranger.company_id):
        theirs = assign_lead(LeadFactory(), AgentFactory(), by=stranger)
        let_pass(theirs)
    with django_capture_on_commit_callbacks(execute=True):
        tick()
    with unscoped("test"):
        assert set(Lead.objects.values_list("agent", flat=True)) == {None}
        assert AuditEntry.objects.filter(action="lead.unaccepted").values("company").distinct().count() == 2


def test_nobody_is_filled_beyond_capacity_by_what_goes_on(manager):
    first, second, third = AgentFactory(max_capacity=9), AgentFactory(max_capacity=2), AgentFactory(max_capacity=1)
    rule("All", agents=[first, second, third], strategy="manual")
    leads = [new(manager, n) for n in range(6)]
    let_pass(*leads)
    assert return_untouched() == 6
    assert [held(one) for one in (first, second, third)] == [0, 2, 1]
    assert Lead.objects.filter(agent=None).count() == 3


def test_two_leads_of_one_contact_do_not_change_places(agent, other_agent, manager):
    rule("All", agents=[agent, other_agent])
    one = assign_lead(LeadFactory(), agent, by=manager)
    two = assign_lead(LeadFactory(contact=one.contact), other_agent, by=manager)
    let_pass(one, two)
    assert return_untouched() == 2
    assert again(one).agent is None and again(two).agent is None and again(two).is_duplicate


@pytest.mark.parametrize(("leads", "agents"), [(2, 2), (30, 30)])
def test_it_costs_the_same_statements_for_any_number(manager, monkeypatch, leads, agents):
    team = [AgentFactory() for _ in range(agents)]
    for n in range(agents // 2):
        rule(f"Rule {n}", condition("source", "is_one_of", f"s{n}"), agents=team)
    made = [new(manager, n, source=f"s{n % (agents // 2)}") for n in range(leads)]
    let_pass(*made)
    monkeypatch.setattr("crm.audit.recording.events_recorded.send", lambda **kwargs: [])
    with CaptureQueriesContext(connection) as captured:
        assert return_untouched() == leads
    statements = [q["sql"] for q in captured if not q["sql"].startswith(("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT"))]
    assert len(statements) == 12, "\n".join(sql[:140] for sql in statements)


@pytest.mark.usefixtures("in_company")
class TestRaces:
    pytestmark = on_postgres

    def test_two_workers_take_each_lead_on_once(self, company, manager):
        team = [AgentFactory(max_capacity=100) for _ in range(3)]
        rule("All", agents=team)
        leads = [new(manager, n) for n in range(24)]
        let_pass(*leads)
        moved = race(company.pk, [return_untouched] * 4)
        assert sum(moved) == 24
        assert Assignment.objects.filter(actor_label="accept time").count() == 24
        assert not due(now()).exists()

    def test_the_agents_touch_and_the_worker_never_both_win(self, company, manager):
        one, two = AgentFactory(), AgentFactory()
        rule("All", agents=[one, two], strategy="manual")
        leads = [new(manager, n) for n in range(10)]
        let_pass(*leads)
        works: list[Any] = [lambda lead=lead: mark_response(lead, by=one.user) for lead in leads]
        race(company.pk, [*works, return_untouched])
        for lead in leads:
            moved = Assignment.objects.filter(lead=lead, actor_label="accept time").exists()
            assert again(lead).agent == (two if moved else one)
            assert moved or again(lead).first_response_at is not None

    def test_capacity_holds_while_leads_go_on_and_come_in(self, company, manager):
        first, second = AgentFactory(max_capacity=50), AgentFactory(max_capacity=5)
        rule("All", agents=[first, second], strategy="manual")
        leads = [new(manager, n) for n in range(10)]
        let_pass(*leads)
        works: list[Any] = [
            lambda lead=lead: assign_many([lead.pk], strategy="manual", pool=[second], by=manager)
            for lead in make_leads(6, 1000)
        ]
        race(company.pk, [*works, return_untouched, return_untouched])
        assert held(second) == 5
