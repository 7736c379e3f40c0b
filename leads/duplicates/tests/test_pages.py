"""The pages of duplicates, as a browser without JavaScript uses them."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.test import Client

from crm.core.tenancy import company_active
from crm.jobs.actions import start_job
from crm.jobs.models import Job, JobState
from leads.duplicates.actions import FIND
from leads.duplicates.finding import keep_pairs, ordered
from leads.duplicates.models import DuplicatePair, FoundBy
from leads.models import Contact, Lead
from leads.tests.factories import ContactFactory, LeadFactory

pytestmark = pytest.mark.usefixtures("in_company")


def page_of(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def desk(manager):
    return page_of(manager)


def told(response: Any) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]


def pair_of(one: Contact, other: Contact, *reasons: str) -> DuplicatePair:
    keep_pairs({ordered(one.pk, other.pk): reasons or ["name"]}, found_by=FoundBy.SCAN)
    return DuplicatePair.objects.latest("pk")


@pytest.fixture
def two() -> tuple[Contact, Contact]:
    return (
        ContactFactory(first_name="Theodora", last_name="Ray", organization="Acme", tags=["a"], do_not_contact=True),
        ContactFactory(first_name="Teddy", last_name="Ray", organization="Apex", tags=["b"]),
    )


def test_the_list_shows_pairs_with_why_and_both_ways_on(desk, two):
    pair = pair_of(*two, "email", "name")
    shown = desk.get("/duplicates/").content.decode()
    for words in (
        "Theodora Ray",
        "Teddy Ray",
        "Acme",
        "Apex",
        "+1 415-555-",
        "same name at the same employer",
        "dots or a tag",
    ):
        assert words in shown
    assert f"/duplicates/contacts/{two[0].pk}/{two[1].pk}/" in shown and f"/duplicates/{pair.pk}/dismiss/" in shown
    assert "never searched" in shown


@pytest.mark.parametrize("rows", [1, 30])
def test_the_list_costs_the_same_with_one_pair_and_with_thirty(desk, rows, django_assert_num_queries):
    first = ContactFactory()
    for _ in range(rows):
        pair_of(first, ContactFactory())
    with django_assert_num_queries(5):  # session, user, pairs, a running search, the last one
        assert len(desk.get("/duplicates/").context["rows"]) == rows


@pytest.mark.parametrize("rows", [1, 30])
def test_the_leads_cost_the_same_with_one_and_with_thirty(desk, rows, django_assert_num_queries):
    for _ in range(rows):
        lead = LeadFactory()
        LeadFactory(contact=lead.contact, is_duplicate=True)
    with django_assert_num_queries(6):
        shown = desk.get("/duplicates/?view=leads").context["rows"]
    assert [len(row["others"]) for row in shown] == [1] * rows


def test_more_than_a_page_goes_on_by_cursor(desk, monkeypatch):
    monkeypatch.setattr("leads.duplicates.views.PAGE_ROWS", 2)
    first = ContactFactory()
    for _ in range(3):
        pair_of(first, ContactFactory())
    page = desk.get("/duplicates/")
    assert len(page.context["rows"]) == 2
    assert len(desk.get(f"/duplicates/?cursor={page.context['next']}").context["rows"]) == 1
    assert len(desk.get("/duplicates/?cursor=nonsense").context["rows"]) == 2


@pytest.mark.parametrize("view", ["open", "leads", "dismissed", "merged", "nonsense"])
def test_each_view_says_what_belongs_there_when_it_is_empty(desk, view):
    page = desk.get(f"/duplicates/?view={view}")
    assert page.status_code == 200 and '<div class="empty">' in page.content.decode()


def test_a_search_is_started_and_its_progress_shown(desk, manager):
    assert desk.post("/duplicates/search/").url == "/duplicates/"
    job = Job.objects.get()
    shown = desk.get("/duplicates/").content.decode()
    assert f'hx-get="/jobs/{job.pk}/"' in shown and "Find duplicates</button>" not in shown
    assert told(desk.post("/duplicates/search/")) == ["A search for duplicates is running already"]
    Job.objects.update(state=JobState.SUCCEEDED, finished_at="2026-01-01T00:00Z", result={"found": 1234})
    assert "1,234 new" in desk.get("/duplicates/").content.decode()
    assert start_job(FIND, {}, by=manager, title="x").pk


def test_a_pair_is_dismissed_and_taken_up_again(desk, two):
    pair = pair_of(*two)
    answer = desk.post(f"/duplicates/{pair.pk}/dismiss/", {"next": "/duplicates/?view=open"})
    assert answer.url == "/duplicates/?view=open" and told(answer) == [
        "They are two people: the pair is gone from the list."
    ]
    assert "Theodora" in desk.get("/duplicates/?view=dismissed").content.decode()
    again = desk.post(f"/duplicates/{pair.pk}/dismiss/", {"next": "//evil.example/"})
    assert again.url == "/duplicates/" and "decided before" in told(again)[-1]
    desk.post(f"/duplicates/{pair.pk}/reopen/")
    pair.refresh_from_db()
    assert pair.state == "open"


def test_side_by_side_offers_what_differs_and_says_what_goes_along(desk, two, agent):
    LeadFactory(contact=two[0], agent=agent), LeadFactory(contact=two[1], agent=agent), LeadFactory(contact=two[1])
    page = desk.get(f"/duplicates/contacts/{two[0].pk}/{two[1].pk}/")
    fields = {row["label"]: row for row in page.context["fields"]}
    assert {"First name", "Employer", "Phone", "E-mail", "Tags", "Do not contact"} <= fields.keys()
    assert "Last name" not in fields and fields["Tags"]["both"] == "a, b" and not fields["Do not contact"]["may_choose"]
    shown = page.content.decode()
    for words in (
        "The stricter of the two counts",
        "holds an open lead of each",
        "will stand beside another",
        "30 days",
    ):
        assert words in shown
    assert shown.count('name="field.') == sum(2 + bool(row["both"]) for row in fields.values() if row["may_choose"])
    assert page.context["turned_url"] == f"/duplicates/contacts/{two[1].pk}/{two[0].pk}/"


def test_what_was_chosen_is_merged_and_can_be_taken_back_at_once(desk, two):
    pair_of(*two)
    chosen = {"field.first_name": "other", "field.organization": "this", "field.tags": "both"}
    answer = desk.post(f"/duplicates/contacts/{two[0].pk}/{two[1].pk}/", chosen)
    assert answer.url == f"/contacts/{two[0].pk}/" and told(answer) == ["The two are one now."]
    two[0].refresh_from_db(), two[1].refresh_from_db()
    assert (two[0].first_name, two[0].organization, two[0].tags) == ("Teddy", "Acme", ["a", "b"])
    assert desk.get(f"/contacts/{two[1].pk}/").url == f"/contacts/{two[0].pk}/"
    assert desk.get(f"/duplicates/contacts/{two[0].pk}/{two[1].pk}/").url == f"/contacts/{two[0].pk}/"
    survivor = desk.get(f"/contacts/{two[0].pk}/").content.decode()
    assert two[1].email in survivor and "merged" in survivor
    assert "Teddy" in desk.get("/duplicates/?view=merged").content.decode()
    undone = desk.post(f"/leads/undo/{Job.objects.get().pk}/")
    assert told(undone)[-1] == "Taken back: the two stand apart again."
    two[0].refresh_from_db(), two[1].refresh_from_db()
    assert (two[0].first_name, two[1].deleted_at) == ("Theodora", None)


def test_a_refusal_leads_back_and_says_why(desk, two):
    Contact.objects.filter(pk=two[1].pk).update(deleted_at="2026-01-01T00:00Z")
    url = f"/duplicates/contacts/{two[0].pk}/{two[1].pk}/"
    answer = desk.post(url)
    assert answer.url == url and "deleted or merged" in told(answer)[0]
    page = desk.get(url)
    assert page.status_code == 409 and "deleted or merged" in page.content.decode()


def test_two_ticked_contacts_are_put_side_by_side(desk, two):
    assert 'name="ids"' in desk.get("/contacts/").content.decode()
    ids = [str(row.pk) for row in reversed(two)]
    assert desk.get("/duplicates/merge/", {"ids": ids}).url == f"/duplicates/contacts/{two[0].pk}/{two[1].pk}/"
    for wrong in ([], ids[:1], [*ids, str(ContactFactory().pk)], ["x", "y"]):
        answer = desk.get("/duplicates/merge/", {"ids": wrong})
        assert answer.url == "/contacts/"
        assert told(answer)[-1] == "Tick the two contacts that are one person."


def test_a_contacts_page_names_who_may_be_the_same(desk, two, agent):
    pair_of(*two)
    shown = desk.get(f"/contacts/{two[0].pk}/").content.decode()
    assert "May be the same person" in shown and f"/duplicates/contacts/{two[0].pk}/{two[1].pk}/" in shown
    Contact.objects.update(created_by=agent.user)
    assert "May be the same person" not in page_of(agent.user).get(f"/contacts/{two[0].pk}/").content.decode()


def test_leads_are_listed_kept_or_merged(desk, agent):
    lead = LeadFactory(contact__first_name="Theodora", agent=agent, source="web")
    twice = LeadFactory(contact=lead.contact, is_duplicate=True, source="fair")
    shown = desk.get("/duplicates/?view=leads").content.decode()
    assert "Theodora" in shown and f"/duplicates/leads/{lead.pk}/{twice.pk}/" in shown
    page = desk.get(f"/duplicates/leads/{lead.pk}/{twice.pk}/")
    assert [row["label"] for row in page.context["fields"]] == ["Source"]
    answer = desk.post(f"/duplicates/leads/{lead.pk}/{twice.pk}/", {"field.source": "other"})
    assert answer.url == f"/leads/{lead.pk}/"
    lead.refresh_from_db()
    assert lead.source == "fair" and desk.get(f"/leads/{twice.pk}/").url == f"/leads/{lead.pk}/"
    third = LeadFactory(contact=lead.contact, is_duplicate=True)
    desk.post(f"/duplicates/leads/{third.pk}/keep/")
    assert not Lead.objects.filter(is_duplicate=True).exclude(pk=twice.pk).exists()


def test_a_closed_lead_does_not_take_in_an_open_one(desk):
    closed = LeadFactory(status="done")
    is_open = LeadFactory(contact=closed.contact)
    page = desk.get(f"/duplicates/leads/{closed.pk}/{is_open.pk}/")
    assert page.status_code == 409 and "let the open one stay" in page.content.decode()
    assert f"/duplicates/leads/{is_open.pk}/{closed.pk}/" in page.content.decode()


def test_agents_and_strangers_are_kept_out(agent, stranger, two):
    pair, lead = pair_of(*two), LeadFactory(agent=agent, is_duplicate=True)
    urls = [
        ("get", "/duplicates/"), ("post", "/duplicates/search/"), ("get", "/duplicates/merge/"),
        ("post", f"/duplicates/{pair.pk}/dismiss/"), ("post", f"/duplicates/{pair.pk}/reopen/"),
        ("get", f"/duplicates/contacts/{two[0].pk}/{two[1].pk}/"), ("post", f"/duplicates/leads/{lead.pk}/keep/"),
    ]  # fmt: skip
    for method, url in urls:
        assert getattr(page_of(agent.user), method)(url).status_code == 403
    client = page_of(stranger)
    with company_active(stranger.company_id):
        own = ContactFactory()
    for method, url in urls[3:]:
        assert getattr(client, method)(url).status_code == 403
    for url in (f"/duplicates/contacts/{own.pk}/{two[0].pk}/", f"/duplicates/contacts/{two[0].pk}/{own.pk}/"):
        assert (client.get(url).status_code, client.post(url).status_code) == (403, 403)
    assert b"Theodora" not in client.get("/duplicates/").content
    pair.refresh_from_db()
    assert pair.state == "open"
