"""Named selections of timers."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.db.models import F, Q

from agents.models import Agent
from crm.accounts.permissions_table import allows
from crm.core.tenancy import TenantQuerySet
from leads.sla import DUE_SOON

if TYPE_CHECKING:
    from crm.accounts.models import User
    from crm.sla.models import Timer  # noqa: F401

MET = Q(answered_at__lte=F("due_at"))
LATE = Q(ended_at__isnull=True) | Q(ended_at__gt=F("due_at"))  # once the deadline has passed
# The partial index has the same words.
UNJUDGED = Q(breached_at__isnull=True) & LATE


class TimerQuerySet(TenantQuerySet["Timer"]):
    def running(self) -> Self:
        return self.filter(ended_at__isnull=True)

    def overdue(self, at: datetime) -> Self:
        """Past the deadline without a response in time, and not marked yet; also those that ended since, late."""
        return self.filter(UNJUDGED, due_at__lt=at)

    def due_soon(self, at: datetime) -> Self:
        """Running, due within half an hour, and nobody was reminded; once the deadline has passed it is too late."""
        return self.running().filter(reminded_at__isnull=True, due_at__gte=at, due_at__lte=at + DUE_SOON)

    def pressing(self, at: datetime) -> Self:
        """Running, and past the deadline or due within half an hour: what the board shows."""
        return self.running().filter(due_at__lte=at + DUE_SOON)

    def judged_since(self, since: datetime, at: datetime) -> Self:
        """Answered in time, or past the deadline without that: what a rate of met deadlines is a share of."""
        missed = Q(due_at__lt=at) & LATE
        return self.filter((MET & Q(answered_at__gte=since)) | missed, due_at__gte=since)

    def visible_to(self, user: User) -> Self:
        """Admins and managers see all; an agent its own."""
        if allows(user, "leads.view_all"):
            return self
        return self.filter(agent__in=Agent.objects.filter(user=user).order_by().values("pk")[:1])
