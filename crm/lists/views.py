"""Doors of the pages: keeping a view of a list, and taking the list along as a file."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_POST

from crm.accounts.access import requires
from crm.accounts.permissions_table import allows
from crm.core.api.problems import Unacceptable
from crm.core.errors import Refused
from crm.core.http import Request
from crm.core.pages import optional_url
from crm.core.tenancy import get_or_refuse
from crm.jobs.models import Job
from crm.lists.actions import delete_search, save_search, update_search
from crm.lists.engine import read_request
from crm.lists.exporting import Download, start_export
from crm.lists.files import download
from crm.lists.filters import search_in_force
from crm.lists.forms import ViewForm
from crm.lists.listings import SAVED, Listing, known_listing, listing_of
from crm.lists.menus import ORDER, PLACES, SHAPE, merged
from crm.lists.models import SavedSearch

BOM = b"\xef\xbb\xbf"  # lets spreadsheets read accents


@requires("lists.export")
@require_GET
def export(request: Request, name: str) -> HttpResponseBase:
    """The list of the address as a file, or the page of the job that makes it."""
    listing = shown_to(request, name)
    params = request.GET.copy()
    for place in (*PLACES, SHAPE):
        params.pop(place, None)
    try:
        made = start_export(read_request(listing, params, request), request)
    except Unacceptable as wrong:
        return back_with(request, listing, params, wrong.problems[0].msg)
    except Refused as refused:
        return back_with(request, listing, params, refused.message)
    if isinstance(made, Job):
        messages.info(request, "That is a long list: the file is being made, and will stand here.")
        return redirect("jobs:detail", made.pk)
    if made.name.endswith(".csv"):
        made = Download(made.name, made.content_type, chain([BOM], made.parts))
    return download(made)


@requires("saved_searches.use")
@require_POST
def save(request: Request, name: str) -> HttpResponse:
    """Keep the view of the list whose address came along, and open it."""
    listing = shown_to(request, name)
    if not listing.is_searchable:
        raise Http404
    form = ViewForm(request.POST)
    if not form.is_valid():
        return back_with(request, listing, QueryDict(request.POST.get("query", "")[:4000]), form.problem)

    def keep() -> SavedSearch:
        search = save_search({**view_of(request, listing, form), "object": listing.name}, by=request.user)
        messages.success(request, f"The view “{search.name}” is kept{' for everybody' if search.shared else ''}.")
        return search

    return kept_or_back(request, listing, form, keep)


@requires("saved_searches.use")
@require_POST
def change(request: Request, pk: UUID) -> HttpResponse:
    """Rename it, share it or not, and let it hold what the list shows now."""
    search = found(request, pk)
    listing = listing_of(search.object)
    form = ViewForm(request.POST)
    if not form.is_valid():
        return back_with(request, listing, QueryDict(f"{SAVED}={pk}"), form.problem)

    def keep() -> SavedSearch:
        changed = update_search(search, view_of(request, listing, form), by=request.user)
        messages.success(request, f"The view “{changed.name}” is saved.")
        return changed

    return kept_or_back(request, listing, form, keep)


@requires("saved_searches.use")
@require_POST
def delete(request: Request, pk: UUID) -> HttpResponse:
    search = found(request, pk)
    try:
        delete_search(search, by=request.user)
    except Refused as refused:
        return back_with(request, listing_of(search.object), QueryDict(f"{SAVED}={pk}"), refused.message)
    messages.success(request, f"The view “{search.name}” is gone; the rows that it showed are not.")
    return redirect(page_url(request, listing_of(search.object)))


def shown_to(request: Request, name: str) -> Listing:
    listing = known_listing(name)
    if listing is None:
        raise Http404
    if not allows(request.user, listing.permission):
        raise PermissionDenied
    return listing


def found(request: Request, pk: UUID) -> SavedSearch:
    search = get_or_refuse(SavedSearch.objects.visible_to(request.user), pk)
    shown_to(request, search.object)
    return search


def view_of(request: Request, listing: Listing, form: ViewForm) -> dict[str, Any]:
    """What is kept; `Unacceptable` where the address holds what the list does not understand."""
    params = form.params
    kept = search_in_force(listing.name, params, request.user)
    filters = listing.check_filters(request, merged(kept, params.dict()))
    columns = [column.key for column in listing.columns_named(form.column_keys)]
    ordering = listing.check_order(params.get(ORDER) or (kept.ordering if kept is not None else ""))
    named = {"name": form.cleaned_data["name"], "shared": form.cleaned_data["shared"]}
    return {**named, "filters": filters, "columns": columns, "ordering": ordering}


def kept_or_back(request: Request, listing: Listing, form: ViewForm, keep: Callable[[], SavedSearch]) -> HttpResponse:
    try:
        search = keep()
    except Unacceptable as wrong:
        return back_with(request, listing, form.params, f"{wrong.problems[0].loc[-1]}: {wrong.problems[0].msg}")
    except Refused as refused:
        return back_with(request, listing, form.params, refused.message)
    return redirect(f"{page_url(request, listing)}?{tab_query(search)}")


def back_with(request: Request, listing: Listing, params: QueryDict, problem: str) -> HttpResponse:
    """To the list as it was, with what was wrong."""
    messages.error(request, problem)
    rest = params.copy()
    for name in ("format", "columns", "async"):
        rest.pop(name, None)
    url = page_url(request, listing)
    return redirect(f"{url}?{rest.urlencode()}" if rest else url)


def page_url(request: Request, listing: Listing) -> str:
    """The list's page, or the one of its other shapes that the form was on."""
    shape = request.POST.get(SHAPE) or request.GET.get(SHAPE, "")
    return optional_url(shape if shape in listing.shapes else listing.page) or "/"


def tab_query(search: SavedSearch) -> str:
    params = QueryDict(mutable=True)
    params[SAVED] = str(search.pk)
    if search.ordering:
        params[ORDER] = search.ordering
    return params.urlencode()
