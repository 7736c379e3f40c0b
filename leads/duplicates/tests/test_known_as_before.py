"""Who was merged into another contact is known as that one by the phone and e-mail of before, by every door."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from crm.accounts.models import User
from crm.audit.models import AuditEntry
from crm.core.tenancy import company_active
from crm.jobs.actions import undo_job
from crm.jobs.models import Job
from crm.jobs.running import run_job
from crm.vendors.tests.factories import calling, vendor_with_key
from leads.actions import create_contact, create_lead, delete_contact
from leads.duplicates.actions import start_search
from leads.duplicates.finding import look_for, ordered
from leads.duplicates.jobs import merge_contacts_now
from leads.duplicates.models import DuplicatePair
from leads.filters import ContactFilter
from leads.hashes import sha256_hex
from leads.importing.actions import keep_file, start_import
from leads.importing.mapping import suggest
from leads.importing.running import answer_of
from leads.models import Contact, Lead
from leads.tests.factories import ContactFactory

pytestmark = pytest.mark.usefixtures("in_company")
OLD_PHONE, OLD_EMAIL = "+14155550102", "ann@b.example"
OLD = [{"phone": OLD_PHONE}, {"email": "Ann@B.example"}]
HTMX = {"headers": {"HX-Request": "true"}}


@pytest.fixture
def survivor(in_company: Any, manager: User) -> Contact:
    """Ann, into whom Anne was merged, with a phone and an e-mail of her own."""
    this = ContactFactory(first_name="Ann", phone_e164="+14155550101", email="ann@a.example")
    other = ContactFactory(first_name="Anne", phone_e164=OLD_PHONE, email=OLD_EMAIL)
    merge_contacts_now(this, other, by=manager)
    this.refresh_from_db()
    return this


def reached_by(contact: Contact) -> tuple[str, str]:
    contact.refresh_from_db()
    return contact.phone_e164, contact.email


OWN = ("+14155550101", "ann@a.example")


@pytest.mark.parametrize("given", OLD)
def test_by_the_api(api, manager, survivor, given):
    answer = api(manager).post("/api/v1/leads", {"first_name": "Anne", **given})
    assert (answer.status_code, answer.json()["contact_id"]) == (201, str(survivor.pk))
    assert reached_by(survivor) == OWN and Contact.objects.alive().count() == 1


@pytest.mark.parametrize("given", OLD)
def test_by_a_vendor_who_is_told_of_a_duplicate_by_the_word_that_it_used(survivor, given):
    client = calling(vendor_with_key()[1])
    assert client.post("/api/v1/leads", {"first_name": "Anne", **given}).status_code == 201
    assert Lead.objects.get().contact == survivor
    answer = client.post("/api/v1/leads", {"first_name": "Anne", **given})
    what = "phone number" if "phone" in given else "e-mail address"
    assert answer.json() == {"detail": f"Lead with this {what} already exists", "reason_code": "duplicate"}


@pytest.mark.parametrize(
    ("asked", "what"),
    [
        ({"phone_sha256": sha256_hex(OLD_PHONE)}, "phone number"),
        ({"email_sha256": sha256_hex(OLD_EMAIL)}, "e-mail address"),
        ({"email_sha256": sha256_hex("ann@a.example")}, "e-mail address"),
    ],
)
def test_by_a_ping(manager, survivor, asked, what):
    client = calling(vendor_with_key()[1])
    create_lead({"contact_id": survivor.pk}, by=manager)
    told = client.post("/api/v1/leads/ping", asked).json()
    assert (told["accepted"], told["reason_code"]) == (False, "duplicate")
    assert told["detail"] == f"Lead with this {what} already exists"


@pytest.mark.parametrize("given", OLD)
def test_by_the_form_which_says_so_while_it_is_typed(client, manager, survivor, given):
    client.force_login(manager)
    warned = client.get("/leads/similar/", given, **HTMX).content.decode()
    what = "phone number" if "phone" in given else "e-mail address"
    assert f"<b>{survivor.name}</b> has this {what} already." in warned
    form = {"first_name": "Anne", "priority": "2", "stage": "lead", **given}
    response = client.post("/leads/new/", form)
    assert response.status_code == 302, response.context["form"].errors
    assert Lead.objects.get().contact == survivor and reached_by(survivor) == OWN


@pytest.mark.parametrize("given", OLD)
def test_by_an_import(manager, survivor, given):
    [(column, value)] = given.items()
    content = f"first_name,{column}\nAnne,{value}\n".encode()
    for mode, expected in (("new", (1, 0)), ("fill", (0, 1))):
        file = keep_file(SimpleUploadedFile("l.csv", content), by=manager)
        job = start_import(file, suggest(file.headers), by=manager, mode=mode, at_once=True)
        answer = answer_of(job)
        assert (answer["created_count"], answer["updated_count"]) == expected
    assert Lead.objects.get().contact == survivor and reached_by(survivor) == OWN


# --- two who are known by one submission ---------------------------------------------------------------------------


def test_the_old_phone_counts_before_the_e_mail_of_another_who_is_not_given_it(manager, survivor):
    other = ContactFactory(phone_e164="", email="bo@example.org")
    lead = create_lead({"first_name": "X", "phone": OLD_PHONE, "email": "bo@example.org"}, by=manager)
    assert lead.contact == survivor
    assert (reached_by(survivor), reached_by(other)) == (OWN, ("", "bo@example.org"))
    pair = DuplicatePair.objects.filter(state="open").get()
    assert (pair.first_id, pair.second_id) == ordered(survivor.pk, other.pk)
    created = AuditEntry.objects.get(action="lead.created")
    assert created.data["other_contact_id"] == str(other.pk)


def test_the_old_e_mail_is_not_copied_to_whoever_has_the_phone(manager, survivor):
    other = ContactFactory(phone_e164="+14155550199", email="")
    lead = create_lead({"first_name": "X", "phone": "+14155550199", "email": OLD_EMAIL}, by=manager)
    assert lead.contact == other and reached_by(other) == ("+14155550199", "")
    pair = DuplicatePair.objects.filter(state="open").get()
    assert (pair.first_id, pair.second_id) == ordered(survivor.pk, other.pk)


def test_of_two_old_ones_the_phones_survivor_is_meant(manager, survivor):
    third, fourth = ContactFactory(email="c@example.org"), ContactFactory(email="d@example.org")
    merge_contacts_now(third, fourth, by=manager)
    lead = create_lead({"first_name": "X", "phone": OLD_PHONE, "email": "d@example.org"}, by=manager)
    assert lead.contact == survivor and reached_by(survivor) == OWN
    pair = DuplicatePair.objects.filter(state="open").get()
    assert (pair.first_id, pair.second_id) == ordered(survivor.pk, third.pk)


def test_where_the_survivor_is_gone_the_old_phone_is_nobodys(manager, survivor):
    delete_contact(survivor, by=manager)
    known = ContactFactory(phone_e164="", email="bo@example.org")
    lead = create_lead({"first_name": "Bo", "phone": OLD_PHONE, "email": "bo@example.org"}, by=manager)
    assert lead.contact == known and reached_by(known) == (OLD_PHONE, "bo@example.org")


def test_another_companys_merged_contact_is_unknown(manager, survivor, stranger):
    with company_active(stranger.company_id):
        lead = create_lead({"first_name": "Anne", "phone": OLD_PHONE}, by=stranger)
        assert lead.contact.company_id == stranger.company_id


# --- the search for duplicates ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"phone": OLD_PHONE}, "phone"),
        ({"email": "a.nn+solar@b.example"}, "email"),
    ],
)
@pytest.mark.parametrize("how", ["at once", "by the search"])
def test_a_new_contact_with_the_old_phone_or_e_mail_is_a_pair_with_the_survivor(manager, survivor, fields, reason, how):
    new = create_contact({"first_name": "Nan", **fields}, by=manager)
    if how == "at once":
        assert look_for([new.pk, survivor.pk]) == 1
    else:
        job = start_search(by=manager)
        run_job(job.pk)
        job.refresh_from_db()
        assert job.result == {"found": 1} and job.processed == job.total
    pair = DuplicatePair.objects.filter(state="open").get()
    assert ((pair.first_id, pair.second_id), pair.reasons) == (ordered(survivor.pk, new.pk), [reason])


def test_nobody_is_a_pair_with_itself_nor_with_one_whose_survivor_is_gone(manager, survivor):
    assert (look_for([survivor.pk]), DuplicatePair.objects.filter(state="open").count()) == (0, 0)
    delete_contact(survivor, by=manager)
    new = create_contact({"first_name": "Nan", "phone": OLD_PHONE}, by=manager)
    assert look_for([new.pk]) == 0


@pytest.mark.parametrize("text", [OLD_PHONE, "(415) 555-0102", "5550102", "ANN@b.example", "Anne 4155550102"])
def test_the_lists_find_whoever_stayed_by_the_phone_and_email_of_before(
    api, client, manager, agent, other_agent, survivor, text
):
    lead = create_lead({"contact_id": survivor.pk}, by=manager)
    others = create_lead({"first_name": "Bo", "phone_e164": "+14155559999"}, by=manager)
    Lead.objects.filter(pk=lead.pk).update(agent=agent)
    found = api(manager).get("/api/v1/leads", {"search": text}).json()
    assert [row["id"] for row in found["leads"]] == [str(lead.pk)] and found["total"] == 1
    people = api(manager).get("/api/v1/contacts", {"search": text}).json()["contacts"]
    assert [row["id"] for row in people] == [str(survivor.pk)]
    client.force_login(manager)
    page = client.get("/leads/", {"search": text}).content.decode()
    assert str(lead.pk) in page and str(others.pk) not in page
    assert api(agent.user).get("/api/v1/leads", {"search": text}).json()["total"] == 1
    assert api(other_agent.user).get("/api/v1/leads", {"search": text}).json()["total"] == 0


def test_a_merge_that_is_taken_back_is_forgotten_by_the_search(api, manager, survivor):
    create_lead({"contact_id": survivor.pk}, by=manager)
    job = Job.objects.latest("created_at")
    run_job(undo_job(job, by=manager).pk)
    assert api(manager).get("/api/v1/leads", {"search": OLD_PHONE}).json()["total"] == 0
    [row] = api(manager).get("/api/v1/contacts", {"search": OLD_PHONE}).json()["contacts"]
    assert row["id"] != str(survivor.pk)


def test_another_companys_merges_find_nobody(api, manager, stranger, survivor):
    create_lead({"contact_id": survivor.pk}, by=manager)
    assert api(stranger).get("/api/v1/leads", {"search": OLD_PHONE}).json()["total"] == 0
    assert api(stranger).get("/api/v1/contacts", {"search": OLD_EMAIL}).json()["total"] == 0


@pytest.mark.parametrize(("text", "statements"), [(OLD_PHONE, 2), (OLD_EMAIL, 2), ("ann", 1), ("12", 1)])
def test_only_what_may_be_a_phone_or_an_email_asks_once_more(survivor, django_assert_num_queries, text, statements):
    with django_assert_num_queries(statements):
        ContactFilter({"search": text}, Contact.objects.alive()).checked()
