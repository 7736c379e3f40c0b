"""Worker processes killed in the middle of a bulk assignment and of an export: nothing is lost or done twice."""

from __future__ import annotations

import csv
import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.http import QueryDict

from agents.models import Agent
from crm.accounts.models import Company, User
from crm.audit.models import AuditEntry
from crm.core.tenancy import company_active
from crm.jobs.models import Job, JobState
from crm.jobs.running import left_behind, run_job
from crm.lists.engine import read_request
from crm.lists.exporting import start_export
from crm.lists.listings import Reader, listing_of
from leads.bulk_jobs import ASSIGN, BulkWork, start
from leads.models import Assignment, Lead
from leads.tests.factories import LeadFactory

ROWS, BATCH, LEASE = 120, 10, 3
WORKER = f"""
import sys, time, uuid, django
django.setup()
from crm.core.tenancy import company_active
from crm.jobs import kinds, running
from crm.lists import long_export
from leads import bulk_jobs
running.LEASE_SECONDS, bulk_jobs.BATCH, long_export.BATCH_ROWS = {LEASE}, {BATCH}, {BATCH}
kind_of = kinds.kind_of
def slowly(name):
    kind = kind_of(name)
    def run_batch(job):
        batch = kind.run_batch(job)
        time.sleep(0.2)  # written and not committed
        return batch
    return kinds.Kind(kind.name, kind.label, kind.permission, run_batch, kind.finish, between=kind.between)
running.kind_of = slowly
with company_active(uuid.UUID(sys.argv[1])):
    running.run_job(uuid.UUID(sys.argv[2]))
"""
pytestmark = pytest.mark.django_db(transaction=True)


def address() -> str:
    of = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{of['NAME']}"
    return f"postgres://{of['USER']}:{of['PASSWORD']}@{of['HOST']}:{of['PORT']}/{of['NAME']}"


def killed_in_the_middle(company: Company, job: Job) -> Job:
    """The job as a worker left it that was killed while it was writing its fourth batch or a later one."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "TEST_"))},
        "DATABASE_URL": address(),
        "MEDIA_ROOT": str(settings.MEDIA_ROOT),
        "DJANGO_SETTINGS_MODULE": "crm.settings",
    }
    process = subprocess.Popen([sys.executable, "-c", WORKER, str(company.pk), str(job.pk)], env=environment)
    try:
        assert until(lambda: Job.objects.get(pk=job.pk).processed >= 3 * BATCH, 90)
        time.sleep(0.1)
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    left = Job.objects.get(pk=job.pk)
    assert left.state == JobState.RUNNING
    assert 3 * BATCH <= left.processed < ROWS
    assert until(lambda: (company.pk, job.pk) in left_behind(), LEASE + 3), "the sweep finds it within the lease"
    return left


def until(condition: Callable[[], Any], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False


@pytest.fixture
def leads(company: Company, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, settings: Any) -> list[Lead]:
    if connection.vendor == "sqlite" and connection.is_in_memory_db():
        pytest.skip("another process can't see a database in memory")
    settings.MEDIA_ROOT = tmp_path
    monkeypatch.setattr("crm.jobs.actions.later", lambda *args: None)
    monkeypatch.setattr("leads.bulk_jobs.BATCH", BATCH)
    monkeypatch.setattr("crm.lists.long_export.BATCH_ROWS", BATCH)
    with company_active(company.pk):
        return [LeadFactory(source=f"s{n}") for n in range(ROWS)]


def test_a_bulk_assignment_places_each_lead_once(company: Company, manager: User, agent: Agent, leads: Any) -> None:
    with company_active(company.pk):
        Agent.objects.filter(pk=agent.pk).update(max_capacity=ROWS)
        work = BulkWork(ASSIGN, filters={"unassigned": "true"}, strategy="manual", pool=[agent.pk])
        job = start(work, by=manager, total=ROWS)
        left = killed_in_the_middle(company, job)
        assert Lead.objects.filter(agent=agent).count() == left.succeeded, "what the batch had written is gone"
        run_job(job.pk)
        job.refresh_from_db()
        assert (job.state, job.processed, job.succeeded, job.failed) == (JobState.SUCCEEDED, ROWS, ROWS, 0)
        assert job.result["distribution"] == {str(agent.pk): ROWS}
        assert Lead.objects.filter(agent=agent).count() == Assignment.objects.count() == ROWS
        assert AuditEntry.objects.filter(action="lead.assigned").count() == ROWS


def test_an_export_holds_each_row_once(company: Company, manager: User, leads: Any) -> None:
    with company_active(company.pk):
        reader = Reader(manager)
        request = read_request(listing_of("leads"), QueryDict("format=csv&columns=source&ordering=created_at"), reader)
        job = start_export(request, reader, wait=False)
        assert isinstance(job, Job)
        killed_in_the_middle(company, job)
        run_job(job.pk)
        job.refresh_from_db()
        assert (job.state, job.processed, job.succeeded) == (JobState.SUCCEEDED, ROWS, ROWS)
        with job.result_file.open("rb") as file:
            rows = list(csv.DictReader(io.StringIO(file.read().decode("utf-8-sig"))))
    assert [next(iter(row.values())) for row in rows] == [f"s{n}" for n in range(ROWS)]
