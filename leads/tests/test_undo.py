"""Bulk work taken back: put back where nobody has changed it since, left and reported elsewhere."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now

from agents.capacity import held_counts
from agents.tests.factories import AgentFactory
from crm.audit.models import AuditEntry, JournalEntry
from crm.audit.recording import in_batch
from crm.core.ids import uuid7
from crm.jobs.actions import undo_job
from crm.jobs.errors import CannotUndo
from crm.jobs.kinds import Batch
from crm.jobs.models import Job, JobError, JobState
from crm.jobs.running import claim, do_now, run_job, run_next
from crm.sla.models import Timer
from leads.actions import add_note, create_lead, set_disposition, set_stage, update_contact, update_lead
from leads.assignment import assign_lead, assign_many, claim_lead, reassign_lead, unassign_lead
from leads.bulk_jobs import ASSIGN, DELETE, UPDATE, BulkWork, do_at_once, start
from leads.models import Assignment, Contact, Lead, StageChange
from leads.tests.assigning import make_leads
from leads.tests.factories import ContactFactory, LeadFactory

pytestmark = pytest.mark.usefixtures("in_company")
MILLISECOND = timedelta(milliseconds=1)


def image(lead: Lead) -> dict[str, Any]:
    """All of its row and its contact's; the journal keeps moments to the millisecond."""
    lead = Lead.objects.select_related("contact").get(pk=lead.pk)
    values = {field.attname: getattr(lead, field.attname) for field in Lead._meta.concrete_fields}
    del values["updated_at"]
    person = {"lifecycle_stage": lead.contact.lifecycle_stage, "do_not_contact": lead.contact.do_not_contact}
    return {name: v.replace(microsecond=0) if hasattr(v, "microsecond") else v for name, v in (values | person).items()}


def bulk(kind: str, leads, by, **what) -> Job:
    job, done = do_at_once(BulkWork(kind, **what), [lead.pk for lead in leads], by=by)
    assert not done.failed, done.failed
    return job


def undo(job: Job, by) -> Job:
    undoing = undo_job(job, by=by)
    run_job(undoing.pk)
    undoing.refresh_from_db()
    job.refresh_from_db()
    assert undoing.state == JobState.SUCCEEDED, undoing.message
    return undoing


def left(job: Job) -> list[tuple[str, str]]:
    return list(JobError.objects.filter(job=job).order_by("pk").values_list("object_id", "message"))


def states(agent) -> list[dict[str, Any]]:
    at = now() - timedelta(hours=1)
    held = {"agent": agent, "assigned_at": at, "deadline": at}
    return [
        {"source": "web", "tags": ["a"], "deal_value": "5.10", "custom_fields": {"k": [1, None]}},
        {**held},
        {**held, "status": "done", "closed_at": at, "disposition": "completed"},
        {**held, "status": "done", "closed_at": at, "stage": "customer", "stage_changed_at": at},
        {"status": "done", "closed_at": at, "stage": "lost"},
    ]


@pytest.mark.parametrize(
    "changes",
    [
        {"source": "fair", "tags": [], "deal_value": None, "custom_fields": {"x": 1}, "priority": "urgent"},
        {"disposition": "do_not_call"},
        {"disposition": "Call back"},
        {"stage": "lost", "stage_reason": "No budget"},
        {"stage": "sql", "stage_reason": "Wrong list"},
        {"status": "done"},
        {"stage": "mql", "stage_reason": "Again", "disposition": "completed", "schedule_at": now()},
    ],
    ids=lambda changes: "+".join(changes),
)
def test_everything_is_again_as_it_was(manager, agent, changes):
    leads = [LeadFactory(**state) for state in states(agent)]
    before = [image(lead) for lead in leads]
    job = bulk(UPDATE, leads, manager, changes=changes)
    assert [image(lead) for lead in leads] != before
    undoing = undo(job, manager)
    assert [image(lead) for lead in leads] == before
    assert (job.state, undoing.failed, undoing.undoes) == (JobState.UNDONE, 0, job)


def test_undo_is_on_record(manager, admin):
    lead = LeadFactory()
    job = bulk(UPDATE, [lead], manager, changes={"stage": "mql"})
    undo(job, admin)
    entry = AuditEntry.objects.filter(object_id=lead.pk).latest("id")
    assert (entry.action, entry.user, entry.data["undoes"]) == ("lead.stage_changed", admin, str(job.pk))
    assert list(StageChange.objects.order_by("at").values_list("to_stage", "reason")) == [("mql", ""), ("lead", "Undo")]
    told = AuditEntry.objects.filter(object_type="job").order_by("id").values_list("action", flat=True)
    assert list(told) == ["job.finished", "job.started", "job.finished", "job.undone"]


