"""An import as a job: modes, memory of columns, undo, progress, and what is refused comes back as a file."""

import io
import zipfile
from datetime import datetime

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.urls import reverse
from openpyxl import Workbook

from crm.core import behind
from crm.core.ids import uuid7
from crm.core.tenancy import company_active
from crm.jobs.actions import cancel_job, undo_job
from crm.jobs.models import Job, JobState
from crm.jobs.running import claim, run_job, run_next
from leads.importing import running
from leads.importing.actions import keep_file, key_of, remembered, start_check, start_import
from leads.importing.errors import TooLarge, UnreadableFile
from leads.importing.mapping import suggest
from leads.importing.refused_rows import defused, refused_rows
from leads.importing.running import answer_of
from leads.models import Contact, ImportFile, Lead
from leads.tests.factories import ContactFactory, LeadFactory


def keep(text, by, name="leads.csv"):
    return keep_file(SimpleUploadedFile(name, text if isinstance(text, bytes) else text.encode()), by=by)


def start(text, by, **options):
    file = keep(text, by)
    return start_import(file, suggest(file.headers), by=by, **options)


def people(count, first=0):
    return "first_name,phone\n" + "".join(f"P{n},+1415555{2000 + n}\n" for n in range(first, first + count))


@pytest.fixture
def _small_batches(monkeypatch):
    monkeypatch.setattr("leads.importing.running.BATCH", 10)


@pytest.mark.usefixtures("_small_batches")
def test_a_job_goes_on_where_a_dead_worker_stood(in_company, manager):
    job = start(people(35), manager)
    lease = claim(job.pk)
    assert run_next(job.pk, lease) and run_next(job.pk, lease)
    assert Lead.objects.count() == 20
    Job.objects.filter(pk=job.pk).update(leased_until=job.created_at)
    run_job(job.pk)
    job.refresh_from_db()
    assert (job.state, job.processed, job.succeeded) == (JobState.SUCCEEDED, 35, 35)
    assert Lead.objects.count() == Contact.objects.count() == 35
    file = ImportFile.objects.get()
    assert file.result["success_count"] == 35 and file.finished_at and not file.rows


@pytest.fixture
def read_pieces(monkeypatch):
    """Where each piece began, and whether the one before was being written then."""
    pieces, piece = [], running._piece

    def noted(file, at, plan):
        pieces.append((at, behind.is_writing()))
        return piece(file, at, plan)

    monkeypatch.setattr(running, "_piece", noted)
    return pieces


@pytest.mark.postgres
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite writes nothing behind")
def test_the_next_rows_are_read_once_while_the_last_are_written(in_company, manager, monkeypatch, read_pieces):
    monkeypatch.setattr(running, "BATCH", 60)
    job = start(people(150) + "Again,415-555-2000\n", manager, at_once=True)
    assert (job.succeeded, job.failed, Lead.objects.count()) == (150, 1, 150)
    assert [writing for _, writing in read_pieces] == [False, True, True]
    assert len({at for at, _ in read_pieces}) == 3 and not running._ahead


@pytest.mark.usefixtures("_small_batches")
@pytest.mark.parametrize("place", [0, 999])
def test_what_was_read_ahead_of_another_place_is_read_anew(in_company, manager, place):
    job = start(people(25), manager)
    lease = claim(job.pk)
    run_next(job.pk, lease)
    running._ahead[job.pk] = running.Piece(place, [(2, ["Wrong", "+14155559999"])], None, [])
    while run_next(job.pk, lease):
        pass
    job.refresh_from_db()
    assert (job.processed, job.succeeded, Lead.objects.count()) == (25, 25, 25)


def test_of_few_jobs_something_is_kept_in_memory(in_company, manager):
    for _ in range(20):
        running._keep(uuid7(), running.Piece(0, [], None, []))
    assert len(running._ahead) == running.AHEAD
    running._ahead.clear()


