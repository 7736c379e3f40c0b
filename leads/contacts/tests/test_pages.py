"""The pages of contacts, as a browser without JavaScript uses them; parts for HTMX where they differ."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse

from crm.audit.models import AuditEntry, JournalEntry
from crm.core.tenancy import company_active
from crm.lists.models import SavedSearch
from leads.actions import add_note, create_lead
from leads.models import Contact, Lead
from leads.tests.factories import ContactFactory, LeadFactory

pytestmark = pytest.mark.django_db
HTMX = {"HTTP_HX_REQUEST": "true"}


def page_of(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def desk(manager):
    return page_of(manager)


@pytest.fixture
def agents_desk(agent):
    return page_of(agent.user)


def told(response: Any) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]


def names_of(response: Any) -> list[str]:
    return [contact.first_name for contact in response.context["page"].rows]


def test_a_row_links_to_their_telephone_and_mailbox_and_shows_what_they_wrote_as_text(desk, in_company):
    ContactFactory(first_name="<b>Ada", phone_e164="+14155552671", email="a&b@example.org", tags=["<i>"])
    desk.post("/contacts/columns/", {"columns": ["phone_e164", "email", "tags"]})
    shown = desk.get("/contacts/").content.decode()
    assert '<a class="link" href="tel:+14155552671">+1 415-555-2671</a>' in shown
    assert '<a class="link" href="mailto:a&amp;b@example.org">a&amp;b@example.org</a>' in shown
    assert "&lt;b&gt;Ada" in shown and "&lt;i&gt;" in shown and "&lt;a" not in shown


# --- Who may see what --------------------------------------------------------------------------------------------


def test_another_companys_contact_is_forbidden_and_unnamed(stranger, in_company):
    contact = ContactFactory(first_name="Theodora")
    client = page_of(stranger)
    for path in ("", "edit/"):
        response = client.get(f"/contacts/{contact.pk}/{path}")
        assert response.status_code == 403
        assert b"Theodora" not in response.content
    assert client.post(f"/contacts/{contact.pk}/edit/", {"first_name": "X"}).status_code == 403
    assert client.post(f"/contacts/{contact.pk}/delete/").status_code == 403
    assert b"Theodora" not in client.get("/contacts/").content
    contact.refresh_from_db()
    assert (contact.first_name, contact.deleted_at) == ("Theodora", None)


def test_an_agent_sees_the_people_of_its_leads_and_those_it_added(agents_desk, agent, other_agent, in_company):
    held, added = ContactFactory(first_name="Held"), ContactFactory(first_name="Added", created_by=agent.user)
    theirs, nobodys = ContactFactory(first_name="Theirs"), ContactFactory(first_name="Nobodys")
    LeadFactory(contact=held, agent=agent), LeadFactory(contact=theirs, agent=other_agent)
    assert set(names_of(agents_desk.get("/contacts/"))) == {"Held", "Added"}
    assert [agents_desk.get(f"/contacts/{row.pk}/").status_code for row in (held, added, theirs, nobodys)] == [
        200, 200, 403, 403,
    ]  # fmt: skip


def test_an_agent_sees_of_a_person_only_the_leads_that_are_its_own(
    agents_desk, agent, other_agent, manager, in_company
):
    contact = ContactFactory()
    mine = LeadFactory(contact=contact, agent=agent)
    add_note(LeadFactory(contact=contact, agent=other_agent), "Said in confidence", by=manager)
    page = agents_desk.get(f"/contacts/{contact.pk}/")
    assert [row.lead for row in page.context["rows"]] == [mine]
    assert "Said in confidence" not in page.content.decode()
    assert "1 open<" in agents_desk.get("/contacts/").content.decode()


def test_an_agent_may_change_a_contact_and_not_delete_it(agents_desk, agent, in_company):
    contact = ContactFactory(created_by=agent.user)
    assert "Delete" not in agents_desk.get(f"/contacts/{contact.pk}/").content.decode()
    assert agents_desk.post(f"/contacts/{contact.pk}/delete/").status_code == 403
    assert agents_desk.get(f"/contacts/{contact.pk}/edit/").status_code == 200


def test_no_such_contact_and_a_deleted_one_are_404(desk, in_company):
    gone = ContactFactory(deleted_at="2026-01-01T00:00Z")
    assert desk.get("/contacts/01981c5e-7d2a-7c3e-9f10-2b6c1a5d4e3f/").status_code == 404
    assert desk.get(f"/contacts/{gone.pk}/").status_code == 404


# --- The list ----------------------------------------------------------------------------------------------------


def test_the_list_shows_a_person_with_consent_and_leads(desk, agent, in_company):
    contact = ContactFactory(
        first_name="Bo", last_name="Li", organization="Kestrel Freight", phone_e164="+14155550142",
        opt_in_status="opted_in", lifecycle_stage="sql",
    )  # fmt: skip
    LeadFactory(contact=contact, agent=agent), LeadFactory(contact=contact, status="done")
    shown = desk.get("/contacts/").content.decode()
    for words in ("Bo Li", "Kestrel Freight", "+1 415-555-0142", "Opted in", "SQL", "1 open of 2", "1 in all"):
        assert words in shown


@pytest.mark.parametrize("rows", [1, 30])
def test_the_list_costs_the_same_with_one_row_and_with_thirty(desk, agent, in_company, rows, django_assert_num_queries):
    for _ in range(rows):
        LeadFactory(agent=agent)
    with django_assert_num_queries(6):  # session, user, rows, kept views, count, their leads
        response = desk.get("/contacts/?lifecycle_stage=lead")
    assert len(response.context["page"].rows) == rows


def test_filters_are_chips_and_each_can_be_taken_away(desk, in_company):
    ContactFactory(first_name="Wanted", do_not_contact=True, organization="Acme")
    ContactFactory(first_name="Other")
    page = desk.get("/contacts/?do_not_contact=true&organization=Acme")
    assert names_of(page) == ["Wanted"]
    assert [(chip.label, chip.text) for chip in page.context["chips"]] == [
        ("They", "must not be contacted"),
        ("Employer", "is Acme"),
    ]
    assert page.context["chips"][0].without == "?organization=Acme"
    assert names_of(desk.get("/contacts/?search=wanted")) == ["Wanted"]


def test_an_untidy_form_is_tidied_and_a_wrong_filter_is_told(desk, in_company):
    ContactFactory()
    assert desk.get("/contacts/?search=&tags=").url == "/contacts/"
    page = desk.get("/contacts/?lifecycle_stage=nonsense&ordering=salary")
    assert page.status_code == 200
    assert {problem["name"] for problem in page.context["problems"]} == {"lifecycle_stage", "ordering"}
    assert page.context["page"].rows == []


@pytest.mark.parametrize(("ordering", "first"), [("last_name", "A"), ("-last_name", "C"), ("-created_at", "C")])
def test_it_is_sorted_and_read_on_by_cursor_both_ways(desk, in_company, monkeypatch, ordering, first):
    monkeypatch.setattr("leads.listing.PAGE_ROWS", 2)
    for letter in "ABC":
        ContactFactory(first_name=letter, last_name=letter)
    page = desk.get(f"/contacts/?ordering={ordering}")
    assert names_of(page)[0] == first and len(names_of(page)) == 2
    on = desk.get(f"/contacts/?ordering={ordering}&cursor={page.context['page'].next}")
    assert len(names_of(on)) == 1 and not on.context["page"].next
    back = desk.get(f"/contacts/?ordering={ordering}&back={on.context['page'].back}")
    assert names_of(back) == names_of(page)


def test_columns_are_kept_for_the_session(desk, in_company):
    ContactFactory(title="Chief Baker")
    assert "Chief Baker" not in desk.get("/contacts/").content.decode()
    answer = desk.post("/contacts/columns/", {"columns": ["title", "nonsense"], "next": "/contacts/?search=b"})
    assert answer.url == "/contacts/?search=b"
    shown = desk.get("/contacts/").content.decode()
    assert "Chief Baker" in shown and "@example.org</a>" not in shown
    desk.post("/contacts/columns/", {"usual": "1", "next": "//evil.example/"})
    assert "Chief Baker" not in desk.get("/contacts/").content.decode()


def test_a_view_is_kept_with_its_columns_and_opens_as_a_tab(desk, in_company):
    ContactFactory(first_name="Wanted", tags=["vip"])
    ContactFactory(first_name="Other")
    data = {"name": "The best", "query": "tags=vip&ordering=last_name", "columns": "first_name,opt_in_status,tags"}
    answer = desk.post("/lists/contacts/views/", data)
    kept = SavedSearch.objects.get()
    assert answer.url == f"/contacts/?saved_search={kept.pk}&ordering=last_name"
    page = desk.get(answer.url)
    assert names_of(page) == ["Wanted"]
    assert [tab["label"] for tab in page.context["views"] if tab["current"]] == ["The best"]
    assert [column["label"] for column in page.context["columns"]] == ["Consent", "Tags"]


def test_the_list_is_taken_along_as_a_file(desk, in_company):
    ContactFactory(first_name="Wanted", email="w@example.org")
    page = desk.get("/contacts/")
    ticked = [option["value"] for option in page.context["export"]["columns"] if option["on"]]
    file = desk.get(page.context["export"]["url"], {"format": "csv", "columns": ticked})
    assert b"Wanted" in b"".join(file.streaming_content)
    assert {"first_name", "opt_in_status", "do_not_contact"} <= set(ticked)


def test_htmx_gets_the_list_alone_and_an_empty_company_a_first_step(desk, in_company):
    part = desk.get("/contacts/", **HTMX)
    assert part.content.decode().lstrip().startswith('<div id="list"')
    assert "People stand here" in part.content.decode()
    assert "No contact matches" in desk.get("/contacts/?search=x").content.decode()


# --- One contact -------------------------------------------------------------------------------------------------


def test_the_page_shows_the_person_all_leads_and_what_happened_to_them(desk, agent, manager, in_company):
    given = {"first_name": "Bo", "last_name": "Li", "phone": "(415) 555-0142", "organization": "Kestrel Freight"}
    first = create_lead(given, by=manager, agent=agent)
    Contact.objects.update(tags=["vip"], custom_fields={"shoe size": 43}, city="Oakland")
    second = create_lead({"contact_id": first.contact_id, "deal_value": "6250"}, by=manager)
    add_note(first, "Wants a quote", by=manager)
    page = desk.get(f"/contacts/{first.contact_id}/").content.decode()
    for words in ("Bo Li", "+1 415-555-0142", "Kestrel Freight", "Oakland", "vip", "shoe size", "43", "Wants a quote"):
        assert words in page
    for words in (agent.name, "$6,250", f"/leads/{first.pk}/", f"/leads/{second.pk}/", "added the contact", "lead of"):
        assert words in page
    assert f"/contacts/{first.contact_id}/" in desk.get(f"/leads/{first.pk}/").content.decode()


@pytest.mark.parametrize("rows", [1, 30])
def test_the_page_costs_the_same_with_one_lead_and_with_thirty(
    desk, manager, in_company, rows, django_assert_num_queries
):
    contact = ContactFactory()
    for _ in range(rows):
        add_note(LeadFactory(contact=contact, status="done"), "Called", by=manager)
    # session, user, contact, agents with loads, dispositions, leads, what was merged into them, entries, notes, who was
    # merged into the contact, who may be the same, the two beside it
    with django_assert_num_queries(13):
        response = desk.get(f"/contacts/{contact.pk}/")
    assert len(response.context["rows"]) == rows


def test_previous_and_next_follow_the_list_that_one_came_from(desk, in_company):
    rows = [ContactFactory(first_name=letter, last_name=letter, organization="Acme") for letter in "ABC"]
    ContactFactory(last_name="B")
    trail = "?in=organization%3DAcme%26ordering%3Dlast_name"
    context = desk.get(f"/contacts/{rows[1].pk}/{trail}").context
    assert context["previous_url"] == f"/contacts/{rows[0].pk}/{trail}"
    assert context["next_url"] == f"/contacts/{rows[2].pk}/{trail}"
    assert context["back_url"] == "/contacts/?organization=Acme&ordering=last_name"
    assert desk.get(f"/contacts/{rows[0].pk}/?in=nonsense%3D1").context["back_url"] == "/contacts/"


def test_older_entries_stand_on_the_next_page_of_the_timeline(desk, manager, in_company, monkeypatch):
    monkeypatch.setattr("leads.happenings.PAGE", 2)
    lead = LeadFactory()
    for number in range(3):
        add_note(lead, f"Note {number}", by=manager)
    page = desk.get(f"/contacts/{lead.contact_id}/")
    assert "Note 2" in page.content.decode() and "Note 0" not in page.content.decode()
    older = desk.get(f"/contacts/{lead.contact_id}/?before={page.context['timeline'].older}", **HTMX)
    assert "Note 0" in older.content.decode() and older.content.decode().lstrip().startswith('<div id="contact"')


# --- Making, changing, deleting ----------------------------------------------------------------------------------

FORM = {
    "first_name": "Ada", "last_name": "Byron", "phone": "(415) 555-0142", "email": "Ada@Example.org",
    "organization": "Engines", "title": "Countess", "city": "", "region": "CA", "country": "us",
    "timezone": "America/Los_Angeles", "tags": "vip, maths", "custom_fields": "shoe size: 38",
}  # fmt: skip


def test_a_contact_is_added(desk, manager, in_company):
    answer = desk.post("/contacts/new/", FORM)
    contact = Contact.objects.get()
    assert answer.url == f"/contacts/{contact.pk}/"
    assert (contact.phone_e164, contact.email, contact.country, contact.tags, contact.custom_fields) == (
        "+14155550142", "ada@example.org", "US", ["vip", "maths"], {"shoe size": 38},
    )  # fmt: skip
    assert contact.created_by == manager and "engines" in contact.search_text
    assert AuditEntry.objects.get(action="contact.created").object_id == contact.pk


def test_only_what_was_changed_is_written_and_its_leads_follow(desk, in_company):
    desk.post("/contacts/new/", FORM)
    contact = Contact.objects.get()
    lead = LeadFactory(contact=contact)
    answer = desk.post(f"/contacts/{contact.pk}/edit/?in=a", {**FORM, "last_name": "King", "phone": "+1 415-555-0142"})
    assert answer.url == f"/contacts/{contact.pk}/?in=a"
    entry = AuditEntry.objects.get(action="contact.updated")
    assert [change["field"] for change in entry.changes] == ["last_name"]
    lead.refresh_from_db()
    assert (lead.last_name_key, "king" in lead.search_text) == ("king", True)


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("phone", "12", "no phone number that anybody can have"),
        ("phone", "(415) 555-0199", "Another contact has this phone number"),
        ("email", "taken@example.org", "Another contact has this e-mail address"),
        ("email", "nonsense", "valid email"),
        ("timezone", "Mars/Olympus", "Choose a time zone"),
        ("country", "U1", "two letters"),
        ("tags", "x" * 101, "A tag has at most"),
        ("custom_fields", "no colon", "name: value"),
        ("first_name", "\x00", "Null characters"),
    ],
)
def test_what_is_wrong_stands_beside_its_field_and_nothing_is_written(desk, in_company, field, value, words):
    ContactFactory(phone_e164="+14155550199", email="taken@example.org")
    contact = ContactFactory(first_name="Ada", phone_e164="+14155550142", email="ada@example.org")
    answer = desk.post(f"/contacts/{contact.pk}/edit/", {**FORM, field: value})
    assert answer.status_code == 422
    assert any(words in error for error in answer.context["form"].errors[field]), answer.context["form"].errors
    contact.refresh_from_db()
    assert (contact.last_name, contact.organization) == ("Byron", "")
    assert not JournalEntry.objects.exists()


def test_a_contact_needs_a_way_to_be_reached(desk, in_company):
    contact = ContactFactory()
    answer = desk.post(f"/contacts/{contact.pk}/edit/", {**FORM, "phone": "", "email": ""})
    assert answer.status_code == 422 and "phone" in answer.context["form"].errors


def test_deleting_is_refused_while_leads_are_open(desk, in_company):
    lead = LeadFactory(contact__first_name="Ada", contact__last_name="")
    answer = desk.post(f"/contacts/{lead.contact_id}/delete/")
    assert told(answer) == ["The contact has open leads; close or delete them first"]
    Lead.objects.update(status="done")
    answer = desk.post(f"/contacts/{lead.contact_id}/delete/")
    assert (answer.url, told(answer)[-1:]) == ("/contacts/", ["Ada was deleted."])
    assert Contact.objects.get().deleted_at and reverse("contacts:list") == answer.url


def test_a_part_that_a_higher_floor_brings_is_asked_for_where_it_is_there(desk, in_company, monkeypatch):
    contact = ContactFactory()
    assert 'hx-get="/contacts/' not in desk.get(f"/contacts/{contact.pk}/").content.decode()
    monkeypatch.setattr("leads.contacts.views.PARTS", ("contacts:edit", "nowhere:at_all"))
    assert f'hx-get="/contacts/{contact.pk}/edit/"' in desk.get(f"/contacts/{contact.pk}/").content.decode()


def test_another_companys_rows_do_not_show(desk, stranger, in_company):
    with company_active(stranger.company_id):
        ContactFactory(first_name="Theirs")
    assert names_of(desk.get("/contacts/")) == []
