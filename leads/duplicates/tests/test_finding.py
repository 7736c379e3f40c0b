"""Pairs that may be one person: which are found, how often they are kept, and what it costs."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm.audit.models import AuditEntry
from crm.core.tenancy import company_active
from crm.jobs.models import JobState
from crm.jobs.running import claim, run_job, run_next
from leads.actions import create_contact, create_lead, update_contact
from leads.duplicates.actions import dismiss_pair, reopen_pair, start_search
from leads.duplicates.errors import PairIsDecided, SearchIsRunning
from leads.duplicates.finding import keep_pairs, look_for, ordered
from leads.duplicates.models import DuplicatePair, FoundBy, PairState, Reason
from leads.importing.actions import keep_file, start_import
from leads.importing.mapping import suggest
from leads.models import Contact
from leads.tests.factories import ContactFactory

pytestmark = pytest.mark.usefixtures("in_company")


def pairs() -> list[tuple[set[str], list[str]]]:
    rows = DuplicatePair.objects.select_related("first", "second").order_by("first_id", "second_id")
    return [({row.first.first_name, row.second.first_name}, sorted(row.reasons)) for row in rows]


def search(by: Any) -> Any:
    job = start_search(by=by)
    run_job(job.pk)
    job.refresh_from_db()
    assert job.state == JobState.SUCCEEDED, job.message
    return job


@pytest.mark.parametrize(
    ("one", "other", "reason"),
    [
        ({"email": "ann.lee@gmail.com"}, {"email": "annlee+news@googlemail.com"}, "email"),
        ({"email": "ann.lee@acme.example"}, {"email": "ann.lee+crm@acme.example"}, "email"),
        ({"phone_e164": "+5215512345678"}, {"phone_e164": "+525512345678"}, "phone"),
        ({"phone_e164": "+14155552671"}, {"phone_e164": "+494155552671"}, "phone"),
        (
            {"first_name": "José", "last_name": "Núñez", "organization": "Acme", "email": ""},
            {"first_name": "JOSE", "last_name": "Nunez", "organization": "ACME", "phone_e164": ""},
            "name",
        ),
    ],
)
def test_the_same_person_written_differently_is_found(one, other, reason, manager):
    a, b = ContactFactory(**one), ContactFactory(**other)
    ContactFactory(organization="Acme", last_name="Nunez")
    search(manager)
    pair = DuplicatePair.objects.get()
    assert ((pair.first, pair.second), pair.reasons, pair.state) == ((a, b), [reason], PairState.OPEN)
    assert pair.found_by == FoundBy.SCAN


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"email": "ann@acme.example"}, {"email": "ann@apex.example"}),
        ({"phone_e164": "+14155552671"}, {"phone_e164": "+13155552671"}),
        ({"first_name": "Ann", "organization": "Acme"}, {"first_name": "Ann", "organization": "Apex"}),
        ({"first_name": "Ann", "organization": ""}, {"first_name": "Ann", "organization": ""}),
        ({"email": "", "phone_e164": "+14155552671"}, {"email": "", "phone_e164": "+14155552672"}),
        ({"email": "a.b@x.example"}, {"email": "ab@x.example", "deleted_at": "2026-01-01T00:00Z"}),
    ],
)
def test_different_people_are_not(one, other, manager):
    ContactFactory(**one), ContactFactory(**other)
    job = search(manager)
    assert (DuplicatePair.objects.count(), job.result) == (0, {"found": 0})


def test_a_group_is_one_pair_for_each_contact_too_many(manager):
    rows = [ContactFactory(first_name=f"C{n}", email=f"ann+{n}@x.example") for n in range(4)]
    assert search(manager).result == {"found": 3}
    assert {(row.first_id, row.second_id) for row in DuplicatePair.objects.all()} == {
        (rows[0].pk, other.pk) for other in rows[1:]
    }


def test_a_pair_is_kept_once_with_all_its_reasons(manager):
    ContactFactory(first_name="Ann", organization="Acme", email="ann@x.example")
    ContactFactory(first_name="Ann", organization="Acme", email="a.nn@x.example")
    assert search(manager).result == {"found": 1}
    assert search(manager).result == {"found": 0}
    assert pairs() == [({"Ann"}, ["email", "name"])]


def test_what_was_dismissed_stays_so_whatever_is_found_again(manager):
    a, b = ContactFactory(email="ann@x.example"), ContactFactory(email="a.nn@x.example")
    search(manager)
    pair = dismiss_pair(DuplicatePair.objects.get(), by=manager)
    update_contact(a, {"phone_e164": "+14155552671"}, by=manager)
    update_contact(b, {"phone_e164": "+494155552671"}, by=manager)
    search(manager)
    pair.refresh_from_db()
    assert (pair.state, sorted(pair.reasons), pair.decided_by) == (PairState.DISMISSED, ["email", "phone"], manager)
    entry = AuditEntry.objects.get(action="duplicate.dismissed")
    assert entry.data == {"first_id": str(a.pk), "second_id": str(b.pk)}
    with pytest.raises(PairIsDecided):
        dismiss_pair(pair, by=manager)
    assert reopen_pair(pair, by=manager).state == PairState.OPEN
    with pytest.raises(PairIsDecided):
        reopen_pair(pair, by=manager)


def test_a_second_search_is_refused_while_one_runs(manager):
    job = start_search(by=manager)
    with pytest.raises(SearchIsRunning) as refused:
        start_search(by=manager)
    assert refused.value.extra == {"job_id": str(job.pk)}


def test_a_search_goes_on_where_it_was_killed_and_tells_how_far_it_is(manager, monkeypatch):
    monkeypatch.setattr("leads.duplicates.job_kinds.BATCH", 3)
    for n in range(8):
        ContactFactory(first_name=f"C{n}", email=f"c{n // 2}+{n}@x.example", organization="")
    job = start_search(by=manager)
    assert job.total == 16  # eight by e-mail, eight by phone, none by employer
    lease = claim(job.pk)
    assert run_next(job.pk, lease)
    job.refresh_from_db()
    assert (job.processed, job.cursor) == (4, {"key": "email", "after": "c1@x.example"})  # no half group
    type(job).objects.filter(pk=job.pk).update(leased_until="2026-01-01T00:00Z")
    run_job(job.pk)
    job.refresh_from_db()
    assert (job.state, job.processed, job.result) == (JobState.SUCCEEDED, 16, {"found": 4})
    assert [names for names, _ in pairs()] == [{"C0", "C1"}, {"C2", "C3"}, {"C4", "C5"}, {"C6", "C7"}]


@pytest.mark.parametrize("rows", [1, 30])
def test_it_costs_the_same_for_one_pair_and_for_thirty(manager, rows):
    ids = [ContactFactory(email=f"c{n}{tag}@x.example").pk for n in range(rows) for tag in ("", "+a")]
    with CaptureQueriesContext(connection) as sent:
        assert look_for(ids) == rows
    queries = [q["sql"] for q in sent if not q["sql"].startswith(("SAVEPOINT", "RELEASE"))]
    assert len(queries) == 9, "\n".join(queries)  # keys (and members) of each, the known pairs, two checks, one insert


def test_one_submission_that_names_two_contacts_makes_a_pair_at_once(manager):
    by_phone, by_email = ContactFactory(phone_e164="+14155552671"), ContactFactory(email="x@example.org")
    create_lead({"first_name": "Ann", "phone": "(415) 555-2671", "email": "X@example.org"}, by=manager)
    pair = DuplicatePair.objects.get()
    assert ((pair.first, pair.second), pair.reasons) == ((by_phone, by_email), [Reason.NAMED_TOGETHER])
    assert pair.found_by == FoundBy.CREATION


def test_an_import_keeps_the_pairs_that_its_rows_name(manager):
    ContactFactory(first_name="A", phone_e164="+14155552671"), ContactFactory(first_name="B", email="x@example.org")
    lines = ["first_name,phone,email", "Ann,+14155552671,x@example.org", "Bob,+14155550199,bob@example.org"]
    file = keep_file(SimpleUploadedFile("l.csv", "\n".join(lines).encode()), by=manager)
    run_job(start_import(file, suggest(file.headers), by=manager).pk)
    assert pairs() == [({"A", "B"}, ["named_together"])]
    assert DuplicatePair.objects.get().found_by == FoundBy.IMPORT


def test_new_and_changed_contacts_are_looked_at_once_they_are_there(manager, django_capture_on_commit_callbacks):
    known = ContactFactory(first_name="Known", email="ann@gmail.com")
    with django_capture_on_commit_callbacks(execute=True):
        new = create_contact({"first_name": "New", "email": "a.n.n+x@gmail.com"}, by=manager)
    assert pairs() == [({"Known", "New"}, ["email"])]
    DuplicatePair.objects.all().delete()
    with django_capture_on_commit_callbacks(execute=True):
        update_contact(new, {"title": "Dr"}, by=manager)
    assert pairs() == []
    with django_capture_on_commit_callbacks(execute=True):
        update_contact(known, {"email": "an.n@gmail.com"}, by=manager)
    assert pairs() == [({"Known", "New"}, ["email"])]


def test_another_companys_people_are_no_duplicates(manager, stranger):
    with company_active(stranger.company_id):
        ContactFactory(email="ann@gmail.com")
    contact = ContactFactory(email="a.nn@gmail.com")
    assert (look_for([contact.pk]), search(manager).result) == (0, {"found": 0})


def test_a_pair_found_by_two_at_once_is_one():
    a, b = ContactFactory(), ContactFactory()
    assert [keep_pairs({ordered(b.pk, a.pk): ["name"]}, found_by=FoundBy.SCAN) for _ in range(2)] == [1, 0]
    assert Contact.objects.count() == 2