def test_what_was_changed_since_is_left_field_by_field_and_reported(manager):
    one, other = LeadFactory(source="web"), LeadFactory(source="web")
    job = bulk(UPDATE, [one, other], manager, changes={"source": "fair", "priority": "high"})
    update_lead(one, {"source": "phone"}, by=manager)
    undoing = undo(job, manager)
    one.refresh_from_db(), other.refresh_from_db()
    assert (one.source, one.priority, other.source, other.priority) == ("phone", 2, "web", 2)
    assert left(undoing) == [(str(one.pk), "Left as it is, changed since: source")]
    assert (undoing.succeeded, undoing.failed) == (1, 1)
    assert undoing.result == {"fields_put_back": 3, "fields_left": 1, "returned_to_queue": 0}
    assert JobError.objects.get().data == {"fields": ["source"]}


def test_what_somebody_has_set_back_already_is_no_conflict(manager):
    lead = LeadFactory(source="web")
    job = bulk(UPDATE, [lead], manager, changes={"source": "fair"})
    update_lead(lead, {"source": "web"}, by=manager)
    assert undo(job, manager).failed == 0


def test_a_lead_that_was_closed_again_since_stays_closed(manager):
    lead = LeadFactory()
    job = bulk(UPDATE, [lead], manager, changes={"status": "done"})
    set_stage(lead, "lost", by=manager)
    undoing = undo(job, manager)
    lead.refresh_from_db()
    assert (lead.status, lead.stage) == ("done", "lost") and lead.closed_at
    assert left(undoing) == [(str(lead.pk), "Left as it is, changed since: closed at")]


def test_a_contact_bound_by_another_lead_stays_bound(manager):
    contact = ContactFactory()
    mistaken, meant = LeadFactory(contact=contact), LeadFactory(contact=contact)
    job = bulk(UPDATE, [mistaken], manager, changes={"disposition": "do_not_call"})
    set_disposition(meant, "do_not_call", by=manager)
    undoing = undo(job, manager)
    contact.refresh_from_db(), mistaken.refresh_from_db()
    assert contact.do_not_contact and mistaken.disposition == "" and mistaken.is_open
    assert "the contact's do not contact" in left(undoing)[0][1]


def test_hand_overs_go_back_with_their_clock(manager, agent, other_agent):
    at = now() - timedelta(hours=1)
    held = LeadFactory(agent=agent, assigned_at=at, deadline=at, first_response_at=at)
    leads = [held, LeadFactory()]
    before = [image(lead) for lead in leads]
    job = bulk(ASSIGN, leads, manager, strategy="manual", pool=[other_agent.pk])
    assert set(Lead.objects.values_list("agent", flat=True)) == {other_agent.pk}
    undo(job, manager)
    assert [image(lead) for lead in leads] == before
    last = Assignment.objects.filter(lead=held).latest("at")
    assert (last.from_agent, last.to_agent, last.reason) == (other_agent, agent, {"undone": str(job.pk)})
    assert AuditEntry.objects.filter(action="lead.unassigned", object_id=leads[1].pk).count() == 1


def test_a_lead_handed_on_since_stays(manager, agent, other_agent):
    lead = LeadFactory()
    job = bulk(ASSIGN, [lead], manager, strategy="manual", pool=[agent.pk])
    assign_lead(lead, other_agent, by=manager)
    undoing = undo(job, manager)
    lead.refresh_from_db()
    assert lead.agent == other_agent and "agent" in left(undoing)[0][1]


def test_undo_fills_nobody_beyond_capacity(manager):
    small, large = AgentFactory(name="Small", max_capacity=3), AgentFactory(name="Large", max_capacity=10)
    leads = make_leads(3, agent=small)
    job = bulk(ASSIGN, leads, manager, strategy="manual", pool=[large.pk])
    make_leads(2, 100, agent=small)
    undoing = undo(job, manager)
    assert Lead.objects.open().filter(agent=small).count() == 3
    assert Lead.objects.open().filter(agent=large).count() == 2
    assert [why for _, why in left(undoing)] == ["Stays where it is: Small has no room for it"] * 2


def test_what_opens_again_without_room_goes_to_the_queue(manager):
    agent = AgentFactory(max_capacity=1)
    leads = make_leads(1, agent=agent)
    job = bulk(UPDATE, leads, manager, changes={"status": "done"})
    make_leads(1, 100, agent=agent)
    undoing = undo(job, manager)
    lead = Lead.objects.get(pk=leads[0].pk)
    assert (lead.status, lead.agent, undoing.result["returned_to_queue"]) == ("new", None, 1)


