"""Plays simulated calls while they last; a sweep goes on where a worker died."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from celery import shared_task
from django.utils.timezone import now

from crm.core.tasks import later
from crm.core.tenancy import unscoped
from crm.providers.simulator.models import SimulatedCall
from crm.providers.simulator.play import play as play_call

LEFT = timedelta(seconds=5)  # overdue by more: its own task was lost
KEPT = timedelta(days=1)
BATCH = 500


@shared_task(name="simulator.play")
def play(pk: str) -> None:
    """Comes again by itself when the next step is due, which is seconds away; longer waits are the sweep's."""
    at = now()
    due = play_call(UUID(pk), at)
    if due is not None and due - at < timedelta(minutes=1):
        later("simulator.play", pk, seconds=max(0.05, (due - now()).total_seconds()))


@shared_task(name="simulator.play_left", cross_company=True)
def play_left() -> None:
    with unscoped("which companies have simulated calls that wait, or old ones"):
        waiting = SimulatedCall.objects.filter(due_at__lt=now() - LEFT)
        companies = {*waiting.values_list("company_id", flat=True).distinct()}
    for pk in companies:
        later("simulator.play_company", company=pk)


@shared_task(name="simulator.play_company")
def play_company() -> None:
    left = SimulatedCall.objects.filter(due_at__lt=now() - LEFT).order_by("due_at").values_list("pk", flat=True)
    for pk in left[:BATCH]:
        play_call(pk, now())


@shared_task(name="simulator.purge", cross_company=True)
def purge() -> None:
    """Hourly: calls that are over are nobody's any more."""
    with unscoped("throw away simulated calls that are over"):
        SimulatedCall.objects.filter(due_at__isnull=True, placed_at__lt=now() - KEPT).delete()
