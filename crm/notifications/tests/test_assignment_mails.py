from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils.timezone import now

from agents.models import Agent
from agents.tests.factories import AgentFactory, VoiceAgentFactory
from crm.accounts.models import Company, User
from crm.audit.models import AuditEntry
from crm.audit.recording import Event, record_many
from crm.core.actors import System
from crm.core.tenancy import company_active
from crm.mail.actions import send_mail
from crm.mail.models import Mail, MailState
from leads.events import LEAD_ASSIGNED, LEAD_REASSIGNED, LEAD_UNASSIGNED
from leads.models import Assignment, Lead, Priority
from leads.tests.factories import LeadFactory

DEADLINE = datetime(2026, 11, 23, 8, 30, tzinfo=UTC)
STRAY = "Grace <b>&amp; Co"


def give(leads, agent, by, *, before=None, notes="", action=LEAD_ASSIGNED):
    """As an assignment leaves it: leads held, history written, then one batch of events."""
    Lead.objects.filter(pk__in=[lead.pk for lead in leads]).update(agent=agent, deadline=DEADLINE, assigned_at=now())
    for lead in leads:
        Assignment.objects.create(lead=lead, to_agent=agent, from_agent=before, notes=notes)
    data = {"agent_id": agent and agent.pk, "from_agent_id": before and before.pk, "strategy": "manual"}
    return record_many([Event(action, lead, by, data=data) for lead in leads])


def lead(**contact):
    return LeadFactory(**{f"contact__{name}": value for name, value in contact.items()})


def test_an_agent_is_told_of_a_lead_in_its_own_zone(in_company, manager, agent, other_agent):
    Agent.objects.filter(pk=agent.pk).update(timezone="Europe/Berlin")
    one = lead(first_name="Ada", last_name="Byron", organization="Engines", phone_e164="+14155552671")
    Lead.objects.filter(pk=one.pk).update(priority=Priority.HIGH, score=71, source="webinar")
    give([one], agent, manager, before=other_agent, notes="Call before noon", action=LEAD_REASSIGNED)
    mail = Mail.objects.get()
    assert (mail.kind, mail.to, mail.object_type, mail.object_id) == ("lead_assigned", agent.email, "lead", one.pk)
    assert mail.subject == "New lead: Ada Byron, first response by Mon 23 Nov, 09:30 (Europe/Berlin)"
    for part in (
        "Hello Priya,",
        f"{manager.name} gave you a lead, until now held by Tom Dell.",
        "Ada Byron, Engines",
        "Phone: +14155552671",
        "Priority: High",
        "Score: 71",
        "Source: webinar",
        "First response by: Mon 23 Nov, 09:30 (Europe/Berlin)",
        "Call before noon",
        f"http://127.0.0.1:8000/leads/{one.pk}/",
        "Copperline",
    ):
        assert part in mail.text
    assert "Ada Byron, Engines</h1>" in mail.html and f'href="http://127.0.0.1:8000/leads/{one.pk}/"' in mail.html


def test_without_a_zone_of_its_own_an_agent_has_the_companys(in_company, manager, agent):
    Company.objects.filter(pk=in_company.pk).update(timezone="America/New_York")
    give([lead()], agent, manager)
    assert "first response by Mon 23 Nov, 03:30 (America/New_York)" in Mail.objects.get().subject


def test_what_a_contact_is_called_is_no_markup(in_company, manager, agent):
    give([lead(first_name=STRAY, last_name="")], agent, System("routing"))
    mail = Mail.objects.get()
    assert f"New lead: {STRAY}" in mail.subject and STRAY in mail.text
    assert "<b>&amp; Co" not in mail.html and "Grace &lt;b&gt;&amp;amp; Co" in mail.html
    assert "You have a new lead." in mail.text


def test_a_batch_sends_each_agent_one_mail_with_the_count_and_a_link(in_company, manager, agent, other_agent):
    leads = [lead(first_name=f"Ada{n:02}") for n in range(12)]
    half = {agent.pk: agent, other_agent.pk: other_agent}
    for one, pk in zip(leads, [*[agent.pk] * 8, *[other_agent.pk] * 4], strict=True):
        Lead.objects.filter(pk=one.pk).update(agent=half[pk], deadline=DEADLINE)
    given = zip(leads, [*[agent.pk] * 8, *[other_agent.pk] * 4], strict=True)
    record_many([Event(LEAD_ASSIGNED, one, manager, data={"agent_id": pk}) for one, pk in given])
    mine, others = Mail.objects.get(to=agent.email), Mail.objects.get(to=other_agent.email)
    assert (mine.kind, mine.subject) == ("leads_assigned", f"8 new leads from {manager.name}")
    assert [name in mine.text for name in ("Ada00", "Ada04", "Ada05")] == [True, True, False]
    assert "and 3 more." in mine.text and f"/leads/?agent_id={agent.pk}&ordering=deadline" in mine.text
    assert others.subject == f"4 new leads from {manager.name}" and "more" not in others.text


@pytest.mark.parametrize("number", [1, 30])
def test_telling_costs_three_statements(in_company, manager, agent, other_agent, number, django_assert_num_queries):
    batch = [
        Event(LEAD_REASSIGNED, lead(), manager, data={"agent_id": to.pk, "from_agent_id": other_agent.pk})
        for to in (agent, AgentFactory())
        for _ in range(number)
    ]
    with django_assert_num_queries(1 + 1 + 4 + 2):  # the entries, the clocks, what is told, to whom it was taken
        record_many(batch)
    assert Mail.objects.count() == 2