def test_two_agents_that_swapped_get_their_leads_back_though_both_are_full(manager):
    a, b = AgentFactory(max_capacity=2), AgentFactory(max_capacity=2)
    of_a, of_b = make_leads(1, agent=a), make_leads(1, 50, agent=b)
    first = bulk(ASSIGN, of_a, manager, strategy="manual", pool=[b.pk])
    bulk(ASSIGN, of_b, manager, strategy="manual", pool=[a.pk])
    undo(first, manager)
    assert Lead.objects.filter(agent=a).count() == 2


def test_deleted_leads_come_back_to_their_agents(manager, agent):
    leads = [LeadFactory(agent=agent), LeadFactory(status="done")]
    before = [image(lead) for lead in leads]
    job = bulk(DELETE, leads, manager)
    assert not Lead.objects.alive().exists()
    undo(job, manager)
    assert [image(lead) for lead in leads] == before
    assert AuditEntry.objects.filter(action="lead.restored").count() == 2


def test_a_lead_deleted_since_stays_deleted(manager):
    lead = LeadFactory()
    job = bulk(UPDATE, [lead], manager, changes={"source": "x"})
    bulk(DELETE, [lead], manager)
    assert left(undo(job, manager)) == [(str(lead.pk), "Left as it is: it has been deleted since")]


def test_undo_killed_in_the_middle_goes_on_where_it_was(manager, monkeypatch):
    monkeypatch.setattr("leads.undo.BATCH", 2)
    leads = make_leads(5)
    job = bulk(UPDATE, leads, manager, changes={"source": "x", "stage": "mql"})
    undoing = undo_job(job, by=manager)
    lease = claim(undoing.pk)
    assert run_next(undoing.pk, lease)
    assert Lead.objects.filter(source="").count() == 2
    Job.objects.filter(pk=undoing.pk).update(leased_until=now() - timedelta(seconds=1))  # its worker is dead
    run_job(undoing.pk)
    undoing.refresh_from_db()
    assert (undoing.state, undoing.succeeded, undoing.failed) == (JobState.SUCCEEDED, 5, 0)
    assert Lead.objects.filter(source="", stage="lead").count() == 5
    assert StageChange.objects.filter(reason="Undo").count() == 5


def test_undo_is_once_and_for_thirty_days(manager):
    old, twice = (bulk(UPDATE, [LeadFactory()], manager, changes={"source": "x"}) for _ in range(2))
    Job.objects.filter(pk=old.pk).update(created_at=now() - timedelta(days=31))
    with pytest.raises(CannotUndo, match="30 days"):
        undo_job(old, by=manager)
    undo(twice, manager)
    with pytest.raises(CannotUndo, match="already"):
        undo_job(twice, by=manager)


# --- What a job has created ----------------------------------------------------------------------------------------


def brought_in(manager) -> Job:
    """As an import does: a new person, a lead of a known one whose blanks it fills."""

    def work() -> Batch:
        create_lead({"first_name": "New", "email": "new@example.org"}, by=manager)
        create_lead({"first_name": "Worked", "email": "worked@example.org"}, by=manager)
        known = {"first_name": "Known", "phone_e164": "+14155550123", "organization": "Acme"}
        create_lead(known, by=manager)
        return Batch(None, 3)

    return do_now(UPDATE, {}, work, by=manager, title="Import")


def test_what_was_created_goes_unless_somebody_has_worked_on_it(manager):
    known = ContactFactory(first_name="Known", phone_e164="+14155550123", organization="", email="")
    job = brought_in(manager)
    worked = Lead.objects.get(contact__email="worked@example.org")
    add_note(worked, "Called", by=manager)
    undoing = undo(job, manager)
    assert list(Lead.objects.alive()) == [worked]
    assert set(Contact.objects.alive().values_list("first_name", flat=True)) == {"Known", "Worked"}
    known.refresh_from_db()
    assert known.organization == "" and "acme" not in known.search_text
    assert [why for _, why in left(undoing)] == ["Left as it is: it has been worked on since"] * 2


