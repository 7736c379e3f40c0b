from __future__ import annotations

from datetime import timedelta
from html import unescape

import pytest
from django.db import connection
from django.utils.timezone import now

from crm.accounts.tests.factories import UserFactory
from crm.audit import guard
from crm.audit.models import AuditEntry
from crm.audit.recording import Event, record, record_many
from crm.audit.sealing import seal_entries
from crm.audit.verification import verify_log
from crm.core.actors import System
from crm.core.tenancy import company_active
from leads.tests.factories import ContactFactory, LeadFactory


@pytest.fixture
def page(client, admin):
    client.force_login(admin)

    def get(url="/audit/", follow=True, **params):
        headers = params.pop("headers", None)
        response = client.get(url, params, follow=follow, headers=headers)
        assert response.status_code == 200
        return unescape(response.content.decode())

    return get


def test_an_entry_opens_to_what_changed(page, admin, agent, in_company):
    lead = LeadFactory()
    changes = {"agent_id": (None, agent.pk), "priority": (2, 3)}
    record("lead.assigned", lead, by=admin, changes=changes, data={"strategy": "manual", "agent_id": agent.pk})
    seal_entries()
    text = page()
    for part in (
        admin.name,
        "Assigned",
        f'href="/leads/{lead.pk}/"',
        "2 fields changed",
        f'href="/agents/{agent.pk}/"',
        ">Priority</th><td>2</td><td>→ 3</td>",
        ">Strategy</th>",
        f"?object=lead%3A{lead.pk}",
        "number ",
    ):
        assert part in text


def test_personal_values_are_not_there(page, admin, in_company):
    changes = {"email": ("ada@example.org", "b@example.org"), "password": ("a", "b")}
    record("contact.updated", ContactFactory(), by=admin, changes=changes)
    text = page()
    assert "Keyed hash before" in text and "A secret: nothing of it is kept" in text
    assert "example.org" not in text.split("<tbody>")[1]


def test_filters_stand_as_chips_that_can_be_removed(page, admin, manager, in_company):
    lead = LeadFactory()
    record("lead.assigned", lead, by=manager)
    record("lead.created", lead, by=admin)
    text = page(actor=str(manager.pk), object=f"lead:{lead.pk}", start_date="2026-01-01", action="")
    rows = text.split("<tbody>")[1]
    assert "Assigned" in rows and "Lead created" not in rows
    assert "1 match" in text and f"lead …{str(lead.pk)[-8:]}" in text
    assert f'href="/audit/?object=lead%3A{lead.pk}&start_date=2026-01-01" aria-label="Remove filter Who"' in text


def test_a_filter_that_is_not_understood_is_named(page, in_company):
    text = page(start_date="soon", colour="red")
    assert "<b>start_date</b>" in text and "<b>colour</b>: Unknown parameter." in text


def test_nothing_that_matches_says_what_to_do(page, in_company):
    assert "No entry matches" in page(action="lead.deleted")


def test_one_pages_forth_and_back(page, client, admin, in_company):
    AuditEntry.objects.none()
    record_many(Event("company.updated", in_company, System("t"), data={"place": f"p{n:03}"}) for n in range(120))

    def places(params):
        text = page(action="company.updated", **params)
        return [f"p{n:03}" for n in range(120) if f"p{n:03}" in text], text

    def link(text, label):
        part = text.split(label)[0].rsplit('href="', 1)[1].split('"')[0]
        return dict(pair.split("=") for pair in part.removeprefix("?").split("&") if not pair.startswith("action"))

    first, text = places({})
    second, text = places(link(text, "Older<svg"))
    third, text2 = places(link(text, "Older<svg"))
    assert (first, second, third) == tuple(
        [f"p{n:03}" for n in part] for part in (range(70, 120), range(20, 70), range(20))
    )
    assert 'aria-disabled="true">Older' in text2
    assert places(link(text2, '" data-key="["'))[0] == second
    assert places(link(text, '" data-key="["'))[0] == first
    assert places({"cursor": "nonsense"})[0] == first


@pytest.mark.parametrize("number", [1, 45])
def test_the_page_costs_the_same_whatever_is_on_it(page, in_company, number, django_assert_max_num_queries):
    record_many(Event("lead.created", LeadFactory(), UserFactory()) for _ in range(number))
    page()
    with django_assert_max_num_queries(6):
        page()


def test_htmx_gets_the_list_alone(page, in_company):
    text = page(headers={"HX-Request": "true"})
    assert text.startswith('<div id="log"') and "<html" not in text
    assert page("/audit/verify/", headers={"HX-Request": "true"}).startswith('<div id="proof"')


def test_the_log_is_proved_on_a_page(page, in_company, admin):
    record("company.updated", in_company, by=admin)
    seal_entries()
    head = str(verify_log().head)
    text = page("/audit/verify/")
    assert "The log holds" in text and head in text
    assert "The log holds" in page("/audit/verify/", head=head)
    assert "A head is written as" in page("/audit/verify/", head="x")
    [entry] = AuditEntry.objects.filter(action="company.updated")
    with guard.taken_down(connection):
        AuditEntry.objects.filter(pk=entry.pk).update(at=now() - timedelta(days=1))
    text = page("/audit/verify/")
    assert "The log does not hold" in text and "Edited" in text and str(entry.pk) in text


@pytest.mark.parametrize("url", ["/audit/", "/audit/verify/"])
def test_only_admins_of_the_company_get_in(client, url, admin, manager, agent, stranger):
    assert client.get(url).status_code == 302
    for user in (manager, agent.user):
        client.force_login(user)
        assert client.get(url).status_code == 403
    with company_active(admin.company_id):
        lead = LeadFactory()
        record("lead.created", lead, by=admin)
    client.force_login(stranger)
    assert str(lead.pk) not in client.get(url).content.decode()
    assert client.post(url).status_code == 405
