"""A long export as a job: batch by batch, whole after a killed worker, of the rows of one moment."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.core.files.storage import default_storage
from django.db import connection
from pypdf import PdfReader

from agents.models import Agent
from crm.accounts.models import Company, User
from crm.audit.models import AuditEntry
from crm.core.tenancy import company_active
from crm.jobs import running
from crm.jobs.models import Job, JobState
from crm.lists import engine, long_export
from leads.models import Lead
from leads.tests.factories import LeadFactory

URL = "/api/v1/leads/export"


@pytest.fixture(autouse=True)
def small(settings: Any, tmp_path: Path, monkeypatch: Any) -> None:
    """Files of the test's own, and batches of two rows."""
    settings.MEDIA_ROOT = tmp_path
    monkeypatch.setattr(long_export, "BATCH_ROWS", 2)


@pytest.fixture
def leads(company: Company, agent: Agent) -> list[Lead]:
    with company_active(company.pk):
        return [LeadFactory(score=score, agent=agent if score == 5 else None, source="=1") for score in range(7)]


def started(api: Any, user: User, **query: Any) -> Job:
    response = api(user).get(URL, {"async": "true", "columns": "score,source", "ordering": "score", **query})
    assert response.status_code == 202, response.content
    with company_active(user.company_id):
        return Job.objects.get(pk=response.json()["job_id"])


def run(job: Job) -> Job:
    with company_active(job.company_id):
        running.run_job(job.pk)
        job.refresh_from_db()
    return job


def result(api: Any, user: User, job: Job) -> bytes:
    response = api(user).get(f"/api/v1/jobs/{job.pk}/result")
    assert response.status_code == 200, response.content
    return b"".join(response.streaming_content)


def test_a_job_makes_the_file_that_the_stream_would_have_been(api: Any, admin: User, leads: Any) -> None:
    job = run(started(api, admin, min_score=1))
    assert (job.state, job.total, job.processed, job.succeeded, job.failed) == (JobState.SUCCEEDED, 6, 6, 6, 0)
    direct = api(admin).get(URL, {"columns": "score,source", "ordering": "score", "min_score": 1})
    made = result(api, admin, job)
    assert made == b"".join(direct.streaming_content)
    assert [row["score"] for row in csv.DictReader(io.StringIO(made.decode()))] == ["1", "2", "3", "4", "5", "6"]
    assert {path.name for path in Path(default_storage.path(f"jobs/{job.pk}")).iterdir()} == {job.result_name}
    with company_active(admin.company_id):
        entry = AuditEntry.objects.filter(action="list.exported").order_by("pk").first()
    assert entry is not None
    assert (entry.object_id, entry.data["rows"], entry.data["filters"]) == (job.pk, 6, {"min_score": "1"})


def test_workbook_and_pages_are_made_too(api: Any, admin: User, leads: Any) -> None:
    made = result(api, admin, run(started(api, admin, format="xlsx", columns="score,created_at,source")))
    rows = list(openpyxl.load_workbook(io.BytesIO(made)).active.iter_rows(values_only=True))
    assert [row[0] for row in rows] == ["Score", *range(7)]
    assert rows[1][2] == "=1"
    made = result(api, admin, run(started(api, admin, format="pdf", columns="status,stage,priority")))
    page = PdfReader(io.BytesIO(made)).pages[0].extract_text()
    assert "7 rows" in page and "New Lead Normal" in page, "on paper choices go by their names"


@pytest.mark.parametrize("form", ["xlsx", "pdf"])
def test_the_file_is_made_in_no_transaction_and_a_killed_workers_half_is_made_anew(
    api: Any, admin: User, leads: Any, monkeypatch: Any, form: str
) -> None:
    job, outside = started(api, admin, format=form), len(connection.savepoint_ids)
    depths, build = [], long_export.build

    def killed(export: Any, place: Any, user: User) -> None:
        depths.append(len(connection.savepoint_ids))
        if len(depths) == 1:
            place.begun.write_bytes(b"half")
            raise SystemExit("killed")
        build(export, place, user)

    monkeypatch.setattr(long_export, "build", killed)
    with pytest.raises(SystemExit):
        run(job)
    with company_active(job.company_id):
        Job.objects.filter(pk=job.pk).update(leased_until=None)
    made = result(api, admin, run(job))
    assert depths == [outside, outside]
    assert (job.state, job.succeeded) == (JobState.SUCCEEDED, 7)
    assert made.startswith(b"PK" if form == "xlsx" else b"%PDF")
    assert {path.name for path in Path(default_storage.path(f"jobs/{job.pk}")).iterdir()} == {job.result_name}


