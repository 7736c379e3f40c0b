"""Which vendors a list shows: for the page and the API."""

from __future__ import annotations

from crm.core.api.filters import CsvFilter, StrictFilterSet, TextFilter
from crm.vendors.models import Status
from crm.vendors.querysets import VendorQuerySet


class VendorFilter(StrictFilterSet):
    status = CsvFilter("status", choices=Status)
    search = TextFilter(method="by_words", label="Code or name")

    def by_words(self, queryset: VendorQuerySet, name: str, value: str) -> VendorQuerySet:
        return queryset.matching(value or "")
