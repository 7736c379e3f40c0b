from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.utils.timezone import now

from crm.accounts.models import DuplicatePolicy
from crm.audit.models import AuditEntry
from leads.importing.actions import foresee_file, keep_file, start_import
from leads.importing.errors import AlreadyImported
from leads.importing.mapping import suggest
from leads.importing.running import answer_of
from leads.models import Contact, ImportFile, Lead, Priority
from leads.tasks import purge_imports
from leads.tests.factories import ContactFactory, LeadFactory

SHARED = Path(__file__).resolve().parents[4] / "shared" / "data"


def keep(text, by, name="leads.csv"):
    return keep_file(SimpleUploadedFile(name, text if isinstance(text, bytes) else text.encode()), by=by)


def run(text, by, agent=None, mode="new", name="leads.csv"):
    """The answer of the API once the import has run."""
    file = keep(text, by, name)
    return answer_of(start_import(file, suggest(file.headers), by=by, agent=agent, mode=mode, at_once=True))


S3 = """first_name,phone,company,position,notes,schedule_at
John,+14155552671,Acme Corp,Manager,Interested in premium,2025-06-24T14:00:00Z
Jane,415-555-2672,TechCo,Director,Follow up next week,
Bob,(415) 555-invalid,StartupInc,CEO,High priority,
"""


def test_the_documented_file_gives_the_documented_answer(in_company, manager):
    outcome = run(S3, manager)
    assert {key: outcome[key] for key in ("success_count", "error_count", "total_processed")} == {
        "success_count": 2,
        "error_count": 1,
        "total_processed": 3,
    }
    assert outcome["errors"] == [{"row": 4, "error": "Invalid phone number format: (415) 555-invalid"}]
    lead = Lead.objects.get(contact__first_name="John")
    assert lead.custom_fields == {"company": "Acme Corp", "position": "Manager", "notes": "Interested in premium"}
    assert lead.schedule_at.isoformat() == "2025-06-24T14:00:00+00:00" and lead.created_by == manager
    assert set(AuditEntry.objects.values_list("action", flat=True)) == {
        "contact.created",
        "lead.created",
        "leads.imported",
        "job.started",
        "job.finished",
    }


def test_a_matched_contact_is_filled_and_not_renamed(in_company, manager):
    old = ContactFactory(first_name="Ada", last_name="Byron", phone_e164="+14155552671", email="", organization="")
    held = LeadFactory(contact=old, status="done")
    run("first_name,phone,email\nEve,+14155552671,Ada@Example.org\n", manager)
    old.refresh_from_db()
    held.refresh_from_db()
    assert (old.first_name, old.email) == ("Ada", "ada@example.org")
    assert "ada@example.org" in held.search_text and old.leads.count() == 2


def test_a_repeated_phone_is_one_lead_and_a_named_error(in_company, manager):
    outcome = run("first_name,phone\nAnn,+14155552671\nBen,415-555-2671\n", manager)
    assert (outcome["success_count"], outcome["error_count"], Contact.objects.count()) == (1, 1, 1)
    error = outcome["errors"][0]
    assert error["row"] == 3 and error["existing_lead_id"] == str(Lead.objects.get().pk)
    assert [d["row"] for d in outcome["duplicates"]] == [3]


def test_a_duplicate_is_told_by_what_it_was_known(in_company, manager):
    rows = (
        "Ann,+14155552671,ann@example.org",
        "Ben,415-555-2671,",
        "Cy,+14155552672,ANN@example.org",
        "Di,,ann@example.org",
    )
    outcome = run("first_name,phone,email\n" + "\n".join(rows) + "\n", manager)
    assert [(error["row"], error["error"]) for error in outcome["errors"]] == [
        (3, "Lead with this phone number already exists"),
        (4, "Lead with this e-mail address already exists"),
        (5, "Lead with this e-mail address already exists"),
    ]


def test_duplicates_are_found_across_batches_and_imports(in_company, manager, monkeypatch):
    monkeypatch.setattr("leads.importing.engine.BATCH", 2)
    text = "first_name,phone\n" + "".join(f"P{n},+1415555{2000 + n % 5}\n" for n in range(9))
    monkeypatch.setattr("leads.importing.running.BATCH", 2)
    assert run(text, manager)["success_count"] == 5
    assert run(text, manager)["success_count"] == 0


def test_a_file_is_brought_in_once(in_company, manager):
    file = keep(S3, manager)
    start_import(file, suggest(file.headers), by=manager, at_once=True)
    with pytest.raises(AlreadyImported):
        start_import(file, suggest(file.headers), by=manager)


