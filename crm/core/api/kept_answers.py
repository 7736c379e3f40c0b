"""How long answers to an `Idempotency-Key` are kept, and their end."""

from __future__ import annotations

import datetime as dt

from celery import shared_task
from django.utils.timezone import now

from crm.core.models import IdempotentAnswer
from crm.core.tenancy import unscoped

KEPT = dt.timedelta(hours=24)


@shared_task(name="core.purge_answers", cross_company=True)  # type: ignore[call-overload,untyped-decorator]
def purge() -> int:
    """Delete what is older than a day, in every company at once; how many."""
    with unscoped("throw away old idempotent answers"):
        return IdempotentAnswer.objects.filter(created_at__lt=now() - KEPT).delete()[0]
