"""Which users a list shows: for the page and the API."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet

from crm.accounts.permissions_table import Role
from crm.core.api.filters import BoolFilter, CsvFilter, StrictFilterSet, TextFilter


class UserFilter(StrictFilterSet):
    role = CsvFilter("role", choices=Role)
    is_active = BoolFilter("is_active")
    search = TextFilter(method="by_name")

    def by_name(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """Every word of it in a name, the e-mail or the user name."""
        for word in (value or "").split():
            fields = ("first_name", "last_name", "email", "username")
            either = Q()
            for field in fields:
                either |= Q(**{f"{field}__icontains": word})
            queryset = queryset.filter(either)
        return queryset
