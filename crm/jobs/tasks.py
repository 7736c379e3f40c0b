"""Workers' doors to jobs."""

from __future__ import annotations

from uuid import UUID

from celery import shared_task

from crm.core.tasks import later
from crm.core.tenancy import unscoped
from crm.jobs.running import left_behind, run_job


@shared_task(name="jobs.run")
def run(pk: str) -> None:
    """May come twice: the job's lease lets one worker in."""
    run_job(UUID(pk))


@shared_task(name="jobs.take_up", cross_company=True)
def take_up() -> None:
    """Every few seconds: send again what a dead broker swallowed or a killed worker left."""
    with unscoped("which jobs were left behind"):
        waiting = left_behind()
    for company, pk in waiting:
        later("jobs.run", pk, company=company)