@pytest.mark.usefixtures("_small_batches")
def test_duplicates_are_found_across_the_batches_of_a_job(in_company, manager):
    text = people(15) + "Again,415-555-2000\nOnce more,(415) 555-2014\n"
    job = start(text, manager, at_once=True)
    assert (job.succeeded, job.failed, job.result["duplicate_count"]) == (15, 2, 2)
    assert [error["row"] for error in job.first_errors] == [17, 18]


@pytest.mark.usefixtures("_small_batches")
def test_a_cancelled_import_keeps_what_it_did(in_company, manager):
    job = start(people(35), manager)
    lease = claim(job.pk)
    run_next(job.pk, lease)
    cancel_job(job, by=manager)
    assert not run_next(job.pk, lease)
    assert Lead.objects.count() == 10


@pytest.mark.usefixtures("_small_batches")
def test_an_agent_without_room_gets_no_second_lead_of_a_person_in_a_later_batch(in_company, manager, agent):
    type(agent).objects.filter(pk=agent.pk).update(max_capacity=2)
    job = start(people(12) + "Again,+14155552005\n", manager, agent=agent, at_once=True)
    assert (job.succeeded, job.failed, job.result["warning_count"]) == (12, 1, 10)
    assert Lead.objects.filter(agent=agent).count() == 2


@pytest.mark.usefixtures("_small_batches")
def test_a_check_foresees_the_whole_file_and_may_change_workers(in_company, manager):
    file = keep(people(25) + "Again,+14155552003\n", manager)
    file.mapping = suggest(file.headers)
    file.save()
    job = start_check(file, by=manager)
    lease = claim(job.pk)
    run_next(job.pk, lease)
    from leads.importing import running

    running._looking.clear()  # another worker knows nothing of the first rows
    run_next(job.pk, lease)
    run_next(job.pk, lease)
    job.refresh_from_db()
    assert (job.state, job.succeeded, job.failed, job.result["created"]) == (JobState.SUCCEEDED, 25, 1, 25)
    assert Lead.objects.count() == Contact.objects.count() == 0


OPEN = "first_name,phone,email,source,deal_value,colour\nAda,+14155552671,ada@example.org,Fair,900,green\n"


@pytest.fixture
def known(in_company):
    contact = ContactFactory(first_name="Ada", phone_e164="+14155552671", email="", organization="")
    return LeadFactory(contact=contact, source="Web", deal_value=None, custom_fields={"colour": "red", "size": "L"})


def test_only_new_people_are_taken_by_default(known, manager):
    job = start(OPEN, manager, at_once=True)
    known.refresh_from_db()
    assert (job.succeeded, job.failed, known.source, known.deal_value) == (0, 1, "Web", None)


def test_filling_fills_the_blanks_of_the_open_lead(known, manager):
    job = start(OPEN, manager, mode="fill", at_once=True)
    known.refresh_from_db()
    assert (job.succeeded, job.failed, job.result["updated"]) == (1, 0, 1)
    assert (known.source, known.deal_value, known.custom_fields) == ("Web", 900, {"colour": "red", "size": "L"})
    assert known.contact.email == "ada@example.org" and "ada@example.org" in known.search_text


def test_updating_updates_it_and_undo_puts_it_back(known, manager, django_capture_on_commit_callbacks):
    text = OPEN.replace("Ada,", "Adele,") + "Ben,+14155552672,,Fair,,\n"
    job = start(text, manager, mode="update", at_once=True)
    known.refresh_from_db()
    assert (job.result["updated"], job.result["created"]) == (1, 1)
    assert (known.source, known.custom_fields["colour"], known.contact.first_name) == ("Fair", "green", "Adele")
    Lead.objects.filter(pk=known.pk).update(source="Changed since")
    with django_capture_on_commit_callbacks(execute=True):
        undo = undo_job(job, by=manager)
    undo.refresh_from_db()
    known = Lead.objects.select_related("contact").get(pk=known.pk)
    assert (known.source, known.deal_value, known.contact.first_name) == ("Changed since", None, "Ada")
    assert Lead.objects.alive().count() == 1 and Contact.objects.alive().count() == 1
    job.refresh_from_db()
    assert job.state == JobState.UNDONE and undo.failed == 1
    assert undo.processed == undo.total == 4  # two leads and their people


