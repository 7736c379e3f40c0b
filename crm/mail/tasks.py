"""Sending mail, and taking up what a dead broker or worker left. Nothing is retried by Celery: the row says when."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from celery import shared_task
from django.utils.timezone import now

from crm.core.tasks import later
from crm.core.tenancy import unscoped
from crm.mail.actions import free_abandoned, send_mail
from crm.mail.models import Mail

ON_THE_WAY = timedelta(seconds=10)  # a mail just queued has a task of its own
BATCH = 500


@shared_task(name="mail.send")
def send(pk: str) -> None:
    send_mail(UUID(pk))


@shared_task(name="mail.send_due", cross_company=True)  # type: ignore[call-overload,untyped-decorator]
def send_due() -> None:
    """Which companies have mail that waits, or a claim that nobody answers for? A task for each of them."""
    with unscoped("which companies have mail to be sent"):
        companies = set(Mail.objects.left(now() - ON_THE_WAY).values_list("company_id", flat=True).distinct())
    for pk in companies:
        later("mail.send_left", company=pk)


@shared_task(name="mail.send_left")
def send_left() -> None:
    """One company's: free what a dead worker holds, then send what is due again. Twice at once does no harm."""
    free_abandoned(now())
    for pk in Mail.objects.due(now() - ON_THE_WAY).order_by("due_at").values_list("pk", flat=True)[:BATCH]:
        later("mail.send", pk)
