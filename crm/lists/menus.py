"""What a list's page needs to offer its views and its files."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from django.http import QueryDict
from django.urls import reverse

from crm.accounts.models import User
from crm.lists.actions import may_change
from crm.lists.engine import FORMATS
from crm.lists.listings import SAVED, as_params, listing_of
from crm.lists.models import SavedSearch

PLACES = ("cursor", "back")  # where in the list one stands
ORDER = "ordering"
SHAPE = "shape"  # on which of a list's pages one stands, where it has several


def export_menu(name: str, params: Mapping[str, str], columns: Collection[str] = (), shape: str = "") -> dict[str, Any]:
    """The Export menu: the filters in force go along; `columns` are ticked, without any the usual ones."""
    listing = listing_of(name)
    ticked = columns or listing.usual
    return {
        "url": reverse("lists:export", args=[name]),
        "kept": [(key, value) for key, value in params.items() if key not in PLACES],
        "shape": shape,
        "columns": [{"value": c.key, "label": c.label, "on": c.key in ticked} for c in listing.columns],
        "formats": [{"value": form.name, "label": form.label} for form in FORMATS.values()],
        "pdf_most": FORMATS["pdf"].most,
    }


def view_menu(
    name: str, params: QueryDict, tabs: Sequence[SavedSearch], columns: Sequence[str], user: User, shape: str = ""
) -> dict[str, Any]:
    """The menu that keeps the view in force, or changes the kept one that is open.

    `shape`: the page to come back to, where it is not the list's own.
    """
    kept = next((tab for tab in tabs if str(tab.pk) == params.get(SAVED)), None)
    return {
        "save_url": reverse("lists:save", args=[name]),
        "query": params.urlencode(),
        "shape": shape,
        "columns": ",".join(columns),
        "kept": kept,
        "is_own": kept is not None and may_change(kept, user),
    }


def merged(kept: SavedSearch | None, params: Mapping[str, Any]) -> dict[str, str]:
    """The filters of a kept view and those beside it, which go before, as one set without the view."""
    beside = {key: str(value) for key, value in params.items() if key not in (*PLACES, ORDER, SAVED)}
    return {**(as_params(kept.filters) if kept is not None else {}), **beside}
