"""Periodic work on vendors."""

from __future__ import annotations

from celery import shared_task
from django.utils.timezone import now

from crm.core.tasks import later
from crm.core.tenancy import unscoped
from crm.vendors.models import Reservation
from crm.vendors.reservations import purge_over


@shared_task(name="vendors.purge_reservations", cross_company=True)
def purge_reservations() -> None:
    """Hourly: hashes of people whom nobody posted are not kept."""
    with unscoped("which companies have reservations that are over"):
        companies = list(
            Reservation.objects.filter(expires_at__lt=now()).order_by().values_list("company_id", flat=True).distinct()
        )
    for pk in companies:
        later("vendors.purge_company_reservations", company=pk)


@shared_task(name="vendors.purge_company_reservations")
def purge_company_reservations() -> None:
    purge_over()
