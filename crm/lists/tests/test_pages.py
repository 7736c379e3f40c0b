"""Kept views and files from the list's page."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from agents.models import Agent
from crm.accounts.models import Company, User
from crm.core.tenancy import company_active
from crm.jobs.models import Job
from crm.lists import engine
from crm.lists.models import SavedSearch
from leads.tests.factories import ContactFactory, LeadFactory


@pytest.fixture
def leads(company: Company) -> None:
    with company_active(company.pk):
        for name, score in (("Zelda", 90), ("Yolanda", 75), ("Xaver", 10)):
            LeadFactory(contact=ContactFactory(first_name=name), score=score, source="fair")


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def kept(company: Company, **values: Any) -> SavedSearch:
    with company_active(company.pk):
        return SavedSearch.objects.create(**{"object": "leads", "name": "Hot", "filters": {"min_score": 70}, **values})


def text(response: Any) -> str:
    assert response.status_code == 200, response.content
    return response.content.decode()


def test_a_view_is_saved_from_the_list_and_opens_as_a_tab(company: Company, admin: User, leads: None) -> None:
    client = signed_in(admin)
    page = text(client.get("/leads/?min_score=70&ordering=score"))
    assert 'action="/lists/leads/views/"' in page
    form = {
        "name": "Hot ones",
        "query": "min_score=70&ordering=score&cursor=x",
        "columns": "first_name,score,deal_value",
    }
    response = client.post("/lists/leads/views/", form)
    with company_active(company.pk):
        search = SavedSearch.objects.get()
    assert (search.name, search.filters, search.ordering, search.shared, search.owner_id) == (
        "Hot ones", {"min_score": "70"}, "score", False, admin.pk,
    )  # fmt: skip
    assert response.headers["Location"] == f"/leads/?saved_search={search.pk}&ordering=score"
    page = text(client.get(response.headers["Location"]))
    assert page.index("Yolanda") < page.index("Zelda")
    assert "Xaver" not in page
    assert f'saved_search={search.pk}&amp;ordering=score" aria-current="page">Hot ones' in page
    assert "The view “Hot ones” is kept." in page
    assert '<th scope="col" class="num lo"' in page or "Value" in page
    assert "Score</span> is 70 or more" in page  # its filter, to be taken away alone
    assert f'action="/lists/views/{search.pk}/"' in page


def test_tabs_show_ones_own_and_the_shared_ones(
    company: Company, admin: User, manager: User, agent: Agent, leads: None
) -> None:
    kept(company, owner=manager, name="Not yours")
    kept(company, owner=manager, name="Everybody’s", shared=True)
    kept(company, owner=admin, name="My own")
    page = text(signed_in(admin).get("/leads/"))
    assert "Not yours" not in page
    assert "Everybody’s" in page
    assert "My own" in page
    counts = text(signed_in(admin).get("/leads/counts/"))
    assert counts.count('hx-swap-oob="true">2</span>') >= 2


def test_many_views_cost_no_more_queries(company: Company, admin: User, leads: None) -> None:
    client, counted = signed_in(admin), {}
    client.get("/leads/")
    for amount in (1, 20):
        with company_active(company.pk):
            for number in range(SavedSearch.objects.count(), amount):
                SavedSearch.objects.create(object="leads", name=f"View {number}", owner=admin, filters={})
        for url in ("/leads/", "/leads/counts/"):
            with CaptureQueriesContext(connection) as queries:
                text(client.get(url))
            counted.setdefault(url, []).append(len(queries))
    assert counted["/leads/"][0] == counted["/leads/"][1]
    assert counted["/leads/counts/"][1] - counted["/leads/counts/"][0] <= 10  # five more counts of two statements


def test_a_view_is_renamed_shared_and_deleted(company: Company, admin: User, leads: None) -> None:
    client, search = signed_in(admin), kept(company, owner=admin)
    form = {"name": "Hotter", "shared": "on", "query": f"saved_search={search.pk}&source=fair&ordering=-score"}
    response = client.post(f"/lists/views/{search.pk}/", form)
    assert response.headers["Location"] == f"/leads/?saved_search={search.pk}&ordering=-score"
    with company_active(company.pk):
        search.refresh_from_db()
    assert (search.name, search.shared, search.filters) == ("Hotter", True, {"min_score": "70", "source": "fair"})
    response = client.post(f"/lists/views/{search.pk}/delete/")
    assert response.headers["Location"] == "/leads/"
    with company_active(company.pk):
        assert not SavedSearch.objects.exists()


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"name": ""}, "Give the view a name."),
        ({"name": "x", "query": "shoe_size=9"}, "shoe_size: Unknown parameter."),
        ({"name": "hot"}, "You have a saved search named “hot” already"),
        ({"name": "x", "columns": "shoe_size"}, "There is no column shoe_size."),
    ],
)
def test_what_cannot_be_kept_is_said_on_the_list(
    form: dict[str, str], words: str, company: Company, admin: User
) -> None:
    client = signed_in(admin)
    kept(company, owner=admin)
    response = client.post("/lists/leads/views/", form, follow=True)
    assert words in text(response)
    with company_active(company.pk):
        assert SavedSearch.objects.count() == 1


def test_a_colleagues_private_view_and_a_shared_one_are_not_changed(
    company: Company, admin: User, agent: Agent
) -> None:
    private, shared = kept(company, owner=admin), kept(company, owner=admin, name="Shared", shared=True)
    client = signed_in(agent.user)
    assert client.post(f"/lists/views/{private.pk}/", {"name": "Mine"}).status_code == 403
    answer = client.post(f"/lists/views/{shared.pk}/", {"name": "Mine"}, follow=True)
    assert "Only its owner or an administrator may change a shared search" in text(answer)
    with company_active(company.pk):
        assert {*SavedSearch.objects.values_list("name", flat=True)} == {"Hot", "Shared"}


def test_columns_are_kept_with_the_view_and_chosen_for_it_alone(company: Company, admin: User, leads: None) -> None:
    search = kept(company, owner=admin, columns=["first_name", "source", "created_at"])
    client = signed_in(admin)
    url = f"/leads/?saved_search={search.pk}"
    assert "Source</th>" in text(client.get(url)).replace("</a>", "")
    client.post("/leads/columns/", {"columns": ["tags"], "next": url})
    assert "Source</th>" not in text(client.get(url)).replace("</a>", "")
    assert "Tags</th>" not in text(client.get("/leads/")).replace("</a>", "")


def test_the_export_menu_takes_filters_and_columns_along(company: Company, admin: User, leads: None) -> None:
    client = signed_in(admin)
    page = text(client.get("/leads/?min_score=70&ordering=score"))
    assert '<form action="/lists/leads/export/"' in page
    assert '<input type="hidden" name="min_score" value="70">' in page
    response = client.get(
        "/lists/leads/export/?min_score=70&ordering=score&columns=first_name&columns=score&format=csv"
    )
    assert b"".join(response.streaming_content) == b"\xef\xbb\xbffirst_name,score\r\nYolanda,75\r\nZelda,90\r\n"


def test_a_long_list_becomes_a_job_with_a_page(company: Company, admin: User, leads: None, monkeypatch: Any) -> None:
    monkeypatch.setitem(engine.FORMATS, "csv", engine.Format("csv", "CSV", "text/csv", direct=2))
    response = signed_in(admin).get("/lists/leads/export/?format=csv")
    with company_active(company.pk):
        job = Job.objects.get()
    assert response.headers["Location"] == f"/jobs/{job.pk}/"


def test_what_cannot_be_exported_is_said_on_the_list(admin: User, leads: None) -> None:
    response = signed_in(admin).get("/lists/leads/export/?columns=shoe_size&source=fair", follow=True)
    assert response.redirect_chain == [("/leads/?source=fair", 302)]
    assert "There is no column shoe_size." in text(response)


def test_unknown_lists_and_lists_of_others(admin: User, manager: User, agent: Agent) -> None:
    assert signed_in(admin).get("/lists/shoes/export/").status_code == 404
    assert signed_in(admin).post("/lists/audit/views/", {"name": "x"}).status_code == 404
    assert signed_in(manager).get("/lists/audit/export/").status_code == 403
    assert signed_in(agent.user).get("/lists/audit/export/").status_code == 403
    assert signed_in(admin).get("/lists/audit/export/").status_code == 200


def test_a_pdf_of_too_many_rows_is_refused_before_anybody_waits(admin: User, leads: None, monkeypatch: Any) -> None:
    """The menu says beforehand how many it takes, and more are refused at once, by a toast on the same list."""
    monkeypatch.setitem(engine.FORMATS, "pdf", engine.Format("pdf", "PDF", "application/pdf", direct=1, most=2))
    client = signed_in(admin)
    assert "as PDF at most 2 rows." in text(client.get("/leads/?source=fair"))
    answer = client.get("/lists/leads/export/?source=fair&format=pdf")
    assert answer.headers["Location"].startswith("/leads/?source=fair")
    assert "A PDF file holds at most 2 rows: narrow the filter, or take CSV" in text(client.get("/leads/"))
    with company_active(admin.company_id):
        assert not Job.objects.exists()
