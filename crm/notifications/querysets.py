"""Named selections of notifications."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Self

from crm.core.tenancy import TenantQuerySet

if TYPE_CHECKING:
    from crm.accounts.models import User
    from crm.notifications.models import Notification  # noqa: F401

KEPT_READ = timedelta(days=30)
KEPT = timedelta(days=180)  # read or not


class NotificationQuerySet(TenantQuerySet["Notification"]):
    def visible_to(self, user: User) -> Self:
        """Everybody's own, and nobody else's."""
        return self.filter(user=user)

    def unread(self) -> Self:
        return self.filter(read_at__isnull=True)

    def old(self, at: datetime) -> Self:
        """Read a month ago, or lying there for half a year."""
        return self.filter(created_at__lt=at - KEPT) | self.filter(read_at__lt=at - KEPT_READ)