def test_the_choice_of_columns_is_remembered_for_the_next_such_file(client, in_company, manager):
    client.force_login(manager)
    text = "Who,Call them on,Note\nAnn,+14155552671,x\n"
    here = reverse("leads:import_file", args=[keep(text, manager).pk])
    chosen = {"column-0": "first_name", "column-1": "phone", "column-2": "skip", "mode": "fill", "do": "import"}
    assert client.post(here, chosen).status_code == 302
    assert remembered(["note", "WHO", "call them on"]).mode == "fill"
    assert key_of(["a", "b"]) != key_of(["a", "c"])
    again = keep("Note,Who,Call them on\nx,Ben,+14155552672\n", manager)
    page = client.get(reverse("leads:import_file", args=[again.pk])).content.decode()
    assert "as you chose last" in page and "Import 1 leads" in page


def test_refused_rows_come_back_defused_and_can_be_sent_again(in_company, manager):
    text = 'first_name,phone,notes\n=cmd(),555,"-2+3"\nAnn,+14155552671,@x\nBen,12,ok\n'
    job = start(text, manager, at_once=True)
    content = b"".join(refused_rows(job).chunks).decode("utf-8-sig")
    assert content.splitlines()[1] == "'=cmd(),555,'-2+3,2,Invalid phone number format: 555"
    mended = content.replace("555", "+14155552672").replace(",12,", ",+14155552673,")
    again = keep(mended, manager)
    answer = answer_of(start_import(again, suggest(again.headers), by=manager, at_once=True))
    assert answer["success_count"] == 2
    lead = Lead.objects.select_related("contact").get(contact__phone_e164="+14155552672")
    assert lead.contact.first_name == "=cmd()" and lead.custom_fields == {"notes": "-2+3"}
    assert defused("+14155552671") == "+14155552671" and defused("+1+2") == "'+1+2"


def workbook(rows, extra=None):
    book = Workbook()
    for row in rows:
        book.active.append(row)
    if extra:
        extra(book)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_a_spreadsheet_by_any_name_is_read_with_its_dates_and_numbers(in_company, manager):
    content = workbook(
        [
            ["First name", "Phone", "Appointment", "Amount", "Seen", "Gap", "Sure"],
            ["Ann", 14155552671, datetime(2026, 6, 1, 12, 30), 1500.5, "ü & <x>", None, True],
            [],
            ["Ben", "4.4207183875E+11", None, None, None, "g"],
        ]
    )
    file = keep(content, manager, "leads.csv")
    assert (file.total, file.headers[:2]) == (2, ["First name", "Phone"])
    answer = answer_of(start_import(file, suggest(file.headers), by=manager, at_once=True))
    assert answer["errors"] == [] and answer["success_count"] == 2
    ann, ben = Lead.objects.select_related("contact").order_by("contact__first_name")
    assert (ann.contact.phone_e164, ann.deal_value) == ("+14155552671", 1500.5)
    assert ann.schedule_at.isoformat().startswith("2026-06-01T")
    assert ann.custom_fields == {
        "Seen": "ü & <x>",
        "Sure": "true",
    }
    assert (ben.contact.phone_e164, ben.custom_fields) == ("+442071838750", {"Gap": "g"})


def bomb(size):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b" " * size)
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "refusal", "words"),
    [
        (bomb(30_000_000), TooLarge, "two hundred times"),
        (bomb(10), UnreadableFile, "damaged"),
        (b"first_name,phone\n", UnreadableFile, "no rows"),
        (b"", UnreadableFile, "empty"),
        ("first_name,phone\nA,\ud83d\n".encode("utf-16", "surrogatepass")[:-3], UnreadableFile, "UTF-16"),
    ],
)
def test_a_file_that_is_none_leaves_nothing_behind(in_company, manager, content, refusal, words):
    with pytest.raises(refusal, match=words):
        keep(content, manager)
    assert not ImportFile.objects.exists()


