"""Periodic work on notifications."""

from __future__ import annotations

from celery import shared_task
from django.utils.timezone import now

from crm.core.tasks import later
from crm.core.tenancy import unscoped
from crm.notifications.actions import purge_old
from crm.notifications.call_backs import companies_with_call_backs, tell_call_backs
from crm.notifications.models import Notification


@shared_task(name="notifications.purge", cross_company=True)
def purge() -> None:
    """Hourly: which companies have notifications that nobody needs any more? A task for each of them."""
    with unscoped("which companies have old notifications"):
        companies = set(Notification.objects.old(now()).order_by().values_list("company_id", flat=True).distinct())
    for pk in companies:
        later("notifications.purge_company", company=pk)


@shared_task(name="notifications.purge_company")
def purge_company() -> None:
    purge_old(now())


@shared_task(name="notifications.call_backs", cross_company=True)
def call_backs() -> None:
    """Every minute: which companies have call-backs that came due lately? A task for each of them."""
    with unscoped("which companies have call-backs that are due"):
        companies = companies_with_call_backs(now())
    for pk in companies:
        later("notifications.call_backs_of", company=pk)


@shared_task(name="notifications.call_backs_of")
def call_backs_of() -> None:
    tell_call_backs(now())
