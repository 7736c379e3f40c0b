"""Saved searches: one's own, and what the company shares."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from crm.accounts.models import User
from crm.accounts.permissions_table import allows
from crm.core.api.filters import BoolFilter, CsvFilter, StrictFilterSet
from crm.core.api.problems import Problem, Unacceptable
from crm.core.api.schema import describe
from crm.core.api.views import ApiViewSet
from crm.core.errors import NotAllowed
from crm.lists.actions import delete_search, may_change, save_search, update_search
from crm.lists.api.serializers import NewSavedSearch, SavedSearchFields
from crm.lists.listings import Listing, known_listing, listing_of, open_to, searchable
from crm.lists.models import SavedSearch
from crm.lists.querysets import SavedSearchQuerySet

ORDERING = {"created_at": "created_at", "updated_at": "updated_at", "name": "name"}
NEW: dict[str, Any] = {
    "name": "Hot and unassigned",
    "object": "leads",
    "filters": {"min_score": 70, "unassigned": True, "stage": ["mql", "sql"]},
    "columns": ["first_name", "last_name", "score", "deal_value"],
    "ordering": "-score",
    "shared": True,
}
EXAMPLE: dict[str, Any] = {
    "id": "01981c5e-5ea2-7c3e-9f10-2b6c1a5d4e3f",
    **NEW,
    "owner_id": "01981c5e-7d2a-7a11-8c21-0d9e8f7a6b5c",
    "may_change": True,
    "created_at": "2026-03-02T09:30:00Z",
    "updated_at": "2026-03-02T09:30:00Z",
}


class SavedSearchFilterSet(StrictFilterSet):
    object = CsvFilter("object", label="Which list: leads")
    shared = BoolFilter("shared")

    class Meta:
        model = SavedSearch
        fields: list[str] = []


class SavedSearchViewSet(ApiViewSet):
    schema_tag = "Saved searches"
    permissions = {
        "list": "saved_searches.use",
        "create": "saved_searches.use",
        "retrieve": "saved_searches.use",
        "update": "saved_searches.use",
        "destroy": "saved_searches.use",
    }

    @describe(
        "List saved searches",
        listing="saved_searches",
        filterset=SavedSearchFilterSet,
        ordering=ORDERING,
        answer_example=EXAMPLE,
    )
    def list(self, request: Request) -> Response:
        """One's own and the shared ones. `GET /leads?saved_search=<id>` applies one, beside further filters."""
        return self.listing(
            self.visible(),
            plural="saved_searches",
            represent=lambda rows: [search_json(search, self.user) for search in rows],
            filterset=SavedSearchFilterSet,
            ordering=ORDERING,
            default="created_at",
        )

    @describe("Save a search", body=NewSavedSearch, status=201, example=NEW, answer_example=EXAMPLE)
    def create(self, request: Request) -> Response:
        """Private unless `shared`. `filters` are those of the list that `object` names, by name and value."""
        body = self.body(NewSavedSearch)
        listing = self.listing_in(body)
        search = save_search({**self.checked(body, listing), "object": listing.name}, by=self.user)
        return self.answer(search_json(search, self.user), 201, row=search)

    @describe("Read a saved search", answer_example=EXAMPLE)
    def retrieve(self, request: Request, pk: str) -> Response:
        search = self.find(self.visible(), pk)
        return self.answer(search_json(search, self.user), row=search)

    @describe(
        "Change a saved search",
        body=SavedSearchFields,
        example={"name": "Hot", "shared": False},
        answer_example=EXAMPLE,
    )
    def update(self, request: Request, pk: str) -> Response:
        """By its owner; a shared one by an administrator as well."""
        search = self.find(self.visible(), pk)
        body = self.body(SavedSearchFields, partial=True)
        search = update_search(search, self.checked(body, listing_of(search.object)), by=self.user)
        return self.answer(search_json(search, self.user), row=search)

    @describe("Delete a saved search", answer_example={"message": "Saved search deleted"})
    def destroy(self, request: Request, pk: str) -> Response:
        """By its owner; a shared one by an administrator as well."""
        delete_search(self.find(self.visible(), pk), by=self.user)
        return self.answer({"message": "Saved search deleted"})

    @property
    def user(self) -> User:
        user: Any = self.request.user
        return user  # type: ignore[no-any-return]

    def visible(self) -> SavedSearchQuerySet:
        """Those of lists that the role may look at."""
        return SavedSearch.objects.visible_to(self.user).filter(object__in=open_to(self.user))

    def listing_in(self, body: Mapping[str, Any]) -> Listing:
        listing = known_listing(body.get("object", "leads"))
        if listing is None or not listing.is_searchable:
            names = ", ".join(searchable())
            raise Unacceptable([Problem(("body", "object"), f"Must be one of {names}.", "enum")])
        if not allows(self.user, listing.permission):
            raise NotAllowed("Your role may not look at this list")
        return listing

    def checked(self, body: Mapping[str, Any], listing: Listing) -> dict[str, Any]:
        """The body with filters, columns and ordering that the list understands."""
        given = {name: value for name, value in body.items() if name != "object"}
        if "filters" in given:
            given["filters"] = listing.check_filters(self.request, given["filters"])
        if "columns" in given:
            listing.columns_named(given["columns"], ("body", "columns"))
        if "ordering" in given:
            listing.check_order(given["ordering"], ("body", "ordering"))
        return given


def search_json(search: SavedSearch, reader: User) -> dict[str, Any]:
    return {
        "id": search.pk,
        "name": search.name,
        "object": search.object,
        "filters": search.filters,
        "columns": search.columns,
        "ordering": search.ordering,
        "shared": search.shared,
        "owner_id": search.owner_id,
        "may_change": may_change(search, reader),
        "created_at": search.created_at,
        "updated_at": search.updated_at,
    }
