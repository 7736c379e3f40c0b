"""Keeping, changing and deleting saved searches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from crm.accounts.models import User
from crm.accounts.permissions_table import allows
from crm.audit.recording import record
from crm.lists import events
from crm.lists.errors import NameTaken, NotYours, TooManySearches
from crm.lists.models import SavedSearch

MOST_SEARCHES = 100  # of one user in one list


@transaction.atomic
def save_search(data: Mapping[str, Any], *, by: User) -> SavedSearch:
    """Keep a view. `data`: fields of the model, filters and columns as their `Listing` has checked them.

    Raises `NameTaken` and `TooManySearches`.
    """
    search = SavedSearch(owner=by, **data)
    own = SavedSearch.objects.of(search.object).filter(owner=by)
    if own.count() >= MOST_SEARCHES:
        raise TooManySearches(MOST_SEARCHES)
    refuse_second(search)
    search.save(force_insert=True)
    record(events.SAVED_SEARCH_CREATED, search, by=by, data={"object": search.object, "shared": search.shared})
    return search


@transaction.atomic
def update_search(search: SavedSearch, data: Mapping[str, Any], *, by: User) -> SavedSearch:
    """Change the named fields. Raises `NotYours` and `NameTaken`."""
    search = SavedSearch.objects.select_for_update().get(pk=search.pk)
    refuse_stranger(search, by)
    changes = {name: (getattr(search, name), value) for name, value in data.items() if getattr(search, name) != value}
    if not changes:
        return search
    for name, (_, value) in changes.items():
        setattr(search, name, value)
    if "name" in changes:
        refuse_second(search)
    search.save(update_fields=[*changes, "updated_at"])
    record(events.SAVED_SEARCH_UPDATED, search, by=by, changes=changes)
    return search


@transaction.atomic
def delete_search(search: SavedSearch, *, by: User) -> None:
    """For everybody who saw it. Raises `NotYours`."""
    refuse_stranger(search, by)
    record(events.SAVED_SEARCH_DELETED, search, by=by, data={"object": search.object, "shared": search.shared})
    search.delete()


def may_change(search: SavedSearch, user: User) -> bool:
    return search.owner_id == user.pk or (search.shared and allows(user, "saved_searches.manage"))


def refuse_stranger(search: SavedSearch, by: User) -> None:
    if not may_change(search, by):
        raise NotYours


def refuse_second(search: SavedSearch) -> None:
    """The unique constraint speaks last, where two come at the same moment."""
    same = SavedSearch.objects.of(search.object).filter(owner=search.owner, name__iexact=search.name)
    if same.exclude(pk=search.pk).exists():
        raise NameTaken(search.name)
