"""What the list of possible duplicates can be filtered by."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from crm.core.api.filters import CsvFilter, MomentFilter, StrictFilterSet, UuidFilter
from leads.duplicates.models import DuplicatePair, FoundBy, PairState, Reason


class ReasonFilter(CsvFilter):
    """Any of several reasons."""

    def filter(self, qs: QuerySet[Any], value: list[str]) -> QuerySet[Any]:
        return qs.filter(reduce(or_, (Q(reasons__has_tag=str(one)) for one in value))) if value else qs


class ContactFilter(UuidFilter):
    """Either of the two is one of these."""

    def filter(self, qs: QuerySet[Any], value: list[UUID]) -> QuerySet[Any]:
        return qs.filter(Q(first__in=value) | Q(second__in=value)) if value else qs


class DuplicateFilter(StrictFilterSet):
    state = CsvFilter("state", choices=PairState, label="`open` unless others are named")
    reason = ReasonFilter("reasons", choices=Reason)
    found_by = CsvFilter("found_by", choices=FoundBy)
    contact_id = ContactFilter("first", label="Either of the two")
    found_after = MomentFilter("found_at", "gte")
    found_before = MomentFilter("found_at", "lte")

    class Meta:
        model = DuplicatePair
        fields: list[str] = []
