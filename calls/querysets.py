"""Named selections of calls."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.db.models import Q, Subquery

from agents.models import Agent
from crm.accounts.permissions_table import allows
from crm.core.tenancy import TenantQuerySet

if TYPE_CHECKING:
    from calls.models import Call  # noqa: F401
    from crm.accounts.models import User

ACTIVE_STATUSES = ("queued", "ringing", "in_progress")
IS_ACTIVE = Q(status__in=ACTIVE_STATUSES)
DIALLED = Q(is_manual=False, direction="outbound")  # by the product itself


class CallQuerySet(TenantQuerySet["Call"]):
    def active(self) -> Self:
        """Waiting to be dialled, ringing or talking: each takes one of its agent's lines."""
        return self.filter(IS_ACTIVE)

    def left(self, at: datetime) -> Self:
        """Those that need a look: never taken up, or a worker or the provider has not been heard of in time."""
        return self.active().filter(look_at__lte=at)

    def with_names(self) -> Self:
        """Contact and agent at hand, as lists and the API show them."""
        return self.select_related("contact", "agent")

    def visible_to(self, user: User) -> Self:
        """Admins and managers see all; an agent its own, those of leads that it holds, and those it logged."""
        if allows(user, "leads.view_all"):
            return self
        own = Subquery(Agent.objects.filter(user=user).values("pk")[:1])
        return self.filter(Q(agent=own) | Q(lead__agent=own) | Q(created_by=user))
