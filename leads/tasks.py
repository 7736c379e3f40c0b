"""Periodic work on leads."""

from __future__ import annotations

from celery import shared_task

from crm.core.tasks import later
from crm.core.tenancy import unscoped
from leads.importing.actions import companies_with_old_files, purge_files


@shared_task(name="leads.purge_imports", cross_company=True)
def purge_imports() -> None:
    """Hourly: in each company that has some, throw away uploads that nobody ran."""
    with unscoped("which companies have uploads to throw away"):
        companies = companies_with_old_files()
    for pk in companies:
        later("leads.purge_company_imports", company=pk)


@shared_task(name="leads.purge_company_imports")
def purge_company_imports() -> None:
    purge_files()
