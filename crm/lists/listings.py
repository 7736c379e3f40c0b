"""The registry of lists: each can be searched by a kept view and exported; the app that owns one registers it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from django.db.models import QuerySet

from crm.accounts.models import Company, User
from crm.accounts.permissions_table import allows
from crm.core.api.filters import StrictFilterSet
from crm.core.api.paging import Order, field_of
from crm.core.api.problems import Problem, Unacceptable
from crm.core.tenancy import current_company_id
from crm.lists.columns import Column

SAVED = "saved_search"
MAX_COLUMNS = 100


class Asker(Protocol):
    """Who asks: a request, or a `Reader` where there is none."""

    @property
    def user(self) -> Any: ...


@dataclass(frozen=True)
class Reader:
    """Stands for a request where work is done later: filters ask it for the user and the company's zone."""

    user: User

    @property
    def company(self) -> Company:
        return company_of(self.user)


def company_of(user: User) -> Company:
    """Whose data it exports: its own company's, of a platform superuser the one it works in."""
    return user.company or Company.objects.get(pk=current_company_id())


@dataclass(frozen=True)
class Listing:
    """A list, as its owner shows it.

    `rows(user)`: what this user may see. `columns`: all of them, in their order; `usual` those of a printed page.
    `dynamic` makes a column for a key that no list can name beforehand (`custom.<key>`). `words`: the filters as
    sentences. `ordering`: name → path.
    """

    name: str
    label: str
    permission: str
    filterset: type[StrictFilterSet]
    rows: Callable[[User], QuerySet[Any]]
    columns: Sequence[Column]
    usual: Sequence[str]
    ordering: Mapping[str, str]
    default_ordering: str
    page: str = ""  # the url name of its page
    shapes: Sequence[str] = ()  # those of other pages that show it with the same filters
    dynamic: Callable[[str], Column | None] = lambda key: None
    words: Callable[[Mapping[str, str], Asker], Sequence[str]] | None = None

    @property
    def is_searchable(self) -> bool:
        """Whether its searches can be kept."""
        return SAVED in self.filterset.base_filters

    def columns_named(self, keys: Sequence[str], loc: tuple[str, ...] = ("query", "columns")) -> list[Column]:
        """In the order asked for; `Unacceptable` (422) names each that there is not."""
        known = {column.key: column for column in self.columns}
        found = {key: known.get(key) or self.dynamic(key) for key in keys}
        problems = [Problem(loc, f"There is no column {key[:100]}.", "enum") for key, it in found.items() if it is None]
        if len(found) > MAX_COLUMNS:
            problems.append(Problem(loc, f"At most {MAX_COLUMNS} columns."))
        if problems:
            raise Unacceptable(problems[:20])
        return [column for column in found.values() if column is not None]

    def order(self, name: str, model: Any) -> Order:
        """Of a name that `check_order` took; empty is the usual one."""
        name = name or self.default_ordering
        path = self.ordering[name.removeprefix("-")]
        return Order(name, path, field_of(model, path), model._meta.pk)

    def check_order(self, name: str, loc: tuple[str, ...] = ("query", "ordering")) -> str:
        if name and (name.startswith("--") or name.removeprefix("-") not in self.ordering):
            ways = ", ".join(self.ordering)
            raise Unacceptable([Problem(loc, f"Must be one of {ways}, with - for descending.", "enum")])
        return name

    def filtered(self, asker: Asker, filters: Mapping[str, Any], known: Sequence[str] = ()) -> QuerySet[Any]:
        """What the asker may see and the filters let through; `Unacceptable` (422) where they are malformed."""
        return self.filterset(filters, self.rows(asker.user), request=asker, known=known).checked()

    def check_filters(self, asker: Asker, filters: Mapping[str, Any]) -> dict[str, Any]:
        """The filters as they may be kept; `Unacceptable` (422) tells what is wrong with which."""
        problems = [
            Problem(("query", name), problem) for name, given in filters.items() if (problem := wrong(name, given))
        ]
        try:
            if not problems:
                self.filtered(asker, filters)
        except Unacceptable as refused:
            problems = refused.problems
        if problems:
            raise Unacceptable([Problem(("body", "filters", *p.loc[1:]), p.msg, p.type) for p in problems])
        return dict(filters)

    def in_words(self, filters: Mapping[str, str], asker: Asker) -> list[str]:
        if self.words is not None:
            return [*self.words(filters, asker)]
        return [f"{name.replace('_', ' ').capitalize()}: {value}" for name, value in filters.items()]


def wrong(name: str, given: Any) -> str:
    """What no filter could mean, in a sentence; empty where all is well."""
    if name == SAVED:
        return "A saved search can't stand on another one."
    values = given if isinstance(given, list) else [given]
    if not values or not all(isinstance(value, str | int | float) for value in values):
        return "Must be a text, a number, true or false, or a list of those."
    return ""


_listings: dict[str, Listing] = {}


def register(listing: Listing) -> Listing:
    """Called at start by the owning app."""
    _listings[listing.name] = listing
    return listing


def listing_of(name: str) -> Listing:
    """Raises `KeyError`."""
    return _listings[name]


def known_listing(name: str) -> Listing | None:
    return _listings.get(name)


def searchable() -> list[str]:
    """The lists whose searches can be kept."""
    return sorted(name for name, listing in _listings.items() if listing.is_searchable)


def open_to(user: User) -> list[str]:
    """Those of them that the user may look at."""
    return [name for name in searchable() if allows(user, _listings[name].permission)]


def as_text(value: Any) -> str:
    """A kept filter as an address holds it."""
    if isinstance(value, list):
        return ",".join(map(as_text, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def as_params(filters: Mapping[str, Any]) -> dict[str, str]:
    return {name: as_text(value) for name, value in filters.items()}