def test_a_file_above_the_limit_is_refused(in_company, manager, settings):
    settings.IMPORT_MAX_BYTES = 10
    with pytest.raises(TooLarge, match="larger"):
        keep(people(3), manager)


def test_the_page_of_a_running_import_shows_its_bar(client, in_company, manager, settings, monkeypatch):
    monkeypatch.setattr("leads.importing.running.BATCH", 10)
    settings.IMPORT_MAX_ROWS_IN_REQUEST = 5
    client.force_login(manager)
    here = reverse("leads:import_file", args=[keep(people(20), manager).pk])
    client.post(here, {"column-0": "first_name", "column-1": "phone", "do": "import"})
    job = Job.objects.get()
    run_next(job.pk, claim(job.pk))
    page = client.get(here).content.decode()
    assert 'value="50"' in page and "every 2s" in page and "10 of 20" in page
    Job.objects.update(leased_until=job.created_at)
    run_job(job.pk)
    asked = client.get(reverse("jobs:detail", args=[job.pk]), headers={"HX-Request": "true"})
    assert asked.headers["HX-Refresh"] == "true"
    assert "Share out the new leads" in client.get(here).content.decode()


@pytest.mark.usefixtures("_small_batches")
def test_similar_warnings_and_duplicates_are_told_together_with_their_count(client, api, in_company, manager, agent):
    type(agent).objects.filter(pk=agent.pk).update(max_capacity=2)
    text = people(35) + "".join(f"Again,+1415555{2000 + n}\n" for n in range(13))
    job = start(text, manager, agent=agent, at_once=True)
    result = api(manager).get(f"/api/v1/jobs/{job.pk}").json()["result"]
    assert (result["created"], result["warning_count"], result["duplicate_count"]) == (35, 33, 13)
    [warning], [duplicate] = result["warnings"], result["duplicates"]
    assert warning["warning"].startswith("Created without an agent:") and warning["count"] == 33
    assert warning["rows"] == [*range(4, 14)]
    assert duplicate == {
        "reason": "Lead with this phone number already exists for this agent",
        "count": 13,
        "rows": [*range(37, 47)],
    }
    client.force_login(manager)
    page = client.get(reverse("leads:import_file", args=[job.params["file_id"]])).content.decode()
    assert "rows 4, 5, 6, 7, 8, 9, 10, 11, 12, 13 and further on" in page and ">33<" in page


def test_what_is_said_in_very_many_ways_is_counted_under_one_name():
    from leads.importing.preparing import RowError
    from leads.importing.running import MOST_GROUPS, grouped

    groups = grouped(grouped([], [RowError(1, "first")]), [RowError(n, f"reason {n}") for n in range(2, 200)])
    assert len(groups) == MOST_GROUPS + 1 and sum(group["count"] for group in groups) == 199
    assert groups[-1]["message"] == "Other reasons"


def test_a_file_answered_at_once_names_each_row(in_company, manager, agent):
    type(agent).objects.filter(pk=agent.pk).update(max_capacity=2)
    answer = answer_of(start(people(300), manager, agent=agent, at_once=True))
    assert [warning["row"] for warning in answer["warnings"]] == [*range(4, 302)]


def test_the_progress_on_the_imports_own_page_links_to_no_other(client, manager):
    with company_active(manager.company_id):
        job = start("first_name,phone\nAda,+14155552671\n", manager)
        Job.objects.update(succeeded=1, state="running")
    here, its_own = reverse("jobs:detail", args=[job.pk]), reverse("leads:import_file", args=[job.params["file_id"]])
    client.force_login(manager)
    asked_from = {its_own: False, here: True}
    for page, links in asked_from.items():
        part = client.get(here, headers={"HX-Request": "true", "HX-Current-URL": f"http://testserver{page}"}).content
        assert (b"Show them" in part) == links
