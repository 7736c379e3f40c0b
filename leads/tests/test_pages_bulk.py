"""The bulk bar: what it changes of ticked leads and of all that match, what it asks, and taking it back."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.test import Client
from django.utils.timezone import now

from crm.core.tenancy import company_active
from crm.jobs.models import Job, JobState
from leads.bulk_jobs import ASSIGN, BulkWork, do_at_once
from leads.models import Contact, Lead, Strategy
from leads.tests.assigning import make_leads
from leads.tests.factories import LeadFactory

URL = "/leads/assign/"


@pytest.fixture
def desk(manager) -> Client:
    client = Client()
    client.force_login(manager)
    return client


@pytest.fixture
def leads(in_company) -> list[Lead]:
    return make_leads(3)


def ids(leads) -> list[str]:
    return [str(lead.pk) for lead in leads]


def told(response) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]


def test_ticked_leads_are_changed_and_the_toast_takes_it_back(desk, leads):
    Lead.objects.filter(pk=leads[0].pk).update(tags=["old"])
    form = {"do": "update", "ids": ids(leads[:2]), "set-stage": "sql", "set-priority": "4", "set-tags": "hot, fair"}
    form |= {"set-disposition": "callback"}
    page = desk.post(f"{URL}?status=new", form, follow=True)
    assert page.redirect_chain[-1][0] == "/leads/?status=new"
    changed = Lead.objects.filter(stage="sql", priority=4, disposition="callback").order_by("pk")
    assert [lead.tags for lead in changed] == [["old", "hot", "fair"], ["hot", "fair"]]
    job = Job.objects.get()
    assert f'action="/leads/undo/{job.pk}/"' in page.content.decode()
    assert "2 leads changed." in page.content.decode()
    back = desk.post(f"/leads/undo/{job.pk}/", headers={"referer": "http://testserver/leads/?stage=sql"})
    assert (back.url, told(back)) == ("/leads/?stage=sql", ["Taken back: 2 leads as before."])
    assert Lead.objects.filter(stage="lead", priority=2, disposition="").count() == 3
    assert told(desk.post(f"/leads/undo/{job.pk}/"))[-1] == "It has been undone already"


def test_ticked_leads_are_deleted_and_come_back(desk, leads):
    answer = desk.post(URL, {"do": "delete", "ids": ids(leads)})
    assert told(answer) == ["3 leads deleted."] and not Lead.objects.alive().exists()
    desk.post(f"/leads/undo/{Job.objects.get().pk}/")
    assert Lead.objects.alive().count() == 3


def test_ticked_leads_are_returned_and_go_back_to_their_agent(desk, agent, leads):
    Lead.objects.filter(pk__in=ids(leads[:2])).update(agent=agent)
    answer = desk.post(URL, {"do": "unassign", "ids": ids(leads)}, follow=True)
    assert answer.context["shared_out"]["title"] == "2 leads returned to the queue, 1 not"
    assert [fail["why"] for fail in answer.context["shared_out"]["failed"]] == ["Nobody holds this lead"]
    desk.post(f"/leads/undo/{Job.objects.get().pk}/")
    assert Lead.objects.filter(agent=agent).count() == 2


@pytest.mark.parametrize("htmx", [False, True])
def test_everything_is_asked_once_with_its_number(desk, in_company, htmx):
    make_leads(3, source="web")
    other = make_leads(1, 50)[0]
    form: dict[str, Any] = {"do": "update", "everything": "1", "set-priority": "3"}
    headers = {"HX-Request": "true"} if htmx else {}
    asked = desk.post(f"{URL}?source=web", form, headers=headers)
    page = asked.content.decode()
    assert "Change 3 leads?" in page and "High" in page and ("<html" in page) is not htmx
    assert ("Which", "Source is web") in asked.context["does"]
    assert (
        page.count("<h1") == 1
        and '<header class="head"><a class="btn quiet btn-icon" href="/leads/?source=web"' in page
    )
    assert not Lead.objects.filter(priority=3).exists()
    assert ("set-priority", "3") in asked.context["fields"]
    desk.post(f"{URL}?source=web", {**form, "confirmed": "1"})
    assert list(Lead.objects.exclude(priority=3)) == [other]


def test_many_become_a_job_and_its_page_is_shown(desk, leads, monkeypatch, django_capture_on_commit_callbacks):
    monkeypatch.setattr("leads.views.bulk.MOST_AT_ONCE", 2)
    form = {"do": "delete", "everything": "1", "confirmed": "1"}
    with django_capture_on_commit_callbacks(execute=True):
        answer = desk.post(URL, form)
    job = Job.objects.get()
    assert answer.url == f"/jobs/{job.pk}/"
    assert (job.state, job.succeeded) == (JobState.SUCCEEDED, 3) and not Lead.objects.alive().exists()
    page = desk.get(answer.url).content.decode()
    assert "Delete 3 leads" in page
    with django_capture_on_commit_callbacks(execute=True):
        undone = desk.post(f"/leads/undo/{job.pk}/", headers={"HX-Request": "true"})
    assert undone.headers["HX-Redirect"].startswith("/jobs/") and Lead.objects.alive().count() == 3


@pytest.mark.parametrize(
    ("form", "says"),
    [
        ({"do": "update", "set-stage": "sql"}, "Tick at least one lead first."),
        ({"do": "update", "ids": "lead"}, "Choose what to change first."),
        (
            {"do": "update", "ids": "lead", "set-stage": "moon"},
            "Select a valid choice. moon is not one of the available",
        ),
        ({"do": "update", "ids": "lead", "set-disposition": "none such"}, "is not a disposition of this company"),
        ({"do": "update", "ids": "lead", "set-tags": "x" * 101}, "A tag has at most 100 characters"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_changed(desk, leads, form, says):
    if form.get("ids"):
        form = {**form, "ids": ids(leads)}
    assert says in told(desk.post(URL, form))[0]
    assert not Job.objects.exists()


def test_nothing_that_matches_is_said(desk, leads):
    form = {"do": "delete", "everything": "1", "confirmed": "1"}
    assert told(desk.post(f"{URL}?source=none", form)) == ["No lead matches any more."]
    assert told(desk.post(f"{URL}?colour=red", form))[-1] == "Unknown parameter."


def test_what_failed_is_named(desk, in_company):
    lost = LeadFactory(stage="lost", status="done")
    page = desk.post(URL, {"do": "update", "ids": ids([lost, LeadFactory()]), "set-stage": "mql"}, follow=True)
    assert page.context["shared_out"]["title"] == "1 lead changed, 1 not"
    assert "A reason is needed to leave customer or lost" in page.content.decode()


def test_agents_change_their_own_leads_alone(agent, other_agent, in_company):
    own, others = LeadFactory(agent=agent), LeadFactory(agent=other_agent)
    client = Client()
    client.force_login(agent.user)
    client.post(URL, {"do": "update", "ids": ids([own, others]), "set-priority": "1"})
    assert list(Lead.objects.filter(priority=1)) == [own]
    client.post(URL, {"do": "update", "everything": "1", "confirmed": "1", "set-priority": "4"})
    assert list(Lead.objects.filter(priority=4)) == [own]


def test_strangers_take_nothing_back(desk, leads, stranger, agent):
    desk.post(URL, {"do": "update", "ids": ids(leads), "set-priority": "1"})
    job = Job.objects.get()
    for user in (stranger, agent.user):
        client = Client()
        client.force_login(user)
        assert client.post(f"/leads/undo/{job.pk}/").status_code == 403
    with company_active(job.company_id):
        assert Lead.objects.filter(priority=1).count() == 3


def test_a_job_names_whom_it_left_and_leads_to_them(desk, leads, manager, agent):
    type(agent).objects.filter(pk=agent.pk).update(max_capacity=0)
    Contact.objects.filter(pk=leads[1].contact_id).update(first_name="Zelda", last_name="Fitz")
    work = BulkWork(ASSIGN, strategy=Strategy.MANUAL, pool=[str(agent.pk)])
    job, done = do_at_once(work, [*(lead.pk for lead in leads), "no-id"], by=manager)
    assert {str(failure.lead_id) for failure in done.failed} == {*ids(leads), "no-id"}
    page = desk.get(f"/jobs/{job.pk}/").content.decode()
    assert f'<a class="link" href="/leads/{leads[1].pk}/">Zelda Fitz</a>' in page
    assert ids(leads)[1] not in page.replace(f"/leads/{leads[1].pk}/", "") and "no-id" in page
    Lead.objects.filter(pk=leads[1].pk).update(deleted_at=now())
    assert f'<td class="mut">{leads[1].pk}</td>' in desk.get(f"/jobs/{job.pk}/").content.decode()
