"""`saved_search=<id>`: a kept view as one more filter of its list."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from crm.core.api.fields import as_uuid
from crm.core.api.filters import TextFilter, read_uuid
from crm.core.api.problems import Problem, Unacceptable
from crm.lists.listings import SAVED
from crm.lists.models import SavedSearch


def search_named(listing: str, pk: UUID | str, user: Any) -> SavedSearch | None:
    """None where there is none, or it is a colleague's own; `pk` is a UUID or its text."""
    return SavedSearch.objects.of(listing).visible_to(user).filter(pk=pk).first()


def search_in_force(listing: str, params: Any, user: Any) -> SavedSearch | None:
    """The saved search that the parameters name, for its columns and order; None where they name none."""
    pk = as_uuid(params.get(SAVED) or "")
    return search_named(listing, pk, user) if pk is not None else None


class SavedSearchFilter(TextFilter):
    """The filters of a saved search that the asker may see, beside all others; one that is not there finds nothing."""

    documented = {"type": "string", "format": "uuid"}

    def __init__(self, listing: str) -> None:
        super().__init__("pk", label="The filters of this saved search")
        self.listing = listing

    @staticmethod
    def read(text: str) -> UUID:
        return read_uuid(text)

    def filter(self, qs: QuerySet[Any], value: UUID | None) -> QuerySet[Any]:
        if value is None:
            return qs
        asker: Any = self.parent.request
        kept = search_named(self.listing, value, asker.user) if asker is not None else None
        if kept is None:
            return qs.none()
        try:
            found: QuerySet[Any] = type(self.parent)(kept.filters, qs, request=asker).checked()
        except Unacceptable as refused:  # a filter that was there when it was kept
            problems = (Problem(("query", SAVED), f"{p.loc[-1]}: {p.msg}", p.type) for p in refused.problems)
            raise Unacceptable(problems) from None
        return found
