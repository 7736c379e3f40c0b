from __future__ import annotations

import pytest
from django.urls import reverse

from crm.mail.actions import send_mail
from crm.mail.models import Mail
from leads.assignment import assign_lead, assign_many, claim_lead
from leads.models import Lead, Strategy
from leads.tests.factories import LeadFactory


@pytest.fixture
def held(in_company, manager, agent):
    return assign_lead(LeadFactory(contact__first_name="Ada"), agent, by=manager, notes="Be quick")


def test_assigning_mails_the_agent(held, agent, manager):
    mail = Mail.objects.get()
    assert (mail.kind, mail.to, mail.object_id) == ("lead_assigned", agent.email, held.pk)
    assert f"{manager.name} gave you a lead." in mail.text and "Be quick" in mail.text
    assert "First response by:" in mail.text, "the deadline is written before the event"


def test_claiming_mails_nobody(in_company, agent):
    LeadFactory()
    assert claim_lead(agent, by=agent.user) is not None
    assert not Mail.objects.exists()


def test_sharing_out_mails_each_agent_once(in_company, manager, agent, other_agent):
    leads = [LeadFactory().pk for _ in range(12)]
    result = assign_many(leads, strategy=Strategy.ROUND_ROBIN, pool=[agent, other_agent], by=manager)
    assert result.assigned == 12
    assert sorted(Mail.objects.values_list("to", "subject")) == sorted(
        (one.email, f"6 new leads from {manager.name}") for one in (agent, other_agent)
    )


def test_the_panel_shows_each_try(client, manager, held, postmaster):
    postmaster.answers = ["550 No <such> mailbox"]
    send_mail(Mail.objects.get().pk)
    client.force_login(manager)
    text = client.get(reverse("notifications:lead_mails", args=[held.pk])).content.decode()
    assert "Waiting" in text and "No &lt;such&gt; mailbox" in text and "Send again" in text


def test_the_panel_says_why_there_is_none(client, manager, in_company):
    client.force_login(manager)
    free = client.get(reverse("notifications:lead_mails", args=[LeadFactory().pk])).content.decode()
    assert "Nobody holds the lead" in free and "Send again" not in free


def test_sending_again_works_with_script_and_without(
    client, agent, held, postmaster, django_capture_on_commit_callbacks
):
    send_mail(Mail.objects.get().pk)
    client.force_login(agent.user)
    url = reverse("notifications:resend", args=[held.pk])
    with django_capture_on_commit_callbacks(execute=True):
        plain = client.post(url)
        part = client.post(url, headers={"HX-Request": "true"})
    assert (plain.status_code, plain.url) == (302, f"/leads/{held.pk}/")
    assert part.content.startswith(b'<section class="panel" id="lead-mails"') and b"is on its way" in part.content
    assert Mail.objects.count() == 2, "the second request found the first mail waiting and sent that"
    assert len(postmaster.accepted) == 2


def test_a_refusal_is_a_message(client, manager, in_company):
    lead = LeadFactory()
    client.force_login(manager)
    response = client.post(reverse("notifications:resend", args=[lead.pk]), headers={"HX-Request": "true"})
    assert b"There is nobody to mail: the lead has no holder" in response.content


def test_strangers_and_colleagues_are_refused(client, stranger, other_agent, held):
    for user in (stranger, other_agent.user):
        client.force_login(user)
        assert client.get(reverse("notifications:lead_mails", args=[held.pk])).status_code == 403
        assert client.post(reverse("notifications:resend", args=[held.pk])).status_code == 403
    assert Mail.objects.count() == 1 and Lead.objects.get().agent_id
