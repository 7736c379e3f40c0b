"""Which users a list shows: for the page and the API."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from crm.accounts.permissions_table import Role
from crm.core.api.filters import BoolFilter, CsvFilter, StrictFilterSet, TextFilter


class UserFilter(StrictFilterSet):
    role = CsvFilter("role", choices=Role)
    is_active = BoolFilter("is_active")
    search = TextFilter(method="by_name")

    def by_name(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        found: Any = queryset
        return found.matching(value)  # type: ignore[no-any-return]
