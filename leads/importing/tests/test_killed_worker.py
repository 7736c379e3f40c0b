"""A worker process killed with SIGKILL in the middle of an import, on PostgreSQL: nothing lost, nothing twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection

from crm.accounts.models import Company, User
from crm.audit.models import AuditEntry
from crm.core.tenancy import company_active
from crm.jobs.models import Job, JobError, JobState
from crm.jobs.running import claim, left_behind, run_job
from leads.importing.actions import keep_file, start_import
from leads.importing.mapping import suggest
from leads.models import Contact, Lead

ROWS, BATCH, LEASE = 600, 50, 3
WORKER = f"""
import sys, time, uuid, django
django.setup()
from crm.core.tenancy import company_active
from crm.jobs import running
from leads.importing import running as importing
running.LEASE_SECONDS, importing.BATCH = {LEASE}, {BATCH}
work = importing.import_batch
def slowly(*args):
    outcome = work(*args)
    time.sleep(0.1)  # written and not committed
    return outcome
importing.import_batch = slowly
with company_active(uuid.UUID(sys.argv[1])):
    running.run_job(uuid.UUID(sys.argv[2]))
"""


def worker(company: Company, job: Job) -> subprocess.Popen[bytes]:
    of = connection.settings_dict
    url = f"postgres://{of['USER']}:{of['PASSWORD']}@{of['HOST']}:{of['PORT']}/{of['NAME']}"
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "TEST_"))},
        "DATABASE_URL": url,
        "MEDIA_ROOT": str(settings.MEDIA_ROOT),
        "DJANGO_SETTINGS_MODULE": "crm.settings",
    }
    return subprocess.Popen([sys.executable, "-c", WORKER, str(company.pk), str(job.pk)], env=environment)


def until(condition: Any, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return False


@pytest.mark.skipif(connection.vendor != "postgresql", reason="needs PostgreSQL")
@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_killed_worker_loses_nothing_and_repeats_nothing(
    company: Company, manager: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leads.importing.running.BATCH", BATCH)
    lines = [f"P{n},{'12' if n % 100 == 99 else f'+1415555{2000 + n}'}" for n in range(ROWS)]
    with company_active(company.pk):
        file = keep_file(SimpleUploadedFile("l.csv", "\n".join(["first_name,phone", *lines]).encode()), by=manager)
        monkeypatch.setattr("crm.jobs.actions.later", lambda *args: None)
        job = start_import(file, suggest(file.headers), by=manager)
        process = worker(company, job)
        try:
            assert until(lambda: Job.objects.get(pk=job.pk).processed >= 3 * BATCH, 60)
            time.sleep(0.05)
        finally:
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
        killed = Job.objects.get(pk=job.pk)
        assert killed.state == JobState.RUNNING and 3 * BATCH <= killed.processed < ROWS
        assert Lead.objects.count() == killed.succeeded, "what the batch had written is gone with the worker"
        assert claim(job.pk) is None, "its lease still holds"
        assert until(lambda: (company.pk, job.pk) in left_behind(), LEASE + 2), "the sweep finds it within the lease"
        run_job(job.pk)
        job.refresh_from_db()
        assert (job.state, job.processed, job.succeeded, job.failed) == (JobState.SUCCEEDED, ROWS, ROWS - 6, 6)
        assert Lead.objects.count() == Contact.objects.count() == ROWS - 6
        assert AuditEntry.objects.filter(action="lead.created").count() == ROWS - 6
        refused = list(JobError.objects.order_by("pk").values_list("row", flat=True))
        assert refused == [n + 2 for n in range(ROWS) if n % 100 == 99]


@pytest.mark.skipif(connection.vendor != "postgresql", reason="needs PostgreSQL")
@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_batch_that_outlasts_its_lease_is_not_taken_from_its_worker(
    company: Company, manager: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its lock on the row speaks for it; another worker does not wait in line for it either."""
    from concurrent.futures import ThreadPoolExecutor

    from django.db import connections, transaction
    from django.utils.timezone import now

    with company_active(company.pk):
        file = keep_file(SimpleUploadedFile("l.csv", b"first_name,phone\nA,+14155552671\n"), by=manager)
        monkeypatch.setattr("crm.jobs.actions.later", lambda *args: None)
        job = start_import(file, suggest(file.headers), by=manager)
        claim(job.pk)
        Job.objects.filter(pk=job.pk).update(leased_until=now())

    def other() -> Any:
        with company_active(company.pk):
            try:
                return claim(job.pk)
            finally:
                connections.close_all()

    with company_active(company.pk), transaction.atomic():
        Job.objects.select_for_update().get(pk=job.pk)  # as the batch holds it
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(other).result(timeout=5) is None
    with company_active(company.pk):
        assert claim(job.pk) is not None
