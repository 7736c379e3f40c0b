"""Who is told of what: one piece of news for each person, kind and batch, and nothing before the change is kept."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import transaction

from agents.tests.factories import AgentFactory, VoiceAgentFactory
from crm.accounts.actions import choose_notifications
from crm.accounts.models import User
from crm.accounts.tests.factories import UserFactory
from crm.audit.recording import Event, record_many
from crm.compliance.actions.hearing import take_text
from crm.compliance.models import IncomingText
from crm.core.actors import System, VendorActor
from crm.core.ids import uuid7
from crm.core.tenancy import company_active
from crm.jobs.actions import start_job
from crm.jobs.kinds import Batch
from crm.jobs.models import Job
from crm.jobs.running import do_now, run_job
from crm.mail.models import Mail
from crm.notifications.call_backs import companies_with_call_backs, tell_call_backs
from crm.notifications.models import Notification
from crm.providers.ports import TextReceived
from crm.sla.actions import mark_overdue, remind_due_soon
from crm.vendors.actions import create_vendor
from leads.actions import delete_contact, set_disposition
from leads.assignment import assign_lead, assign_many, reassign_lead, return_many, unassign_lead
from leads.duplicates.merging import merge_contacts
from leads.intake.actions import submit_lead
from leads.models import Lead
from leads.tests.assigning import make_leads
from leads.tests.factories import LeadFactory

pytestmark = pytest.mark.usefixtures("in_company")

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def told(user: User) -> list[tuple[str, str]]:
    return list(Notification.objects.filter(user=user).order_by("id").values_list("kind", "title"))


def ada(**fields) -> Lead:
    return LeadFactory(contact__first_name="Ada", contact__last_name="Byron", **fields)


def test_whoever_is_given_a_lead_is_told_in_the_app_with_its_deadline_and_its_page(agent, manager):
    with time_machine.travel(NOON, tick=False):
        lead = assign_lead(ada(), agent, by=manager)
    row = Notification.objects.get()
    assert (row.user, row.kind, row.title) == (agent.user, "assigned", f"Ada Byron was given to you by {manager.name}")
    assert row.text == "First response by Wed 4 Mar, 14:00 (UTC)."
    assert (row.url, row.object_type, row.object_id, row.read_at) == (f"/leads/{lead.pk}/", "lead", lead.pk, None)
    assert Mail.objects.get().to == agent.email


def test_whoever_takes_a_lead_itself_knows_it(agent):
    assign_lead(ada(), agent, by=agent.user)
    assert not Notification.objects.exists()


def test_a_batch_is_one_piece_of_news_for_each_agent_with_the_count_and_a_link(agent, other_agent, manager):
    agent.max_capacity = 40
    agent.save()
    other_agent.max_capacity = 5
    other_agent.save()
    assign_many([lead.pk for lead in make_leads(30)], strategy="manual", pool=[other_agent, agent], by=manager)
    assert told(agent.user) == [("assigned", f"25 leads were given to you by {manager.name}")]
    assert told(other_agent.user) == [("assigned", f"5 leads were given to you by {manager.name}")]
    assert Notification.objects.get(user=agent.user).url == f"/leads/?agent_id={agent.pk}&ordering=deadline"
    assert Mail.objects.count() == 2


def test_whom_a_lead_is_taken_from_is_told_in_the_app_alone(agent, other_agent, manager):
    lead = assign_lead(ada(), agent, by=manager)
    reassign_lead(lead, other_agent, by=manager)
    assert told(agent.user)[1:] == [("taken", f"Ada Byron was handed on by {manager.name}")]
    unassign_lead(lead, by=other_agent.user)
    unassign = [row for row in told(other_agent.user) if row[0] == "taken"]
    assert unassign == []  # by its own hand
    assert {mail.kind for mail in Mail.objects.all()} == {"lead_assigned"}


def test_many_that_go_back_at_once_are_one_piece_of_news(agent, manager):
    assign_many([lead.pk for lead in make_leads(7)], strategy="manual", pool=[agent], by=manager)
    return_many(Lead.objects.all(), by=System("routing"), why="away")
    assert told(agent.user)[1:] == [("taken", "7 leads of yours were handed on or returned to the queue")]


def test_the_holder_hears_of_a_deadline_that_is_near_by_app_and_mail_in_its_own_zone(agent, manager):
    User.objects.filter(pk=agent.user_id).update(timezone="Europe/Berlin")
    with time_machine.travel(NOON, tick=False):
        lead = assign_lead(ada(), agent, by=manager)
    with time_machine.travel(NOON + 95 * MINUTE, tick=False):
        remind_due_soon(NOON + 95 * MINUTE)
    row = Notification.objects.get(kind="sla_due_soon")
    assert (row.user, row.title, row.object_id) == (agent.user, "Ada Byron is due at 15:00", lead.pk)
    mail = Mail.objects.get(kind="notice")
    assert (mail.to, mail.subject) == (agent.email, "Ada Byron is due at 15:00")
    assert f"http://127.0.0.1:8000/leads/{lead.pk}/" in mail.text and "Hello Priya," in mail.text
    assert "/notifications/settings/" in mail.html


def test_creator_and_managers_hear_of_a_breach_and_the_holder_does_not(company, agent, manager, admin):
    second = UserFactory(role="manager")
    UserFactory(role="manager", is_active=False)
    creator = UserFactory(role="agent")
    with time_machine.travel(NOON, tick=False):
        lead = assign_lead(ada(created_by=creator), agent, by=manager)
    Notification.objects.all().delete()
    with time_machine.travel(NOON + 125 * MINUTE, tick=False):
        mark_overdue(NOON + 125 * MINUTE)
    title = "Ada Byron passed the deadline of 14:00 without a response"
    assert {row.user for row in Notification.objects.all()} == {manager, second, creator}
    assert {(row.title, row.text, row.object_id) for row in Notification.objects.all()} == {
        (title, f"It is with {agent.name}.", lead.pk)
    }
    assert {mail.to for mail in Mail.objects.filter(kind="notice")} == {manager.email, second.email, creator.email}


def test_where_there_is_no_manager_the_administrators_hear_of_it(company, agent, admin):
    with time_machine.travel(NOON, tick=False):
        assign_lead(ada(), agent, by=System("routing"))
    mark_overdue(NOON + 125 * MINUTE)
    assert [kind for kind, _ in told(admin)] == ["sla_breached"]


def test_many_breaches_are_one_piece_of_news_and_the_creator_hears_of_its_own(agent, manager):
    creator = UserFactory(role="agent")
    agent.max_capacity = 100
    agent.save()
    ids = [lead.pk for lead in [*make_leads(8), *make_leads(1, start=50, created_by=creator)]]
    with time_machine.travel(NOON, tick=False):
        assign_many(ids, strategy="manual", pool=[agent], by=manager)
    mark_overdue(NOON + 125 * MINUTE)
    assert [title for kind, title in told(manager)] == ["9 leads passed their deadline without a response"]
    assert [title[:32] for kind, title in told(creator)] == ["Ada50 passed the deadline of Wed"]
    mail = Mail.objects.get(to=manager.email)
    assert "Ada0, due " in mail.text and "and 4 more" in mail.text and "/sla/?sla_status=breached" in mail.text


@pytest.mark.parametrize("number", [1, 30])
def test_news_costs_the_same_for_one_lead_and_for_thirty(number, agent, manager, django_assert_num_queries):
    leads = [LeadFactory(agent=agent, created_by=manager) for _ in range(number)]
    data = {"agent_id": agent.pk, "from_agent_id": agent.pk, "deadline": NOON}
    for action, statements in (
        ("lead.sla_breached", 3 + 2),
        ("lead.sla_due_soon", 2 + 2),
        ("lead.unassigned", 1 + 2 + 1),  # the clocks end, too
    ):
        with django_assert_num_queries(1 + statements):
            record_many([Event(action, lead, System("test"), data=data) for lead in leads])
    with django_assert_num_queries(1 + 2 + 2):
        record_many([Event("lead.unaccepted", lead, System("test"), data=data) for lead in leads])


def test_what_is_rolled_back_tells_nobody(agent, manager, django_capture_on_commit_callbacks):
    lead = ada()
    with django_capture_on_commit_callbacks() as sent, pytest.raises(RuntimeError), transaction.atomic():
        assign_lead(lead, agent, by=manager)
        assert Notification.objects.exists() and Mail.objects.exists()
        raise RuntimeError
    assert sent == []
    assert not Notification.objects.exists()
    assert not Mail.objects.exists()


def test_nothing_leaves_before_the_change_is_committed(agent, manager, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True) as sent:
        assign_lead(ada(), agent, by=manager)
        assert [mail.state for mail in Mail.objects.all()] == ["queued"]
    assert sent
    assert [mail.state for mail in Mail.objects.all()] == ["sent"]


@pytest.mark.parametrize(
    ("choice", "rows", "mails"),
    [
        ({}, 1, 1),
        ({"in_app": False}, 0, 1),
        ({"email": False}, 1, 0),
        ({"in_app": False, "email": False}, 0, 0),
    ],
    ids=["by default", "mail alone", "app alone", "neither"],
)
def test_everybody_is_told_by_the_channels_they_chose(choice, rows, mails, agent, other_agent, manager):
    choose_notifications(agent.user, {"assigned": choice})
    agent.refresh_from_db()
    assign_lead(ada(), agent, by=manager)
    assign_lead(LeadFactory(), other_agent, by=manager)
    assert (len(told(agent.user)), Mail.objects.filter(to=agent.email).count()) == (rows, mails)
    assert (len(told(other_agent.user)), Mail.objects.filter(to=other_agent.email).count()) == (1, 1)


def test_whoever_started_long_work_hears_how_it_ended_and_how_much_of_it(manager, agent):
    leads = [str(LeadFactory().pk), str(LeadFactory().pk), str(uuid7())]
    job = start_job("leads.bulk_assign", {"strategy": "manual", "agent_ids": [str(agent.pk)], "lead_ids": leads},
                    by=manager, title="Share out 3 leads")  # fmt: skip
    run_job(job.pk)
    assert told(manager) == [("job", "Share out 3 leads is done")]
    notice = Notification.objects.get(user=manager)
    assert (notice.text, notice.url) == ("2 done, 1 not.", f"/jobs/{job.pk}/")


def test_what_was_done_within_the_request_is_not_told(manager):
    job = do_now("leads.bulk_assign", {}, lambda: Batch(None, 1), by=manager, title="Assign")
    assert Job.objects.get() == job
    assert not Notification.objects.exists()


def a_text(lead: Lead, body: str = "When can you call?", number: int = 1, channel: str = "sms") -> None:
    sender = lead.contact.phone_e164
    take_text(TextReceived("twilio", f"SM{number}", sender, "+14155550100", body, NOON, channel), by=System("twilio"))


class TestTexts:
    def test_whoever_holds_the_lead_is_told_once_and_where_it_stands(self, agent, other_agent, manager):
        lead = ada(agent=agent)
        closed = LeadFactory(contact=lead.contact, agent=other_agent, status="done")
        a_text(lead, "We take 12 of them")
        a_text(lead, "We take 12 of them")  # as a provider repeats it
        row = Notification.objects.get()
        assert (row.user, row.kind, row.title) == (agent.user, "text", "Ada Byron wrote by text message")
        assert (row.url, row.object_id) == (f"/leads/{lead.pk}/", lead.pk) and closed.pk != lead.pk
        assert "12 of them" not in row.title + row.text  # encrypted where it stands, and there alone
        a_text(lead, "13", 2, "whatsapp")
        assert told(agent.user)[1:] == [("text", "Ada Byron wrote by WhatsApp")]
        assert not Mail.objects.exists()

    def test_each_holder_of_an_open_lead_is_told_of_its_own(self, agent, other_agent):
        lead = ada(agent=agent)
        other = LeadFactory(contact=lead.contact, agent=other_agent)
        a_text(lead)
        assert {(row.user, row.object_id) for row in Notification.objects.all()} == {
            (agent.user, lead.pk),
            (other_agent.user, other.pk),
        }

    def test_who_wants_it_by_mail_is_mailed(self, agent):
        choose_notifications(agent.user, {"text": {"in_app": False, "email": True}})
        lead = ada(agent=agent)
        a_text(lead)
        mail = Mail.objects.get()
        assert (mail.to, mail.subject, mail.object_id) == (agent.email, "Ada Byron wrote by text message", lead.pk)
        assert str(lead.pk) in mail.text and "When can you call" not in mail.text
        assert not Notification.objects.exists()

    @pytest.mark.parametrize("word", ["STOP", "start", "Help", "Please stop calling me"])
    def test_a_keyword_is_done_and_answered_and_told_to_nobody(self, agent, word):
        a_text(ada(agent=agent), word)
        assert IncomingText.objects.exists() and not Notification.objects.exists()

    def test_nobody_is_told_where_no_person_holds_the_lead(self, agent, company):
        a_text(ada(agent=VoiceAgentFactory()), number=1)
        a_text(LeadFactory(), number=2)
        a_text(LeadFactory(agent=agent, stage="lost", status="done"), number=3)
        a_text(LeadFactory(agent=AgentFactory(user=UserFactory(is_active=False))), number=4)
        assert IncomingText.objects.count() == 4 and not Notification.objects.exists()

    def test_whom_the_sender_was_merged_into_is_named(self, agent, manager):
        lead, other = ada(agent=agent), LeadFactory()
        merge_contacts(lead.contact, other.contact, by=manager)
        a_text(other)
        assert ("text", "Ada Byron wrote by text message") in told(agent.user)


class TestCallBacks:
    def test_who_promised_to_call_is_told_once_when_the_moment_has_come(self, agent):
        promised = {"disposition": "callback", "status": "in_progress", "next_attempt_at": NOON}
        lead = ada(agent=agent, **promised)
        with time_machine.travel(NOON - MINUTE, tick=False):
            assert tell_call_backs(NOON - MINUTE) == 0
        with time_machine.travel(NOON + MINUTE, tick=False):
            assert companies_with_call_backs(NOON + MINUTE) == [lead.company_id]
            assert tell_call_backs(NOON + MINUTE) == 1
            assert tell_call_backs(NOON + MINUTE) == 0
            assert companies_with_call_backs(NOON + MINUTE) == []
        row = Notification.objects.get()
        assert (row.user, row.title) == (agent.user, "Ada Byron waits for your call")
        assert row.text == f"Call {lead.contact.phone_e164}."
        assert not Mail.objects.exists()

    def test_a_new_promise_is_told_anew_and_an_old_one_not_at_all(self, agent):
        promised = {"disposition": "callback", "status": "in_progress", "next_attempt_at": NOON}
        lead = ada(agent=agent, **promised)
        with time_machine.travel(NOON + MINUTE, tick=False):
            tell_call_backs(NOON + MINUTE)
        Lead.objects.filter(pk=lead.pk).update(next_attempt_at=NOON + 60 * MINUTE)
        with time_machine.travel(NOON + 61 * MINUTE, tick=False):
            assert tell_call_backs(NOON + 61 * MINUTE) == 1
        assert tell_call_backs(NOON + 60 * MINUTE + timedelta(days=1)) == 0

    @pytest.mark.parametrize(("in_app", "email"), [(True, True), (False, True)], ids=["both", "mail alone"])
    def test_who_wants_it_by_mail_is_mailed_once_for_each_promise(self, agent, in_app, email):
        choose_notifications(agent.user, {"call_back": {"in_app": in_app, "email": email}})
        promised = {"disposition": "callback", "status": "in_progress", "next_attempt_at": NOON}
        lead = ada(agent=agent, contact__organization="Byron Engines", **promised)
        with time_machine.travel(NOON + MINUTE, tick=False):
            assert (tell_call_backs(NOON + MINUTE), tell_call_backs(NOON + MINUTE)) == (1, 0)
        assert len(told(agent.user)) == int(in_app)
        mail = Mail.objects.get()
        assert (mail.kind, mail.to, mail.object_id, mail.state) == ("call_back", agent.email, lead.pk, "queued")
        assert mail.subject == "Ada Byron waits for your call"
        for words in ("Promised for: Wed 4 Mar, 12:00 (UTC)", lead.contact.phone_e164, "Byron Engines", str(lead.pk)):
            assert words in mail.text
        Lead.objects.filter(pk=lead.pk).update(next_attempt_at=NOON + 60 * MINUTE)
        with time_machine.travel(NOON + 61 * MINUTE, tick=False):
            assert tell_call_backs(NOON + 61 * MINUTE) == 1
        assert Mail.objects.count() == 2

    def test_nobody_is_told_of_what_is_no_promise_of_a_person(self, agent, company):
        due = {"status": "in_progress", "next_attempt_at": NOON}
        ada(agent=agent, disposition="no_answer", **due)
        LeadFactory(agent=VoiceAgentFactory(), disposition="callback", **due)
        LeadFactory(disposition="callback", **due)
        other = AgentFactory()
        choose_notifications(other.user, {"call_back": {"in_app": False}})
        LeadFactory(agent=other, disposition="callback", **due)
        assert tell_call_backs(NOON + MINUTE) == 0


def test_who_is_deleted_is_named_in_no_notification_any_more(agent, manager, admin):
    gone, stays = ada(), LeadFactory(contact__first_name="Grace")
    for lead in (gone, stays):
        assign_lead(lead, agent, by=manager)
    set_disposition(gone, "not_interested", by=agent.user)
    delete_contact(gone.contact, by=admin)
    rows = {row.object_id: (row.title, row.text, row.url) for row in Notification.objects.filter(user=agent.user)}
    assert rows[gone.pk] == ("A lead is given to you", "", f"/leads/{gone.pk}/")
    assert "Grace" in rows[stays.pk][0] and rows[stays.pk][1]


def test_a_vendor_that_fills_its_day_is_told_to_the_administrators_once(company, admin, manager):
    vendor, _ = create_vendor("acme", {"name": "Acme", "daily_cap": 2}, by=admin)
    by = VendorActor(vendor.pk, vendor.code)
    submit_lead(vendor, {"first_name": "A", "phone": "+14155552001"}, by=by)
    assert told(admin) == []
    submit_lead(vendor, {"first_name": "B", "phone": "+14155552002"}, by=by)
    assert told(admin) == [("vendor_cap", "Acme has sent its 2 leads for today")]
    assert told(manager) == []


def test_strangers_hear_nothing(stranger, agent, manager):
    with time_machine.travel(NOON, tick=False):
        assign_lead(ada(), agent, by=manager)
    mark_overdue(NOON + 125 * MINUTE)
    with company_active(stranger.company_id):
        assert not Notification.objects.exists()
        assert not Mail.objects.exists()
