"""Named selections of vendors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.apps import apps
from django.db.models import OuterRef, Q, Subquery

from crm.core.tenancy import TenantQuerySet

if TYPE_CHECKING:
    from crm.vendors.models import Vendor  # noqa: F401


class VendorQuerySet(TenantQuerySet["Vendor"]):
    def matching(self, words: str) -> Self:
        """Every word in the code or the name."""
        found = self
        for word in words.split():
            found = found.filter(Q(code__icontains=word) | Q(name__icontains=word))
        return found

    def with_key(self) -> Self:
        """With `key_prefix`, `key_made_at` and `key_used_at` of the key that is alive; none where there is none."""
        alive = apps.get_model("vendors.VendorKey").objects.filter(vendor=OuterRef("pk"), revoked_at=None)
        return self.annotate(
            key_prefix=Subquery(alive.values("prefix")[:1]),
            key_made_at=Subquery(alive.values("created_at")[:1]),
            key_used_at=Subquery(alive.values("last_used_at")[:1]),
        )