def test_what_was_created_and_then_shared_out_goes_too_but_what_was_claimed_stays(manager, agent, other_agent):
    job = brought_in(manager)
    shared, handed_on, claimed = Lead.objects.order_by("pk")
    assign_many([shared.pk, handed_on.pk], strategy="round_robin", pool=[agent, other_agent], by=manager)
    for lead in (shared, handed_on):
        lead.refresh_from_db()
    reassign_lead(handed_on, agent if handed_on.agent_id == other_agent.pk else other_agent, by=manager)
    unassign_lead(shared, by=manager)
    assign_lead(shared, agent, by=manager)
    taken = claim_lead(agent, by=agent.user)
    assert taken is not None and taken.pk == claimed.pk
    undoing = undo(job, manager)
    assert list(Lead.objects.alive()) == [claimed]
    assert [why for _, why in left(undoing)][:1] == ["Left as it is: it has been worked on since"]
    assert not Timer.objects.filter(lead__in=[shared, handed_on], ended_at__isnull=True).exists()
    assert sorted(held_counts([agent.pk, other_agent.pk]).values()) == [0, 1]


def test_a_contacts_field_changed_since_stays(manager):
    known = ContactFactory(first_name="Known", phone_e164="+14155550123", organization="", title="")
    job = brought_in(manager)
    update_contact(known, {"organization": "Apex"}, by=manager)
    undoing = undo(job, manager)
    known.refresh_from_db()
    assert known.organization == "Apex"
    assert (str(known.pk), "Left as it is, changed since: organization") in left(undoing)


# --- Bulk work as jobs ---------------------------------------------------------------------------------------------


def test_a_job_by_filter_takes_the_leads_of_its_start_and_goes_on_after_a_kill(manager, monkeypatch):
    monkeypatch.setattr("leads.bulk_jobs.BATCH", 2)
    make_leads(5, source="web")
    job = start(BulkWork(UPDATE, filters={"source": "web"}, changes={"priority": "high"}), by=manager, total=5)
    late = make_leads(1, 100, source="web")
    run_next(job.pk, claim(job.pk))
    Job.objects.filter(pk=job.pk).update(leased_until=now() - timedelta(seconds=1))
    run_job(job.pk)
    job.refresh_from_db()
    assert (job.state, job.succeeded, job.title) == (JobState.SUCCEEDED, 5, "Update 5 leads: priority")
    assert Lead.objects.get(priority=2) == late[0]
    assert JournalEntry.objects.filter(batch=job.pk).count() == 5


def test_a_job_by_ids_shares_out_and_reports_what_it_could_not(manager, agent, monkeypatch):
    monkeypatch.setattr("leads.bulk_jobs.BATCH", 2)
    leads = make_leads(3)
    ids = ["lead1", *(str(lead.pk) for lead in leads), str(uuid7())]
    job = start(BulkWork(ASSIGN, lead_ids=ids, strategy="round_robin", pool=[agent.pk]), by=manager, total=5)
    run_job(job.pk)
    job.refresh_from_db()
    assert (job.succeeded, job.failed, job.result) == (3, 2, {"distribution": {str(agent.pk): 3}})
    assert [why for _, why in left(job)] == ["Lead not found"] * 2


def test_a_job_does_what_its_user_still_may(agent, manager):
    own, other = LeadFactory(agent=agent), LeadFactory()
    job = start(BulkWork(DELETE, lead_ids=[str(own.pk), str(other.pk)]), by=agent.user, total=2)
    agent.user.is_active = False
    agent.user.save()
    run_job(job.pk)
    job.refresh_from_db()
    assert (job.state, job.message) == (JobState.FAILED, "Your role may not do this.")
    assert Lead.objects.alive().count() == 2


def test_nothing_outside_of_a_batch_is_marked(manager):
    lead = LeadFactory()
    update_lead(lead, {"source": "x"}, by=manager)
    with in_batch(uuid7()):
        update_lead(lead, {"source": "y"}, by=manager)
    assert [line.batch is not None for line in JournalEntry.objects.order_by("pk")] == [False, True]


@pytest.mark.skipif(connection.vendor != "postgresql", reason="needs PostgreSQL")
def test_contacts_are_locked_by_their_index_where_the_database_has_no_statistics(in_company, manager):
    """As right after a large import: joined, all leads were walked for each contact of the company."""
    leads = make_leads(20)
    with CaptureQueriesContext(connection) as queries:
        bulk(UPDATE, leads, manager, changes={"stage": "mql"})
    locks = [q["sql"] for q in queries if 'FROM "leads_contact"' in q["sql"] and "FOR NO KEY UPDATE" in q["sql"]]
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {locks[0]}")
        plan = "\n".join(row for (row,) in cursor.fetchall())
    assert "InitPlan" in plan and "Join" not in plan and "Nested Loop" not in plan, plan
