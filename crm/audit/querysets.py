"""Named selections of entries and seals."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Self
from uuid import UUID

from django.apps import apps
from django.db.models import Exists, OuterRef

from crm.core.tenancy import TenantQuerySet

if TYPE_CHECKING:
    from crm.audit.models import AuditEntry  # noqa: F401


class AuditEntryQuerySet(TenantQuerySet["AuditEntry"]):
    def unsealed(self) -> Self:
        seals = apps.get_model("audit.AuditSeal").objects.filter(entry_id=OuterRef("pk"))
        return self.exclude(Exists(seals))

    def written_since(self, moment: datetime) -> Self:
        """By the time in their ids: a range of the index, where `at` has none."""
        return self.filter(pk__gte=first_id(moment))


def first_id(moment: datetime) -> UUID:
    """No id made since is smaller."""
    return UUID(int=int(moment.timestamp() * 1000) << 80)
