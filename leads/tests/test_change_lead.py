"""The three axes of a lead and what closing, reopening, deleting and restoring do."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils.timezone import now

from agents.models import Agent
from crm.accounts.models import User
from crm.audit.models import AuditEntry, JournalEntry
from crm.core.actors import System
from crm.core.errors import Conflict, InvalidField, MissingField
from crm.core.tenancy import ForeignCompany, NoCompany, company_active, scoped
from leads.actions import (
    add_note,
    create_contact,
    create_disposition,
    create_lead,
    delete_contact,
    delete_disposition,
    delete_lead,
    mark_response,
    restore_lead,
    set_deal_value,
    set_disposition,
    set_score,
    set_stage,
    set_status,
    update_contact,
    update_lead,
)
from leads.errors import ContactHasOpenLeads, ContactTaken, InvalidPhone, LeadIsDeleted, ReasonNeeded, StageIsClosed
from leads.models import Contact, Lead, Priority
from leads.sla import SlaStatus, has_sla_status, sla_status
from leads.tests.factories import ContactFactory, LeadFactory

pytestmark = pytest.mark.usefixtures("in_company")
FINAL = ("completed", "not_interested", "hung_up", "not_qualified", "wrong_number", "do_not_call", "retainer_signed")
OPEN = ("qualified", "contacted", "callback", "voicemail", "retainer_sent", "no_answer")


@pytest.fixture
def lead(manager: User) -> Lead:
    return create_lead({"first_name": "John", "phone_e164": "+14155552671"}, by=manager)


@pytest.fixture
def held(manager: User, agent: Agent) -> Lead:
    return create_lead({"first_name": "John", "phone_e164": "+14155552671"}, by=manager, agent=agent)


def entry(lead: Lead, action: str) -> AuditEntry:
    return AuditEntry.objects.get(object_id=lead.pk, action=action)


def changed(lead: Lead, action: str) -> dict[str, tuple[Any, Any]]:
    return {c["field"]: (c.get("before"), c.get("after")) for c in entry(lead, action).changes}


# --- Stage -------------------------------------------------------------------------------------------------------


def test_a_move_is_kept_with_reason_mover_and_time_stayed(lead: Lead, manager: User) -> None:
    Lead.objects.filter(pk=lead.pk).update(stage_changed_at=now() - timedelta(hours=2))
    moved = set_stage(lead, "mql", reason="Asked for a demo", by=manager)
    change = lead.stage_changes.get()
    assert (change.from_stage, change.to_stage, change.reason, change.user, change.is_automatic) == (
        "lead",
        "mql",
        "Asked for a demo",
        manager,
        False,
    )
    assert 7200 <= change.stayed_seconds <= 7210
    lead.refresh_from_db()
    assert (lead.stage, lead.status, lead.stage_changed_at) == ("mql", "new", change.at)
    assert lead.contact.lifecycle_stage == "mql"
    assert moved.stage == "mql"
    assert changed(lead, "lead.stage_changed") == {"stage": ("lead", "mql")}
    assert entry(lead, "lead.stage_changed").data["stage_change_id"] == str(change.pk)
    assert "demo" not in str(entry(lead, "lead.stage_changed").data)


def test_the_same_stage_again_changes_nothing(lead: Lead, manager: User) -> None:
    set_stage(lead, "lead", by=manager)
    assert not lead.stage_changes.exists()
    assert not AuditEntry.objects.filter(action="lead.stage_changed").exists()


@pytest.mark.parametrize("stage", ["customer", "lost"])
def test_customer_and_lost_close_and_leaving_them_reopens_with_a_reason(lead: Lead, manager: User, stage: str) -> None:
    closed = set_stage(lead, stage, by=manager)
    assert (closed.status, closed.is_open) == ("done", False)
    assert closed.closed_at is not None
    for reason in ("", "  "):
        with pytest.raises(ReasonNeeded):
            set_stage(lead, "sql", reason=reason, by=manager)
    assert lead.stage_changes.count() == 1
    again = set_stage(lead, "sql", reason="Came back", by=manager)
    lead.refresh_from_db()
    assert (again.status, again.closed_at, lead.status, lead.closed_at) == ("in_progress", None, "in_progress", None)
    assert lead.contact.lifecycle_stage == "sql"


def test_from_customer_to_lost_stays_closed_and_the_last_close_counts(lead: Lead, manager: User) -> None:
    first = set_stage(lead, "customer", by=manager).closed_at
    second = set_stage(lead, "lost", reason="Refund", by=manager)
    assert second.status == "done"
    assert second.closed_at is not None
    assert first is not None
    assert second.closed_at > first


def test_the_products_own_move_is_automatic_and_no_response(held: Lead) -> None:
    moved = set_stage(held, "mql", automatic=True, by=System("scoring"))
    assert moved.first_response_at is None
    assert moved.status == "new"
    assert held.stage_changes.get().is_automatic


# --- Disposition -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", FINAL)
def test_a_final_disposition_closes(lead: Lead, manager: User, key: str) -> None:
    set_disposition(lead, key, by=manager)
    lead.refresh_from_db()
    assert (lead.disposition, lead.status, lead.is_open) == (key, "done", False)
    assert lead.closed_at is not None
    assert lead.contact.do_not_contact == (key == "do_not_call")
    assert changed(lead, "lead.disposition_set")["status"] == ("new", "done")


@pytest.mark.parametrize("key", OPEN)
def test_any_other_puts_the_lead_in_progress(lead: Lead, manager: User, key: str) -> None:
    assert set_disposition(lead, key, by=manager).status == "in_progress"


def test_no_answer_closes_once_the_attempts_are_used_up(held: Lead, manager: User, agent: Agent) -> None:
    Agent.objects.filter(pk=agent.pk).update(max_attempts=2)
    Lead.objects.filter(pk=held.pk).update(attempts_count=1)
    assert set_disposition(held, "no_answer", by=manager).status == "in_progress"
    Lead.objects.filter(pk=held.pk).update(attempts_count=2)
    assert set_disposition(held, "no_answer", by=manager).status == "done"


@pytest.mark.parametrize("label", ["Qualified", "QUALIFIED", "qualified", " qualified "])
def test_labels_are_taken_in_any_case(lead: Lead, manager: User, label: str) -> None:
    assert set_disposition(lead, label, by=manager).disposition == "qualified"


def test_an_unknown_or_another_companys_disposition_is_refused(lead: Lead, manager: User, stranger: User) -> None:
    with company_active(stranger.company_id):
        create_disposition("Wants brochure", by=stranger)
    for name in ("won", "Wants brochure"):
        with pytest.raises(InvalidField) as refusal:
            set_disposition(lead, name, by=manager)
        assert refusal.value.status == 422


def test_a_companys_own_final_one_closes_and_leaving_it_reopens(lead: Lead, manager: User) -> None:
    create_disposition("Bought elsewhere", is_final=True, by=manager)
    assert set_disposition(lead, "BOUGHT elsewhere", by=manager).status == "done"
    reopened = set_disposition(lead, "callback", by=manager)
    assert (reopened.status, reopened.closed_at) == ("in_progress", None)
    set_disposition(lead, "completed", by=manager)
    cleared = set_disposition(lead, None, by=manager)
    assert (cleared.disposition, cleared.status) == ("", "in_progress")


def test_a_retired_one_stays_on_leads_and_can_not_be_chosen(lead: Lead, manager: User) -> None:
    own = create_disposition("Bought elsewhere", is_final=True, by=manager)
    set_disposition(lead, own.key, by=manager)
    delete_disposition(own, by=manager)
    assert set_disposition(lead, "callback", by=manager).status == "in_progress"
    with pytest.raises(InvalidField):
        set_disposition(lead, own.key, by=manager)


def test_leaving_a_final_disposition_does_not_open_a_customer(lead: Lead, manager: User) -> None:
    set_disposition(lead, "completed", by=manager)
    set_stage(lead, "customer", by=manager)
    assert set_disposition(lead, "callback", by=manager).status == "done"


# --- Status ------------------------------------------------------------------------------------------------------


def test_setting_the_status_back_reopens_as_in_progress(lead: Lead, manager: User) -> None:
    closed = set_status(lead, "done", by=manager)
    assert closed.closed_at is not None
    reopened = set_status(lead, "new", by=manager)
    assert (reopened.status, reopened.closed_at) == ("in_progress", None)
    assert AuditEntry.objects.filter(object_id=lead.pk, action="lead.status_changed").count() == 2


def test_a_customer_is_not_opened_by_its_status(lead: Lead, manager: User) -> None:
    set_stage(lead, "customer", by=manager)
    with pytest.raises(StageIsClosed):
        set_status(lead, "in_progress", by=manager)
    assert Lead.objects.get().status == "done"


def test_reopening_at_a_full_agent_returns_the_lead_to_the_queue(held: Lead, manager: User, agent: Agent) -> None:
    set_status(held, "done", by=manager)
    Agent.objects.filter(pk=agent.pk).update(max_capacity=0)
    reopened = set_status(held, "in_progress", by=manager)
    held.refresh_from_db()
    assert (reopened.agent, held.agent, held.status, held.deadline) == (None, None, "in_progress", None)
    assert held.assignments.order_by("at").last().reason["returned"] == "full"


def test_reopening_beside_another_open_lead_of_the_contact_returns_it(held: Lead, manager: User, agent: Agent) -> None:
    set_disposition(held, "completed", by=manager)
    second = create_lead({"contact_id": held.contact_id}, by=manager, agent=agent)
    set_stage(held, "mql", by=manager)
    assert Lead.objects.get(pk=held.pk).agent == agent
    set_disposition(held, "callback", by=manager)
    assert Lead.objects.get(pk=held.pk).agent is None
    assert Lead.objects.get(pk=second.pk).agent == agent


# --- The first response ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "respond",
    [
        lambda lead, by: set_disposition(lead, "voicemail", by=by),
        lambda lead, by: set_stage(lead, "mql", by=by),
        lambda lead, by: set_status(lead, "in_progress", by=by),
        lambda lead, by: mark_response(lead, by=by),
        lambda lead, by: update_lead(lead, {"disposition": "voicemail"}, by=by),
    ],
)
def test_the_first_response_meets_the_sla_and_starts_the_work(held: Lead, agent: Agent, respond: Any) -> None:
    assert sla_status(held) == SlaStatus.ON_TRACK
    first = respond(held, agent.user)
    assert sla_status(first) == SlaStatus.MET
    assert first.status == "in_progress"
    again = respond(held, agent.user)
    assert again.first_response_at == first.first_response_at


def test_a_note_or_another_field_is_no_response(held: Lead, agent: Agent) -> None:
    add_note(held, "Looked at it", by=agent.user)
    update_lead(held, {"source": "web"}, by=agent.user)
    assert Lead.objects.get().first_response_at is None


def test_without_a_holder_no_clock_runs(lead: Lead, manager: User) -> None:
    assert set_disposition(lead, "voicemail", by=manager).first_response_at is None


def test_where_a_lead_stands_on_its_clock_in_python_and_in_sql() -> None:
    at, hour = now(), timedelta(hours=1)
    cases = [
        (None, None, None, "none"),
        (at + timedelta(minutes=31), None, None, "on_track"),
        (at + timedelta(minutes=30), None, None, "due_soon"),
        (at, None, None, "due_soon"),
        (at - timedelta(seconds=1), None, None, "breached"),
        (at, at, None, "met"),
        (at - 2 * hour, at - hour, None, "breached"),
        (at - hour, at - 2 * hour, None, "met"),
        (None, at, None, "none"),
        # closed: what was owed by then counts, and no more
        (at - hour, None, at - 2 * hour, "none"),
        (at - hour, None, at - hour, "none"),
        (at + timedelta(minutes=10), None, at - hour, "none"),
        (at - 2 * hour, None, at - hour, "breached"),
        (at - hour, at - 2 * hour, at, "met"),
        (at - 3 * hour, at - 2 * hour, at - hour, "breached"),
        (None, None, at, "none"),
    ]
    rows = {}
    for deadline, first, closed, status in cases:
        lead = LeadFactory(
            deadline=deadline, first_response_at=first, closed_at=closed, status="done" if closed else "new"
        )
        rows[lead.pk] = status
    for status in SlaStatus:
        wanted = {pk for pk, expected in rows.items() if expected == status}
        assert set(Lead.objects.filter(has_sla_status(status, at)).values_list("pk", flat=True)) == wanted
        assert {lead.pk for lead in Lead.objects.all() if sla_status(lead, at) == status} == wanted


# --- Fields ------------------------------------------------------------------------------------------------------


def test_only_named_fields_change_and_objects_are_replaced_whole(lead: Lead, manager: User) -> None:
    update_lead(lead, {"custom_fields": {"a": 1}, "tags": ["x"], "source": "web"}, by=manager)
    before = Lead.objects.get().updated_at
    update_lead(lead, {"custom_fields": {"b": 2}, "priority": "urgent", "deal_value": Decimal("10.00")}, by=manager)
    lead.refresh_from_db()
    assert (lead.custom_fields, lead.tags, lead.source, lead.priority, lead.deal_value) == (
        {"b": 2},
        ["x"],
        "web",
        Priority.URGENT,
        Decimal("10.00"),
    )
    assert lead.updated_at > before
    last = AuditEntry.objects.filter(object_id=lead.pk, action="lead.updated").latest("id")
    assert {c["field"] for c in last.changes} == {"custom_fields", "priority", "deal_value"}
    assert all("after" not in c for c in last.changes if c["field"] == "custom_fields")
    assert JournalEntry.objects.get(entry=last).before["custom_fields"] == {"a": 1}


def test_a_change_that_changes_nothing_leaves_no_trace(lead: Lead, manager: User) -> None:
    lead.refresh_from_db()
    update_lead(lead, {"source": "", "first_name": "John", "status": "new", "stage": "lead"}, by=manager)
    assert Lead.objects.get().updated_at == lead.updated_at
    assert AuditEntry.objects.filter(object_id=lead.pk).count() == 1


def test_a_whole_object_sent_back_with_a_new_stage_is_taken(lead: Lead, manager: User) -> None:
    updated = update_lead(lead, {"status": "new", "stage": "customer", "disposition": None}, by=manager)
    assert (updated.status, updated.stage) == ("done", "customer")
    again = update_lead(updated, {"status": "in_progress", "stage": "sql", "stage_reason": "Back"}, by=manager)
    assert (again.status, again.stage) == ("in_progress", "sql")


def test_fields_of_the_person_change_the_contact_and_all_its_leads(lead: Lead, manager: User, agent: Agent) -> None:
    second = create_lead({"contact_id": lead.contact_id}, by=manager, agent=agent)
    update_lead(lead, {"name": "Zoë Åberg", "phone": "(415) 555-2672", "source": "web"}, by=manager)
    for pk in (lead.pk, second.pk):
        row = Lead.objects.get(pk=pk)
        assert (row.last_name_key, row.search_text) == ("aberg", "zoe aberg +14155552672")
    contact = Contact.objects.get()
    assert (contact.first_name, contact.last_name, contact.phone_e164) == ("Zoë", "Åberg", "+14155552672")
    assert AuditEntry.objects.get(action="contact.updated").object_id == contact.pk


def test_a_taken_phone_or_email_leaves_everything_as_it_was(lead: Lead, manager: User) -> None:
    ContactFactory(phone_e164="+442071838750", email="taken@example.org")
    for field, value in (("phone_e164", "+442071838750"), ("email", "Taken@example.org")):
        with pytest.raises(ContactTaken) as refusal:
            update_lead(lead, {field: value, "source": "web"}, by=manager)
        assert refusal.value.field == field
        with pytest.raises(ContactTaken):
            create_contact({"first_name": "B", field: value}, by=manager)
    assert Lead.objects.get(pk=lead.pk).source == ""
    assert Contact.objects.count() == 2


def test_a_contact_keeps_a_phone_or_an_email(lead: Lead, manager: User) -> None:
    with pytest.raises(MissingField):
        update_contact(lead.contact, {"phone": ""}, by=manager)
    update_contact(lead.contact, {"phone": "", "email": "j@example.org"}, by=manager)
    assert Contact.objects.get().phone_e164 == ""
    with pytest.raises(InvalidPhone):
        update_contact(lead.contact, {"phone": "555"}, by=manager)


def test_deal_value_and_score(lead: Lead, manager: User) -> None:
    assert set_deal_value(lead, Decimal(7), by=manager).deal_value == 7
    scored = set_score(lead, 78, qualification_status="qualified", by=System("scoring"))
    assert (scored.score, scored.qualification_status) == (78, "qualified")
    assert entry(lead, "lead.scored").actor_kind == "system"


# --- Deleting ----------------------------------------------------------------------------------------------------


def test_a_deleted_lead_can_only_be_restored(lead: Lead, manager: User) -> None:
    delete_lead(lead, by=manager)
    for change in (
        lambda: delete_lead(lead, by=manager),
        lambda: set_stage(lead, "mql", by=manager),
        lambda: update_lead(lead, {"source": "x"}, by=manager),
        lambda: add_note(Lead.objects.get(), "x", by=manager),
    ):
        with pytest.raises(LeadIsDeleted):
            change()
    restored = restore_lead(lead, by=manager)
    assert restored.is_open
    with pytest.raises(Conflict):
        restore_lead(lead, by=manager)
    assert [e.action for e in AuditEntry.objects.filter(object_id=lead.pk).order_by("id")] == [
        "lead.created",
        "lead.deleted",
        "lead.restored",
    ]


def test_restoring_at_a_full_agent_returns_the_lead_to_the_queue(held: Lead, manager: User, agent: Agent) -> None:
    delete_lead(held, by=manager)
    Agent.objects.filter(pk=agent.pk).update(max_capacity=0)
    restored = restore_lead(held, by=manager)
    assert (restored.agent, Lead.objects.get().agent, Lead.objects.get().deleted_at) == (None, None, None)


def test_restoring_beside_another_is_flagged(lead: Lead, manager: User) -> None:
    delete_lead(lead, by=manager)
    create_lead({"contact_id": lead.contact_id}, by=manager)
    restore_lead(lead, by=manager)
    assert Lead.objects.get(pk=lead.pk).is_duplicate


def test_a_contact_goes_only_without_open_leads(lead: Lead, manager: User) -> None:
    contact = lead.contact
    with pytest.raises(ContactHasOpenLeads):
        delete_contact(contact, by=manager)
    delete_lead(lead, by=manager)
    delete_contact(contact, by=manager)
    assert Contact.objects.get().deleted_at is not None
    with pytest.raises(Conflict):
        restore_lead(lead, by=manager)


# --- Tenancy -----------------------------------------------------------------------------------------------------


def test_another_companys_lead_is_out_of_reach(lead: Lead, stranger: User) -> None:
    with company_active(stranger.company_id):
        for change, value in ((set_stage, "lost"), (set_disposition, "completed"), (set_status, "done")):
            with pytest.raises((Lead.DoesNotExist, Contact.DoesNotExist)):
                change(lead, value, by=stranger)
        with pytest.raises(ForeignCompany):
            add_note(lead, "x", by=stranger)
    with scoped(None), pytest.raises(NoCompany):
        set_stage(lead, "mql", by=stranger)
    assert Lead.objects.get().stage == "lead"
