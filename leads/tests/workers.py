"""Worker processes that tests start, meet in the middle of a job, and stop or kill there."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from django.conf import settings
from django.db import connection

from crm.accounts.models import Company
from crm.jobs.models import Job, JobState
from crm.jobs.running import claim, left_behind, run_job

BATCH, LEASE = 10, 3  # objects in one transaction; seconds after which a worker is taken for dead
BATCHES = (
    "leads.bulk_jobs.BATCH",
    "leads.undo.BATCH",
    "leads.importing.running.BATCH",
    "crm.lists.long_export.BATCH_ROWS",
)
WORKER = f"""
import dataclasses, sys, time, uuid, django
django.setup()
from importlib import import_module
from crm.core.tenancy import company_active
from crm.jobs import kinds, running
running.LEASE_SECONDS = {LEASE}
for place in {BATCHES}:
    module, _, name = place.rpartition(".")
    setattr(import_module(module), name, {BATCH})
kind_of = kinds.kind_of
def slowly(name):
    kind = kind_of(name)
    def run_batch(job):
        batch = kind.run_batch(job)
        time.sleep(0.15)  # written and not committed
        return batch
    return dataclasses.replace(kind, run_batch=run_batch)
running.kind_of = slowly
with company_active(uuid.UUID(sys.argv[1])):
    running.run_job(uuid.UUID(sys.argv[2]))
"""
Process = subprocess.Popen[bytes]


def need_one_database(monkeypatch: pytest.MonkeyPatch) -> None:
    """That another process sees too; nothing is sent to workers but by the test, and batches are as small as theirs."""
    if connection.vendor == "sqlite" and connection.is_in_memory_db():
        pytest.skip("another process can't see a database in memory")
    monkeypatch.setattr("crm.jobs.actions.later", lambda *args: None)
    for place in BATCHES:
        monkeypatch.setattr(place, BATCH)


def met_in_the_middle(company: Company, job: Job) -> Process:
    """A worker process that has done three batches of the job and is writing a further one."""
    command = [sys.executable, "-c", WORKER, str(company.pk), str(job.pk)]
    process = subprocess.Popen(command, env=environment())
    if not until(lambda: Job.objects.get(pk=job.pk).processed >= 3 * BATCH, 90):
        end(process)
        pytest.fail("the worker did not come so far")
    time.sleep(0.05)
    return process


def killed_in_the_middle(company: Company, job: Job) -> Job:
    """The job as a worker left it that was killed with SIGKILL while it was writing its fourth batch or a later one."""
    end(met_in_the_middle(company, job))
    killed = Job.objects.get(pk=job.pk)
    assert killed.state == JobState.RUNNING
    assert 3 * BATCH <= killed.processed < (killed.total or 0)
    return killed


def taken_up(company: Company, job: Job) -> Job:
    """By the sweep once the dead worker's lease is over, and done to its end."""
    assert claim(job.pk) is None, "its lease still holds"
    assert until(lambda: (company.pk, job.pk) in left_behind(), LEASE + 3), "the sweep finds it within the lease"
    run_job(job.pk)
    job.refresh_from_db()
    assert job.state == JobState.SUCCEEDED, job.message
    return job


def end(process: Process) -> None:
    with suppress(ProcessLookupError):
        os.kill(process.pid, signal.SIGKILL)
    process.wait()


def until(condition: Callable[[], Any], seconds: float) -> bool:
    over = time.monotonic() + seconds
    while time.monotonic() < over:
        if condition():
            return True
        time.sleep(0.02)
    return False


def environment() -> dict[str, str]:
    of = connection.settings_dict
    address = (
        f"sqlite:///{of['NAME']}"
        if connection.vendor == "sqlite"
        else f"postgres://{of['USER']}:{of['PASSWORD']}@{of['HOST']}:{of['PORT']}/{of['NAME']}"
    )
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "TEST_"))}
    own = {"DATABASE_URL": address, "MEDIA_ROOT": str(settings.MEDIA_ROOT), "DJANGO_SETTINGS_MODULE": "crm.settings"}
    return kept | own
