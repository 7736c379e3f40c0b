"""A worker process killed with SIGKILL in the middle of an import, on PostgreSQL: nothing lost, nothing twice."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection

from crm.accounts.models import Company, User
from crm.audit.models import AuditEntry
from crm.core.tenancy import company_active
from crm.jobs.models import Job, JobError
from crm.jobs.running import claim
from leads.importing.actions import keep_file, start_import
from leads.importing.mapping import suggest
from leads.models import Contact, Lead
from leads.tests.workers import killed_in_the_middle, need_one_database, taken_up

ROWS = 120


@pytest.mark.skipif(connection.vendor != "postgresql", reason="needs PostgreSQL")
@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_killed_worker_loses_nothing_and_repeats_nothing(
    company: Company, manager: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    need_one_database(monkeypatch)
    lines = [f"P{n},{'12' if n % 20 == 19 else f'+1415555{2000 + n}'}" for n in range(ROWS)]
    with company_active(company.pk):
        file = keep_file(SimpleUploadedFile("l.csv", "\n".join(["first_name,phone", *lines]).encode()), by=manager)
        job = start_import(file, suggest(file.headers), by=manager)
        killed = killed_in_the_middle(company, job)
        assert Lead.objects.count() == killed.succeeded, "what the batch had written is gone with the worker"
        taken_up(company, job)
        assert (job.processed, job.succeeded, job.failed) == (ROWS, ROWS - 6, 6)
        assert Lead.objects.count() == Contact.objects.count() == ROWS - 6
        assert AuditEntry.objects.filter(action="lead.created").count() == ROWS - 6
        refused = list(JobError.objects.order_by("pk").values_list("row", flat=True))
        assert refused == [n + 2 for n in range(ROWS) if n % 20 == 19]


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
