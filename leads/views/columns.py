"""A list's columns and order: what it shows, what its reader chose, and the links that sort it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from crm.core.http import Request
from crm.lists.filters import search_in_force
from crm.lists.listings import SAVED
from leads import listing
from leads.listing import Column

CSS_OF_HEADS = ("lo", "num lo", "o")


@dataclass(frozen=True)
class Sheet:
    """One list's table. `name`: as kept views call it; `page`: its url name; `place`: where the session keeps columns.

    `of_file` names a file's columns as the page does.
    """

    name: str
    page: str
    place: str
    columns: Sequence[Column]
    sorts: Mapping[str, str]
    default_order: str
    of_file: Callable[[Iterable[str]], list[str]]


def keep_columns(request: Request, sheet: Sheet) -> HttpResponse:
    """Keep the chosen columns for the session; none chosen, or `usual`, is the usual ones."""
    known = {column.key for column in sheet.columns}
    chosen = [key for key in request.POST.getlist("columns") if key in known]
    target = request.POST.get("next", "")
    place = columns_place(QueryDict(target.partition("?")[2]), sheet)
    if chosen and not request.POST.get("usual"):
        request.session[place] = chosen
    else:
        request.session.pop(place, None)
    safe = url_has_allowed_host_and_scheme(target, allowed_hosts=None)
    return HttpResponseRedirect(target if safe and target else reverse(sheet.page))


def sorting_context(request: Request, params: QueryDict, sheet: Sheet) -> dict[str, Any]:
    asked = params.get("ordering", sheet.default_order)
    sort = {name: sort_link(params, name, first, asked) for name, first in sheet.sorts.items()}
    shown = columns_of(request, params, sheet)
    columns = [
        {
            "key": column.key,
            "label": column.label,
            "css_head": column.css if column.css in CSS_OF_HEADS else "",
            "sorted": sort.get(column.sort),
        }
        for column in shown
    ]
    keys = {column.key for column in shown}
    way = "downwards" if asked.startswith("-") else "upwards"
    return {
        "sort": sort,
        "columns": columns,
        "column_options": [{"value": c.key, "label": c.label, "on": c.key in keys} for c in sheet.columns],
        "sorted_words": f"sorted by {asked.removeprefix('-').replace('_', ' ')}, {way}",
    }


def columns_of(request: Request, params: QueryDict, sheet: Sheet) -> list[Column]:
    """Those that the session keeps, else those of the kept view that is open, else the usual ones."""
    chosen = request.session.get(columns_place(params, sheet))
    if not chosen and (kept := search_in_force(sheet.name, params, request.user)) is not None:
        chosen = sheet.of_file(kept.columns)
    return listing.columns_shown(chosen, sheet.columns)


def columns_place(params: QueryDict, sheet: Sheet) -> str:
    """Where the session keeps the chosen columns: a kept view has its own."""
    kept = params.get(SAVED, "")
    return f"{sheet.place}:{kept}" if kept else sheet.place


def sort_link(params: QueryDict, name: str, first: str, asked: str) -> dict[str, str]:
    """Sorting by it the usual way, or the other way round where it is sorted so already."""
    other = name if first.startswith("-") else f"-{name}"
    query = listing.query_with(params, ordering=other if asked == first else first)
    if asked.removeprefix("-") != name:
        return {"query": query, "aria": "", "icon": ""}
    down = asked.startswith("-")
    return {"query": query, "aria": "descending" if down else "ascending", "icon": "arrow-down" if down else "arrow-up"}
