"""Which agents a list shows: for the page and the API."""

from __future__ import annotations

from typing import Any

from agents.models import Availability, Kind
from agents.querysets import AgentQuerySet
from crm.core.api.filters import BoolFilter, CsvFilter, StrictFilterSet, TextFilter


class HasRoomFilter(BoolFilter):
    """Whether it could take one more open lead now; an inactive agent takes none."""

    def filter(self, qs: Any, value: bool | None) -> Any:
        return qs if value is None else qs.with_room(value)


class AgentFilter(StrictFilterSet):
    kind = CsvFilter("kind", choices=Kind)
    availability = CsvFilter("availability", choices=Availability)
    is_active = BoolFilter("is_active")
    has_capacity = HasRoomFilter(label="Active, and below its maximum")
    search = TextFilter(method="by_name", label="Name or e-mail")

    def by_name(self, queryset: AgentQuerySet, name: str, value: str) -> AgentQuerySet:
        return queryset.matching(value or "")
