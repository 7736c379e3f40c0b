"""Deadlines come near and pass by themselves. A tick may come late or twice: what is due stands in the rows."""

from __future__ import annotations

from celery import shared_task
from django.utils.timezone import now

from crm.core.tasks import later
from crm.core.tenancy import unscoped
from crm.sla.actions import mark_overdue, remind_due_soon
from crm.sla.models import Timer


@shared_task(name="sla.tick", cross_company=True)
def tick() -> None:
    """Every few minutes: which companies have a clock that somebody must hear of? A task for each of them."""
    at = now()
    with unscoped("which companies have clocks that are due"):
        due = (Timer.objects.overdue(at), Timer.objects.due_soon(at))
        companies = {pk for timers in due for pk in timers.order_by().values_list("company_id", flat=True).distinct()}
    for pk in companies:
        later("sla.watch", company=pk)


@shared_task(name="sla.watch")
def watch() -> None:
    """One company's: breaches first, so that nobody is reminded of a deadline that has passed."""
    at = now()
    mark_overdue(at)
    remind_due_soon(at)