def test_a_company_may_flag_duplicates_instead(in_company, manager):
    in_company.duplicate_policy = DuplicatePolicy.FLAG
    in_company.save()
    assert run("first_name,phone\nAnn,+14155552671\nBen,+14155552671\n", manager)["success_count"] == 2
    assert Lead.objects.filter(is_duplicate=True).count() == 1


def test_phone_of_one_and_email_of_another_uses_the_phones(in_company, manager):
    one = ContactFactory(phone_e164="+14155552671", email="one@example.org")
    two = ContactFactory(phone_e164="+14155552672", email="two@example.org")
    outcome = run("first_name,phone,email\nX,+14155552671,two@example.org\n", manager)
    assert Lead.objects.get().contact == one
    assert outcome["duplicates"][0]["contact_ids"] == [str(one.pk), str(two.pk)]
    one.refresh_from_db()
    assert one.email == "one@example.org"


def test_what_an_agent_has_no_room_for_is_created_unassigned(in_company, manager, agent):
    type(agent).objects.filter(pk=agent.pk).update(max_capacity=2)
    text = "first_name,phone\n" + "".join(f"P{n},+1415555200{n}\n" for n in range(4))
    outcome = run(text, manager, agent=agent)
    assert (outcome["success_count"], outcome["error_count"]) == (4, 0)
    assert [w["row"] for w in outcome["warnings"]] == [4, 5]
    assert Lead.objects.filter(agent=agent).count() == 2 and Lead.objects.filter(agent=None).count() == 2


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (",+14155552671,,", "The first name is missing"),
        ("Ann,,,", "The phone number and the e-mail address are both missing"),
        ("Ann,+14155552671,soon,", "Not a date and time: soon"),
        ("Ann,+14155552671,1 Jan 2190,", "The call is more than ten years ahead: 1 Jan 2190"),
        ("Ann,+14155552671,,highest", "Priority must be one of low, normal, high, urgent: highest"),
        ("Ann,+14155552671,,high,extra", "The row has 5 cells, the header 4"),
    ],
)
def test_a_bad_row_is_named_and_the_others_go_through(in_company, manager, line, sentence):
    text = f"first_name,phone,schedule_at,priority\n{line}\nBen,+14155552679,,urgent\n"
    outcome = run(text, manager)
    assert outcome["errors"] == [{"row": 2, "error": sentence}]
    assert Lead.objects.get().priority == Priority.URGENT


def test_foreseeing_says_the_same_and_writes_nothing(in_company, manager, monkeypatch):
    monkeypatch.setattr("leads.importing.engine.BATCH", 2)
    ContactFactory(phone_e164="+14155552671")
    text = S3 + "Jo,415-555-2672,,,,\nKim,+14155552671,,,,\n"
    file = keep(text, manager)
    foreseen = foresee_file(file, suggest(file.headers), by=manager).as_json()
    assert (Lead.objects.count(), Contact.objects.count(), AuditEntry.objects.count()) == (0, 1, 0)
    done = run(text, manager)
    counts = [(o["success_count"], o["new_contacts"], [e["row"] for e in o["errors"]]) for o in (foreseen, done)]
    assert counts[0] == counts[1] == (2, 1, [4, 5, 6])


@pytest.mark.parametrize("rows", [40, 400])
def test_statements_do_not_grow_with_rows(in_company, manager, rows, django_assert_max_num_queries):
    text = "first_name,phone\n" + "".join(f"P{n},+1415555{2000 + n}\n" for n in range(rows))
    file = keep(text, manager)
    limit = 60 if connection.vendor == "postgresql" else 100  # SQLite parts inserts by its parameter limit
    with django_assert_max_num_queries(limit):
        start_import(file, suggest(file.headers), by=manager, at_once=True)


@pytest.mark.parametrize("name", ["plain.csv", "excel-de.csv", "hubspot.csv"])
def test_files_as_people_send_them_go_through(in_company, manager, name):
    if not (SHARED / name).exists():
        pytest.skip("the sample files are not beside the project")
    outcome = run((SHARED / name).read_bytes(), manager, name=name)
    assert outcome["total_processed"] == outcome["success_count"] + outcome["error_count"] == 3000
    assert outcome["success_count"] > 2800
    assert not [e for e in outcome["errors"] if "phone number" not in e["error"].lower()]


def test_uploads_that_nobody_ran_are_thrown_away_after_a_day(in_company, manager, django_capture_on_commit_callbacks):
    old, new = keep(S3, manager, "old.csv"), keep(S3, manager, "new.csv")
    ImportFile.objects.filter(pk=old.pk).update(created_at=now() - timedelta(days=2))
    with django_capture_on_commit_callbacks(execute=True):
        purge_imports.apply()
    assert set(ImportFile.objects.all()) == {new} and not old.rows.storage.exists(old.rows.name)
