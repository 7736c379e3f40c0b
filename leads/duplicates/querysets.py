"""Named selections of pairs."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Self
from uuid import UUID

from django.db.models import Q

from crm.core.tenancy import TenantQuerySet

if TYPE_CHECKING:
    from leads.duplicates.models import DuplicatePair  # noqa: F401


class PairQuerySet(TenantQuerySet["DuplicatePair"]):
    def open(self) -> Self:
        """To be decided, and both are there."""
        return self.filter(state="open").standing()

    def standing(self) -> Self:
        """Neither has been deleted; of those that were merged one always has."""
        return self.filter(Q(first__deleted_at__isnull=True, second__deleted_at__isnull=True) | Q(state="merged"))

    def of(self, contacts: Collection[UUID]) -> Self:
        return self.filter(Q(first__in=contacts) | Q(second__in=contacts))
