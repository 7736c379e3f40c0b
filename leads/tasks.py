"""Periodic work on leads, and what follows from a change of them."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from celery import shared_task
from django.utils.timezone import now

from crm.core.tasks import later
from crm.core.tenancy import unscoped
from leads.duplicates.finding import look_for
from leads.importing.actions import companies_with_old_files, purge_files
from leads.routing import accepting
from leads.routing.accepting import companies_with_due


@shared_task(name="leads.purge_imports", cross_company=True)
def purge_imports() -> None:
    """Hourly: in each company that has some, throw away uploads that nobody ran."""
    with unscoped("which companies have uploads to throw away"):
        companies = companies_with_old_files()
    for pk in companies:
        later("leads.purge_company_imports", company=pk)


@shared_task(name="leads.return_untouched", cross_company=True)
def return_untouched() -> None:
    """Every half minute: in each company that has some, take back leads that nobody touched within the accept time."""
    with unscoped("which companies have leads that nobody has touched in time"):
        companies = companies_with_due(now())
    for pk in companies:
        later("leads.return_company_untouched", company=pk)


@shared_task(name="leads.return_company_untouched")
def return_company_untouched() -> None:
    accepting.return_untouched()


@shared_task(name="leads.purge_company_imports")
def purge_company_imports() -> None:
    purge_files()


@shared_task(name="leads.look_for_duplicates")
def look_for_duplicates(contact_ids: Sequence[str]) -> None:
    """May come twice, and may be lost: a search through all contacts finds the same pairs."""
    look_for([UUID(pk) for pk in contact_ids])