def test_more_rows_than_one_waits_for_become_a_job(api: Any, admin: User, leads: Any, monkeypatch: Any) -> None:
    monkeypatch.setitem(engine.FORMATS, "csv", engine.Format("csv", "CSV", "text/csv", direct=6))
    client = api(admin)
    assert client.get(URL, {"min_score": 1}).status_code == 200
    assert client.get(URL).status_code == 202
    streamed = client.get(URL, {"async": "false"})
    assert (streamed.status_code, b"".join(streamed.streaming_content).count(b"\r\n")) == (200, 8)
    with company_active(admin.company_id):
        newest = AuditEntry.objects.filter(action="list.exported").order_by("-pk")[0]
    assert (newest.data["rows"], newest.data["or_more"]) == (7, True)  # not counted to the end


def test_a_file_that_can_hold_no_more_is_refused(api: Any, admin: User, leads: Any, monkeypatch: Any) -> None:
    monkeypatch.setitem(engine.FORMATS, "pdf", engine.Format("pdf", "PDF", "application/pdf", direct=2, most=6))
    response = api(admin).get(URL, {"format": "pdf"})
    assert response.status_code == 400
    assert response.json()["detail"] == "A PDF file holds at most 6 rows: narrow the filter, or take CSV"
    with company_active(admin.company_id):
        assert not Job.objects.exists()


def batch(job: Job) -> bool:
    with company_active(job.company_id):
        lease = running.claim(job.pk)
        assert lease is not None
        more = running.run_next(job.pk, lease)
        Job.objects.filter(pk=job.pk).update(leased_until=None)
        return more


def test_a_killed_worker_neither_loses_nor_repeats_a_row(api: Any, admin: User, leads: Any) -> None:
    """It dies after it wrote rows and before their batch was committed: the file is ahead of the cursor."""
    job = started(api, admin)
    assert [batch(job) for _ in range(3)] == [True] * 3
    with (Path(default_storage.path(f"jobs/{job.pk}")) / "rows").open("ab") as file:
        file.write(b"4,half a ro")
    made = result(api, admin, run(job))
    assert [row["score"] for row in csv.DictReader(io.StringIO(made.decode()))] == list("0123456")


def test_a_lost_file_begins_anew(api: Any, admin: User, leads: Any) -> None:
    job = started(api, admin)
    batch(job), batch(job)
    (Path(default_storage.path(f"jobs/{job.pk}")) / "rows").unlink()
    job = run(job)
    assert (job.processed, job.total) == (7, 7)
    assert result(api, admin, job).count(b"\r\n") == 8


def test_rows_of_one_moment_whatever_changes_meanwhile(api: Any, admin: User, leads: Any, company: Company) -> None:
    """A lead whose place in the order changes is neither left out nor there twice; a deleted one is gone."""
    job = started(api, admin)
    batch(job), batch(job)
    with company_active(company.pk):
        Lead.objects.filter(score=6).update(score=0)
        Lead.objects.filter(score=3).update(deleted_at=leads[0].created_at)
        LeadFactory(score=6)
    job = run(job)
    scores = [row["score"] for row in csv.DictReader(io.StringIO(result(api, admin, job).decode()))]
    assert (scores, job.total) == (["0", "1", "2", "4", "5", "0"], 6)


def test_the_file_holds_what_its_user_may_see(api: Any, agent: Agent, leads: Any) -> None:
    job = run(started(api, agent.user))
    assert result(api, agent.user, job) == b"score,source\r\n5,'=1\r\n"


def test_a_user_that_may_no_longer_look_gets_no_file(api: Any, admin: User, leads: Any) -> None:
    job = started(api, admin)
    with company_active(admin.company_id):
        User.objects.filter(pk=admin.pk).update(is_active=False)
    job = run(job)
    assert (job.state, job.message) == (JobState.FAILED, "Your role may not look at this list any more")
    assert not job.result_file


def test_a_strangers_job_and_file_are_out_of_reach(api: Any, admin: User, stranger: User, leads: Any) -> None:
    job = run(started(api, admin))
    assert api(stranger).get(f"/api/v1/jobs/{job.pk}/result").status_code == 403
