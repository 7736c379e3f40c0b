"""Which known lead a row means: by phone and e-mail, by one of them, or by the id of another system."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from crm.audit.models import AuditEntry
from crm.core.tenancy import company_active
from crm.jobs.actions import undo_job
from leads.importing.actions import keep_file, remembered, start_import
from leads.importing.mapping import problems, suggest
from leads.importing.running import answer_of
from leads.models import Contact, ImportFile, Lead
from leads.tests.factories import ContactFactory, LeadFactory

FIRST = (
    "Record ID,First Name,Phone Number,Email,Amount\n"
    "17,Ann,+14155552671,ann@example.org,100\n"
    "18,Ben,+14155552672,,200\n"
)
LATER = (
    "Record ID,First Name,Phone Number,Email,Amount\n"
    "17,Anna,+14155552679,anna@example.org,150\n"  # another number: the same lead
    "19,Cleo,+14155552673,,300\n"
)


def run(text, by, **options):
    file = keep_file(SimpleUploadedFile("leads.csv", text.encode()), by=by)
    job = start_import(file, suggest(file.headers, rich=True), by=by, at_once=True, **options)
    return answer_of(job), job


BY_ID = {"mode": "update", "match_by": "external_id"}


def test_a_second_import_updates_by_the_other_systems_id_and_makes_what_is_new(in_company, manager):
    run(FIRST, manager, **BY_ID)
    answer, _ = run(LATER, manager, **BY_ID)
    assert (answer["created_count"], answer["updated_count"], answer["errors"]) == (1, 1, [])
    ann = Lead.objects.select_related("contact").get(custom_fields__external_id="17")
    assert (ann.contact.first_name, ann.contact.phone_e164, ann.contact.email) == (
        "Anna",
        "+14155552679",
        "anna@example.org",
    )
    assert ann.deal_value == 150 and "anna" in ann.search_text
    assert Lead.objects.count() == Contact.objects.count() == 3
    changed = AuditEntry.objects.filter(action__in=["lead.updated", "contact.updated"]).values_list(
        "object_id", flat=True
    )
    assert set(changed) == {ann.pk, ann.contact_id}


def test_it_can_be_taken_back(in_company, manager, django_capture_on_commit_callbacks):
    run(FIRST, manager, **BY_ID)
    _, job = run(LATER, manager, **BY_ID)
    with django_capture_on_commit_callbacks(execute=True):
        undo_job(job, by=manager)
    ann = Lead.objects.select_related("contact").get(custom_fields__external_id="17")
    assert (ann.contact.phone_e164, ann.deal_value) == ("+14155552671", 100)
    assert Lead.objects.alive().count() == 2


def test_a_closed_lead_and_one_that_somebody_holds_are_found_by_their_id(in_company, manager, agent):
    run(FIRST, manager, **BY_ID)
    Lead.objects.filter(custom_fields__external_id="17").update(status="done")
    Lead.objects.filter(custom_fields__external_id="18").update(agent=agent)
    answer, _ = run(FIRST.replace("100", "110").replace("200", "210"), manager, **BY_ID)
    assert (answer["created_count"], answer["updated_count"]) == (0, 2)
    assert sorted(Lead.objects.values_list("deal_value", "status")) == [(110, "done"), (210, "new")]
    assert Lead.objects.get(custom_fields__external_id="18").agent == agent


def test_a_deleted_lead_is_not_found(in_company, manager):
    run(FIRST, manager, **BY_ID)
    Lead.objects.update(deleted_at="2026-01-01T00:00Z")
    answer, _ = run(FIRST, manager, **BY_ID)
    assert answer["created_count"] == 2


def test_only_what_is_new_is_taken_where_nothing_is_to_be_updated(in_company, manager):
    run(FIRST, manager, match_by="external_id")
    answer, _ = run(LATER, manager, match_by="external_id")
    assert (answer["created_count"], answer["error_count"]) == (1, 1)
    lead = Lead.objects.get(custom_fields__external_id="17")
    said = {"row": 2, "error": "Lead with this id of the other system already exists", "existing_lead_id": str(lead.pk)}
    assert answer["errors"] == [said]


def test_a_lead_without_an_id_takes_the_rows_and_one_with_another_id_stays(in_company, manager):
    contact = ContactFactory(phone_e164="+14155552671", email="ann@example.org")
    LeadFactory(contact=contact, custom_fields={})
    LeadFactory(contact=ContactFactory(phone_e164="+14155552672", email=""), custom_fields={"external_id": "99"})
    answer, _ = run(FIRST, manager, **BY_ID)
    assert (answer["created_count"], answer["updated_count"]) == (0, 1)
    assert [error["row"] for error in answer["errors"]] == [3]
    assert sorted(lead.custom_fields["external_id"] for lead in Lead.objects.all()) == ["17", "99"]


def test_an_id_that_comes_twice_in_a_file_is_one_lead(in_company, manager):
    text = FIRST + "17,Annie,+14155552675,,120\n"
    answer, _ = run(text, manager, **BY_ID)
    assert (answer["created_count"], answer["updated_count"]) == (2, 1)
    ann = Lead.objects.select_related("contact").get(custom_fields__external_id="17")
    assert (ann.contact.first_name, ann.deal_value) == ("Annie", 120)


@pytest.mark.parametrize(
    ("key", "lacking"),
    [
        ("external_id", "The id of the other system is missing, by which rows are matched"),
        ("phone", "The phone number is missing, by which rows are matched"),
        ("email", "The e-mail address is missing, by which rows are matched"),
    ],
)
def test_a_row_without_its_key_is_refused(in_company, manager, key, lacking):
    columns = {
        "external_id": ",Ann,+14155552671,a@b.example,",
        "phone": "1,Ann,,a@b.example,",
        "email": "1,Ann,+14155552671,,",
    }
    answer, _ = run(FIRST.splitlines()[0] + "\n" + columns[key] + "\n", manager, match_by=key)
    assert answer["errors"] == [{"row": 2, "error": lacking}]


def test_by_phone_alone_the_e_mail_stays_with_whoever_has_it(in_company, manager):
    owner = ContactFactory(first_name="Old", phone_e164="+14155550100", email="ann@example.org")
    answer, _ = run(FIRST, manager, match_by="phone")
    ann = Contact.objects.get(phone_e164="+14155552671")
    assert (ann.first_name, ann.email) == ("Ann", "")
    assert (
        answer["duplicates"][0]["contact_ids"] == [str(owner.pk)] and "not copied" in answer["duplicates"][0]["reason"]
    )


def test_by_e_mail_alone_the_phone_stays_with_whoever_has_it(in_company, manager):
    ContactFactory(phone_e164="+14155552671", email="")
    known = ContactFactory(first_name="Ann", phone_e164="", email="ann@example.org")
    answer, _ = run(FIRST.rsplit("18", 1)[0], manager, match_by="email", mode="update")
    known.refresh_from_db()
    assert (answer["created_count"], known.phone_e164) == (1, "")
    assert "the phone number was not copied" in answer["duplicates"][0]["reason"]


def test_an_update_finds_the_open_lead_whoever_holds_it(in_company, manager, agent):
    contact = ContactFactory(phone_e164="+14155552671", email="")
    held = LeadFactory(contact=contact, agent=agent, deal_value=None)
    answer, _ = run(FIRST, manager, mode="update")
    held.refresh_from_db()
    assert (answer["created_count"], answer["updated_count"], held.deal_value) == (1, 1, 100)


@pytest.mark.parametrize("rows", [2, 60])
def test_looking_for_ids_costs_as_many_statements_for_few_rows_as_for_many(
    in_company, manager, rows, django_assert_num_queries
):
    from leads.importing.engine import import_batch
    from leads.importing.plan import Plan, read

    lines = [[str(n), f"P{n}", f"+1415555{2000 + n}", ""] for n in range(rows)]
    text = "Record ID,First Name,Phone Number,Email\n" + "".join(",".join(line) + "\n" for line in lines)
    run(text, manager, **BY_ID)
    file = keep_file(SimpleUploadedFile("leads.csv", text.encode()), by=manager)
    plan = Plan(file.headers, suggest(file.headers, rich=True), in_company, manager, None, "update", "external_id")
    changed = [(number, [cells[0], f"Q{number}", *cells[2:]]) for number, cells in enumerate(lines, 2)]
    with django_assert_num_queries(12):  # the last ones bring the contacts' calls up to date, in a savepoint
        outcome = import_batch(read(changed, plan.preparer), plan, file)
    assert (outcome.updated, outcome.errors) == (rows, [])


def test_the_api_names_the_key_and_the_column_by_its_name(api, manager):
    def post(query, text=FIRST):
        body = {"file": SimpleUploadedFile("l.csv", text.encode())}
        return api(manager).post(f"/api/v1/leads/csv-import{query}", body, format="multipart")

    assert post("?mode=update&match_by=external_id").json()["created_count"] == 2
    answer = post("?mode=update&match_by=external_id", LATER).json()
    assert (answer["created_count"], answer["updated_count"]) == (1, 1)
    assert post("?match_by=colour").status_code == 422
    refused = post("?match_by=external_id", "first_name,phone\nAnn,+14155552671\n")
    assert refused.status_code == 400 and "Id in the other system" in refused.json()["detail"]
    with company_active(manager.company_id):
        assert Lead.objects.filter(custom_fields__external_id="17").count() == 1
        assert ImportFile.objects.count() == 2


def test_the_page_offers_the_key_and_remembers_it(client, in_company, manager):
    client.force_login(manager)
    here = reverse("leads:import_file", args=[keep_file(SimpleUploadedFile("l.csv", FIRST.encode()), by=manager).pk])
    assert 'name="match_by"' in client.get(here).content.decode()
    fields = ["external_id", "first_name", "phone", "email", "deal_value"]
    chosen = {f"column-{n}": field for n, field in enumerate(fields)} | BY_ID | {"do": "import"}
    lacking = client.post(here, chosen | {"column-0": "custom"})
    assert lacking.status_code == 422 and "matched by Id in the other system" in lacking.content.decode()
    assert client.post(here, chosen).status_code == 302
    assert Lead.objects.filter(custom_fields__external_id="17").exists()
    assert remembered(["Record ID", "First Name", "Phone Number", "Email", "Amount"]).match_by == "external_id"


def test_an_id_column_is_needed_where_rows_are_matched_by_it():
    assert problems({"a": "name", "b": "phone"}, "external_id") == [
        "Rows are to be matched by Id in the other system, and no column is mapped to it."
    ]
    assert problems({"a": "name", "b": "email"}, "email") == []
