"""Named selections of saved searches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.db.models import Q

from crm.core.tenancy import TenantQuerySet

if TYPE_CHECKING:
    from crm.accounts.models import User
    from crm.lists.models import SavedSearch  # noqa: F401


class SavedSearchQuerySet(TenantQuerySet["SavedSearch"]):
    def of(self, listing: str) -> Self:
        return self.filter(object=listing)

    def visible_to(self, user: User) -> Self:
        """One's own, and what others share."""
        return self.filter(Q(owner=user) | Q(shared=True))

    def as_tabs(self) -> Self:
        return self.order_by("created_at", "pk")
