"""Named selections of jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.utils.timezone import now

from crm.accounts.permissions_table import allows
from crm.core.tenancy import TenantQuerySet

if TYPE_CHECKING:
    from datetime import timedelta

    from crm.accounts.models import User
    from crm.jobs.models import Job  # noqa: F401

ACTIVE_STATES = ("queued", "running")


class JobQuerySet(TenantQuerySet["Job"]):
    def visible_to(self, user: User) -> Self:
        """Admins and managers see all; an agent those it started."""
        return self if allows(user, "jobs.view_all") else self.filter(user=user)

    def active(self) -> Self:
        return self.filter(state__in=ACTIVE_STATES)

    def started_within(self, span: timedelta) -> Self:
        return self.filter(created_at__gte=now() - span)
