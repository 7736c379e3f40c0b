"""Named selections of mails."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Self

from django.db.models import Q

from crm.core.tenancy import TenantQuerySet

if TYPE_CHECKING:
    from crm.mail.models import Mail  # noqa: F401

WAITING = ("queued", "sending")  # the partial index has the same words
CLAIM_LASTS = timedelta(minutes=2)


class MailQuerySet(TenantQuerySet["Mail"]):
    def due(self, at: datetime) -> Self:
        """May be tried now."""
        return self.filter(state="queued", due_at__lte=at)

    def abandoned(self, at: datetime) -> Self:
        """Claimed by a worker that never told what came of it."""
        return self.filter(state="sending", claimed_at__lt=at - CLAIM_LASTS)

    def left(self, at: datetime) -> Self:
        """What the sweep takes up. A claim is never younger than its due moment, so that the index on it serves."""
        return self.filter(Q(state="queued") | Q(claimed_at__lt=at - CLAIM_LASTS), state__in=WAITING, due_at__lte=at)