def test_who_takes_a_lead_itself_is_not_told(in_company, agent, other_agent):
    give([lead(), lead()], agent, agent.user)
    assert not Mail.objects.exists()
    give([lead()], other_agent, agent.user)
    assert Mail.objects.get().to == other_agent.email


def test_voice_agents_and_deactivated_users_are_not_told(in_company, manager, agent):
    give([lead()], VoiceAgentFactory(), manager)
    User.objects.filter(pk=agent.user_id).update(is_active=False)
    give([lead()], agent, manager)
    assert not Mail.objects.exists()


def test_nobody_is_told_of_a_lead_that_goes_back(in_company, manager, agent):
    give([lead()], None, manager, before=agent, action=LEAD_UNASSIGNED)
    assert not Mail.objects.exists()


def test_the_mail_is_part_of_the_assignments_transaction(in_company, manager, agent):
    from django.db import transaction

    with pytest.raises(RuntimeError), transaction.atomic():
        give([lead()], agent, manager)
        assert Mail.objects.exists()
        raise RuntimeError
    assert not Mail.objects.exists()


# --- Sending it again --------------------------------------------------------------------------------------------


@pytest.fixture
def held(in_company, manager, agent):
    one = lead(first_name="Ada", last_name="Byron")
    give([one], agent, manager)
    one.refresh_from_db()
    return one


def resend(client, lead, **kwargs):
    return client.post(f"/api/v1/leads/{lead.pk}/resend-email", **kwargs)


def test_a_mail_is_sent_again_with_its_attempts_told(
    api,
    manager,
    held,
    postmaster,
    django_capture_on_commit_callbacks,
):
    first = Mail.objects.get()
    postmaster.answers = ["550 No such mailbox"]
    assert not send_mail(first.pk)
    Mail.objects.filter(pk=first.pk).update(state=MailState.FAILED)
    with django_capture_on_commit_callbacks(execute=True):
        response = resend(api(manager), held)
    assert response.status_code == 200
    answer = response.json()
    assert answer["message"] == "Email resent successfully"
    again = Mail.objects.exclude(pk=first.pk).get()
    assert {**answer["mail"], "created_at": "", "due_at": "", "subject": ""} == {
        "id": str(again.pk),
        "to": held.agent.email,
        "subject": "",
        "state": "queued",
        "tries": 0,
        "created_at": "",
        "sent_at": None,
        "due_at": "",
        "attempts": [],
    }
    [earlier] = answer["earlier"]
    assert (earlier["id"], earlier["state"], earlier["due_at"]) == (str(first.pk), "failed", None)
    [attempt] = earlier["attempts"]
    assert (attempt["number"], attempt["accepted"]) == (1, False) and "No such mailbox" in attempt["error"]
    assert (again.resend_of, again.requested_by, again.state) == (first, manager, MailState.SENT)
    assert [message["To"] for message in postmaster.accepted] == [held.agent.email]
    entry = AuditEntry.objects.get(action="lead.mail_resent")
    assert (entry.object_id, entry.data) == (held.pk, {"mail_id": str(again.pk), "agent_id": str(held.agent_id)})


def test_a_mail_that_waits_for_its_next_try_is_tried_now(
    api,
    manager,
    held,
    postmaster,
    django_capture_on_commit_callbacks,
):
    postmaster.answers = ["451 Busy"]
    send_mail(Mail.objects.get().pk)
    assert Mail.objects.get().due_at > now() + timedelta(seconds=50)
    with django_capture_on_commit_callbacks(execute=True):
        answer = resend(api(manager), held).json()
    assert answer["mail"]["id"] == str(Mail.objects.get().pk) and not answer["earlier"]
    assert Mail.objects.get().state == MailState.SENT and len(postmaster.accepted) == 1


def test_a_lead_given_in_a_batch_has_a_mail_of_its_own_written(api, manager, in_company, agent):
    leads = [lead(), lead()]
    give(leads, agent, manager)
    assert resend(api(manager), leads[1]).json()["mail"]["to"] == agent.email
    assert Mail.objects.get(kind="lead_assigned").object_id == leads[1].pk


@pytest.mark.parametrize("mount", ["/api/v1", "/api"])
@pytest.mark.parametrize("slash", ["", "/"])
def test_it_answers_at_both_mounts(api, manager, held, mount, slash):
    assert api(manager).post(f"{mount}/leads/{held.pk}/resend-email{slash}").status_code == 200


def test_without_a_person_to_tell_it_is_a_conflict(api, manager, in_company, agent):
    free, by_voice, left = lead(), lead(), lead()
    Lead.objects.filter(pk=by_voice.pk).update(agent=VoiceAgentFactory())
    Lead.objects.filter(pk=left.pk).update(agent=agent)
    User.objects.filter(pk=agent.user_id).update(is_active=False)
    for one, words in ((free, "no holder"), (by_voice, "voice agent"), (left, "deactivated")):
        response = resend(api(manager), one)
        assert response.status_code == 409 and words in response.json()["detail"]
    assert not Mail.objects.exists() and not AuditEntry.objects.filter(action="lead.mail_resent")


def test_a_strangers_lead_a_colleagues_and_none(api, held, stranger, other_agent, agent):
    assert resend(api(stranger), held).status_code == 403
    assert resend(api(other_agent.user), held).status_code == 403
    assert resend(api(agent.user), held).status_code == 200
    assert api(agent.user).post("/api/v1/leads/nonsense/resend-email").status_code == 404
    with company_active(stranger.company_id):
        assert not Mail.objects.exists()
