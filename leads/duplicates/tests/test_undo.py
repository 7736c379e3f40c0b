"""A merge taken back: all as it was, what was changed since left and reported, nobody beyond capacity."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils.timezone import now

from crm.audit.models import AuditEntry, JournalEntry
from crm.jobs.actions import undo_job
from crm.jobs.errors import CannotUndo
from crm.jobs.models import Job, JobError, JobState
from crm.jobs.running import run_job
from leads.actions import add_note, create_contact, create_lead, set_disposition, set_stage, update_contact, update_lead
from leads.assignment import assign_lead
from leads.duplicates.finding import keep_pairs, ordered
from leads.duplicates.jobs import FORGOTTEN, merge_contacts_now, merge_leads_now
from leads.duplicates.models import DuplicatePair, FoundBy, PairState
from leads.models import Assignment, Contact, Lead, Note, StageChange
from leads.tests.assigning import make_leads
from leads.tests.factories import ContactFactory, LeadFactory

pytestmark = pytest.mark.usefixtures("in_company")
TABLES = (Contact, Lead, Note, Assignment, StageChange, DuplicatePair)


def image() -> dict[str, Any]:
    """Every row of what a merge touches, but for the moment of the last change."""
    rows = {}
    for model in TABLES:
        for row in model.objects.all():
            values = {f.attname: getattr(row, f.attname) for f in model._meta.concrete_fields if f.name != "updated_at"}
            rows[model.__name__, row.pk] = {
                n: v.isoformat()[:22] if hasattr(v, "isoformat") else v for n, v in values.items()
            }
    return rows


def undo(job: Job, by: Any) -> Job:
    undoing = undo_job(job, by=by)
    run_job(undoing.pk)
    undoing.refresh_from_db(), job.refresh_from_db()
    assert undoing.state == JobState.SUCCEEDED, undoing.message
    return undoing


def left(job: Job) -> dict[str, str]:
    return dict(JobError.objects.filter(job=job).values_list("object_id", "message"))


@pytest.fixture
def two(manager, agent, other_agent) -> tuple[Contact, Contact]:
    """With leads in every constellation, notes, moves, a pair, and a third that was merged into one of them before."""
    ann = {"first_name": "Ann", "last_name": "Lee", "phone": "+14155550101", "tags": ["a"], "custom_fields": {"x": 1}}
    again = {
        "first_name": "Ann", "email": "ann@b.example", "phone": "+14155550102", "tags": ["b"], "organization": "Apex",
        "custom_fields": {"x": 2, "y": 3}, "opt_in_status": "opted_out", "do_not_contact": True,
    }  # fmt: skip
    this, other = create_contact(ann, by=manager), create_contact(again, by=manager)
    merge_contacts_now(other, ContactFactory(first_name="Third"), by=manager)
    for contact in (this, other):
        lead = create_lead({"contact_id": contact.pk, "tags": [contact.email or "x"]}, by=manager, agent=agent)
        add_note(lead, f"Of {contact.pk}", by=manager)
        set_stage(lead, "mql", by=manager)
        LeadFactory(contact=contact, status="done")
    create_lead({"contact_id": other.pk}, by=manager, agent=other_agent)
    create_lead({"contact_id": other.pk}, by=manager)
    keep_pairs({ordered(this.pk, other.pk): ["name"]}, found_by=FoundBy.SCAN)
    return this, other


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("fields", [{}, {"phone_e164": "other", "last_name": "other", "tags": "this"}])
def test_everything_is_again_as_it_was(manager, two, turned, fields):
    this, other = reversed(two) if turned else two
    before = image()
    job, done = merge_contacts_now(this, other, by=manager, fields=fields)
    assert image() != before and done.leads_merged == 1
    undoing = undo(job, manager)
    assert left(undoing) == {}
    assert image() == before
    assert (job.state, undoing.undoes, undoing.kind) == (JobState.UNDONE, job, "duplicates.undo_merge")


def test_it_is_on_record(manager, admin, two):
    this, other = two
    job, _ = merge_contacts_now(this, other, by=manager)
    assert (job.state, job.title, job.result["contact_id"]) == (JobState.SUCCEEDED, "Merge two contacts", str(this.pk))
    undo(job, admin)
    for contact, action in ((this, "contact.merge_undone"), (other, "contact.restored")):
        entry = AuditEntry.objects.get(object_id=contact.pk, action=action, user=admin)
        assert entry.data["undoes"] == str(job.pk)
    told = AuditEntry.objects.filter(object_type="job").order_by("id").values_list("action", flat=True)
    assert list(told)[-4:] == ["job.finished", "job.started", "job.finished", "job.undone"]


def test_a_field_changed_since_stays_and_is_reported(manager):
    this = ContactFactory(organization="", title="")
    other = ContactFactory(organization="Apex", title="Chief")
    job, _ = merge_contacts_now(this, other, by=manager)
    update_contact(this, {"organization": "Acme"}, by=manager)
    undoing = undo(job, manager)
    this.refresh_from_db(), other.refresh_from_db()
    assert (this.organization, this.title, other.organization) == ("Acme", "", "Apex")
    assert other.deleted_at is None and other.merged_into is None
    assert left(undoing) == {str(this.pk): "Left as it is, changed since: organization"}
    assert undoing.result["fields_left"] == 1


def test_a_lead_that_came_since_stays_with_the_survivor(manager):
    this, other = ContactFactory(), ContactFactory()
    job, _ = merge_contacts_now(this, other, by=manager)
    lead = create_lead({"contact_id": this.pk}, by=manager)
    undo(job, manager)
    lead.refresh_from_db()
    assert lead.contact == this


def test_notes_written_since_stay_with_the_lead_that_they_were_written_on(manager, agent):
    this, other = ContactFactory(), ContactFactory()
    mine, theirs = LeadFactory(contact=this, agent=agent), LeadFactory(contact=other, agent=agent)
    add_note(theirs, "Before", by=manager)
    job, _ = merge_contacts_now(this, other, by=manager)
    add_note(mine, "Since", by=manager)
    undo(job, manager)
    assert [list(lead.notes.values_list("text", flat=True)) for lead in (mine, theirs)] == [["Since"], ["Before"]]


def test_a_lead_that_stands_there_again_finds_its_agent_full_and_goes_to_the_queue(manager, agent):
    agent.max_capacity = 2
    agent.save()
    this, other = ContactFactory(), ContactFactory()
    LeadFactory(contact=this, agent=agent)
    theirs = LeadFactory(contact=other, agent=agent)
    job, _ = merge_contacts_now(this, other, by=manager)
    make_leads(1, agent=agent)
    undoing = undo(job, manager)
    theirs.refresh_from_db()
    assert (theirs.contact, theirs.agent, theirs.is_open, undoing.result["returned_to_queue"]) == (other, None, True, 1)
    assert Lead.objects.open().filter(agent=agent).count() == 2


def test_a_lead_handed_on_since_keeps_its_new_holder(manager, agent, other_agent):
    this, other = ContactFactory(), ContactFactory()
    lead = LeadFactory(contact=other, agent=agent)
    job, _ = merge_contacts_now(this, other, by=manager)
    assign_lead(lead, other_agent, by=manager)
    assert left(undo(job, manager)) == {}
    lead.refresh_from_db()
    assert (lead.contact, lead.agent) == (other, other_agent)


def test_a_phone_that_somebody_else_has_by_now_is_left_to_them(manager):
    this, other = ContactFactory(email=""), ContactFactory(phone_e164="+14155550102", email="o@b.example")
    job, _ = merge_contacts_now(this, other, by=manager)
    somebody = ContactFactory(phone_e164="+14155550102")
    undoing = undo(job, manager)
    this.refresh_from_db(), other.refresh_from_db()
    assert (other.phone_e164, other.email, this.email, somebody.phone_e164) == ("", "o@b.example", "", "+14155550102")
    assert left(undoing) == {str(other.pk): "Another contact has its phone number by now"}


def test_who_could_not_be_reached_any_more_stays_merged(manager):
    this, other = ContactFactory(), ContactFactory(phone_e164="+14155550102", email="")
    lead = LeadFactory(contact=other)
    job, _ = merge_contacts_now(this, other, by=manager)
    ContactFactory(phone_e164="+14155550102")
    assert "other contacts have its phone" in left(undo(job, manager))[str(other.pk)]
    other.refresh_from_db(), lead.refresh_from_db()
    assert other.merged_into == this and lead.contact == this


def test_merges_are_taken_back_last_one_first(manager):
    first, second, third = ContactFactory(), ContactFactory(), ContactFactory()
    before = image()
    early, _ = merge_contacts_now(second, third, by=manager)
    late, _ = merge_contacts_now(first, second, by=manager)
    undoing = undo(early, manager)
    assert "Take that back first" in left(undoing)[str(third.pk)]
    undo(late, manager)
    third.refresh_from_db(), second.refresh_from_db()
    assert (third.merged_into, second.merged_into, second.deleted_at) == (second, None, None)
    with pytest.raises(CannotUndo, match="already"):
        undo_job(early, by=manager)
    assert image().keys() == before.keys()


@pytest.mark.parametrize("refusal", [{"do_not_contact": True}, {"opt_in_status": "opted_out"}])
def test_a_refusal_since_the_merge_binds_both(manager, refusal):
    this, other = ContactFactory(opt_in_status="opted_in"), ContactFactory(opt_in_status="opted_in")
    job, _ = merge_contacts_now(this, other, by=manager)
    update_contact(this, refusal, by=manager)
    undo(job, manager)
    this.refresh_from_db(), other.refresh_from_db()
    for name, value in refusal.items():
        assert (getattr(this, name), getattr(other, name)) == (value, value)


def test_a_survivor_bound_by_a_lead_of_its_own_stays_bound(manager):
    this, other = ContactFactory(), ContactFactory(do_not_contact=True)
    mine = LeadFactory(contact=this)
    job, _ = merge_contacts_now(this, other, by=manager)
    set_disposition(mine, "do_not_call", by=manager)
    undoing = undo(job, manager)
    this.refresh_from_db()
    assert this.do_not_contact and "do not contact" in left(undoing)[str(this.pk)]


def test_consent_goes_back_to_each(manager):
    this, other = (
        ContactFactory(opt_in_status="opted_in"),
        ContactFactory(opt_in_status="opted_out", do_not_contact=True),
    )
    job, _ = merge_contacts_now(this, other, by=manager)
    undo(job, manager)
    this.refresh_from_db(), other.refresh_from_db()
    assert (this.opt_in_status, this.do_not_contact) == ("opted_in", False)
    assert (other.opt_in_status, other.do_not_contact) == ("opted_out", True)


def test_the_pair_is_to_be_decided_again(manager):
    this, other = ContactFactory(), ContactFactory()
    keep_pairs({ordered(this.pk, other.pk): ["name"]}, found_by=FoundBy.SCAN)
    job, _ = merge_contacts_now(this, other, by=manager)
    undo(job, manager)
    pair = DuplicatePair.objects.get()
    assert (pair.state, pair.decided_by, pair.decided_at) == (PairState.OPEN, None, None)


def test_undo_is_for_thirty_days_and_not_without_the_journal(manager):
    old, _ = merge_contacts_now(ContactFactory(), ContactFactory(), by=manager)
    Job.objects.filter(pk=old.pk).update(created_at=now() - timedelta(days=31))
    with pytest.raises(CannotUndo, match="30 days"):
        undo_job(old, by=manager)
    erased, _ = merge_contacts_now(ContactFactory(), ContactFactory(), by=manager)
    JournalEntry.objects.filter(batch=erased.pk).delete()
    undoing = undo_job(erased, by=manager)
    run_job(undoing.pk)
    undoing.refresh_from_db()
    assert (undoing.state, undoing.message) == (JobState.FAILED, FORGOTTEN)


# --- Leads -------------------------------------------------------------------------------------------------------


def test_a_merge_of_leads_is_taken_back(manager, agent):
    contact = ContactFactory()
    this = create_lead({"contact_id": contact.pk, "tags": ["a"]}, by=manager, agent=agent)
    other = create_lead({"contact_id": contact.pk, "tags": ["b"], "deal_value": "5.00", "source": "fair"}, by=manager)
    add_note(other, "Theirs", by=manager)
    before = image()
    job, _ = merge_leads_now(this, other, by=manager)
    assert image() != before
    assert left(undo(job, manager)) == {}
    assert image() == before


def test_a_leads_field_changed_since_stays(manager):
    this = LeadFactory(source="")
    other = LeadFactory(contact=this.contact, source="fair", deal_value=5)
    job, _ = merge_leads_now(this, other, by=manager)
    update_lead(this, {"source": "web"}, by=manager)
    undoing = undo(job, manager)
    this.refresh_from_db(), other.refresh_from_db()
    assert (this.source, this.deal_value, other.deleted_at) == ("web", None, None)
    assert left(undoing) == {str(this.pk): "Left as it is, changed since: source"}


def test_a_lead_merged_on_since_is_left_where_it_is(manager):
    first = LeadFactory()
    second, third = (LeadFactory(contact=first.contact) for _ in range(2))
    early, _ = merge_leads_now(second, third, by=manager)
    merge_leads_now(first, second, by=manager)
    undoing = undo(early, manager)
    third.refresh_from_db()
    assert third.merged_into == first
    assert left(undoing)[str(third.pk)].startswith("Stays where it is")
