"""Named selections of decisions, consent and suppressed addresses."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any, Self
from uuid import UUID

from django.db.models import F, Q, Window
from django.db.models.functions import RowNumber

from crm.core.tenancy import TenantQuerySet

if TYPE_CHECKING:
    from crm.compliance.models import ConsentEvent, ContactDecision, Suppression  # noqa: F401


class DecisionQuerySet(TenantQuerySet["ContactDecision"]):
    def newest_first(self) -> Self:
        return self.order_by("-id")


class ConsentQuerySet(TenantQuerySet["ConsentEvent"]):
    def newest_first(self) -> Self:
        return self.order_by("-at", "-id")

    def in_force(self, contacts: Iterable[UUID]) -> Self:
        """The last event of each of these contacts for each channel: one query for a set."""
        place = Window(
            RowNumber(), partition_by=[F("contact_id"), F("channel")], order_by=[F("at").desc(), F("id").desc()]
        )
        return self.filter(contact_id__in=list(contacts)).annotate(place=place).filter(place=1)


class SuppressionQuerySet(TenantQuerySet["Suppression"]):
    def active(self, at: datetime) -> Self:
        return self.filter(Q(expires_at=None) | Q(expires_at__gt=at))

    def covering(self, channels: Iterable[str]) -> Self:
        """Any of these channels."""
        return self.filter(reduce(or_, (Q(channels__has_tag=channel) for channel in channels)))

    def of(self, hashes: Iterable[str]) -> Self:
        return self.filter(value_sha256__in=list(hashes))

    def newest_first(self) -> Self:
        return self.order_by("-created_at", "-id")


def by_contact(rows: Iterable[Any]) -> dict[UUID, dict[str, Any]]:
    """Contact → channel → row."""
    found: dict[UUID, dict[str, Any]] = {}
    for row in rows:
        found.setdefault(row.contact_id, {})[row.channel] = row
    return found
