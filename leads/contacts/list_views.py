"""The list of contacts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from crm.accounts.access import requires
from crm.accounts.permissions_table import allows
from crm.core.api.problems import Unacceptable
from crm.core.http import Request
from crm.core.keyset import Order
from crm.core.pages import answer_part
from crm.lists.listings import SAVED
from crm.lists.menus import export_menu, view_menu
from crm.lists.models import SavedSearch
from leads import listing as lists
from leads.contacts import listing
from leads.contacts.row_html import Table, rows_html
from leads.filters import ContactFilter
from leads.lists import contacts_of
from leads.models import Contact
from leads.querysets import ContactQuerySet
from leads.views.columns import Sheet, keep_columns, sorting_context
from leads.views.filtering import options, short_total, trail_of

SHEET = Sheet(
    "contacts", "contacts:list", "contact_columns", listing.COLUMNS, listing.SORTS, listing.DEFAULT_ORDER,
    listing.page_columns,
)  # fmt: skip
MENU_CHOICES = ("lifecycle_stage", "opt_in_status", "do_not_contact")
MENU_FIELDS = frozenset({*MENU_CHOICES, "search", "organization", "country", "tags", "created_after"})


@requires("contacts.view")
@require_GET
def contact_list(request: Request) -> HttpResponse:
    """The page, or for HTMX the list alone. Filters live in the address; a form's untidy one is tidied first."""
    params = lists.tidy(request.GET)
    if params.urlencode() != request.GET.urlencode():
        return redirect(list_url(params))
    context = list_context(request, params)
    if request.htmx and not request.htmx.history_restore_request:
        return answer_part(request, "contacts/_list.html", context)
    return render(request, "contacts/list.html", context)


@requires("contacts.view")
@require_POST
def choose_columns(request: Request) -> HttpResponse:
    return keep_columns(request, SHEET)


def list_url(params: QueryDict) -> str:
    return f"{reverse('contacts:list')}?{params.urlencode()}" if params else reverse("contacts:list")


def filtered(request: Request, params: Mapping[str, Any]) -> ContactQuerySet:
    """The visible contacts that match; raises `Unacceptable` for what no filter understands."""
    contacts = contacts_of(request.user)
    return ContactFilter(params, contacts, request=request, known=lists.OTHERS).checked()  # type: ignore[return-value]


def order_of(params: Mapping[str, Any]) -> Order:
    return listing.order_named(params.get("ordering", "")) or Order(Contact, listing.DEFAULT_ORDER)


def matching(request: Request, params: QueryDict) -> tuple[ContactQuerySet, list[dict[str, str]]]:
    """The contacts, or none and what is wrong with the address."""
    problems = []
    if (asked := params.get("ordering")) and listing.order_named(asked) is None:
        problems.append({"name": "ordering", "text": f"The list can't be sorted by {asked}."})
    try:
        contacts = filtered(request, params)
    except Unacceptable as refused:
        problems += [{"name": str(problem.loc[-1]), "text": problem.msg} for problem in refused.problems]
    return (Contact.objects.none(), problems) if problems else (contacts, [])


def list_context(request: Request, params: QueryDict) -> dict[str, Any]:
    """Everything that the list shows: a constant number of queries, whatever is on the page."""
    contacts, problems = matching(request, params)
    order = order_of(params)
    shown = contacts.only(*listing.FIELDS, order.column)
    page = order.page(shown, lists.PAGE_ROWS, cursor=params.get("cursor", ""), back=params.get("back", ""))
    searches = [*SavedSearch.objects.of("contacts").visible_to(request.user).as_tabs()]
    sorting = sorting_context(request, params, SHEET)
    keys = tuple(column["key"] for column in sorting["columns"])
    files = listing.file_columns(keys)
    is_filtered = bool(lists.filters_of(params.dict()))
    total = lists.counted(contacts) if page.rows else 0
    may_merge = allows(request.user, "contacts.merge")
    pursuits = listing.pursuits_of(page.rows, request.user) if "leads" in keys else {}
    return {
        "heading": "Contacts",
        "params": params,
        "here": list_url(params),
        "problems": problems,
        "page": page,
        "lines": rows_html(page.rows, Table(keys, f"?{trail_of(params)}", pursuits, may_merge)),
        "may_merge": may_merge,
        "total_words": f"{short_total(total)} match" if is_filtered else f"{short_total(total)} in all",
        "filtered": is_filtered,
        "views": tabs(params, searches),
        "chips": chips(params, searches),
        "view": view_menu("contacts", params, searches, files, request.user),
        "export": export_menu("contacts", params, files),
        "may_create": allows(request.user, "contacts.create"),
        "sees_all": allows(request.user, "leads.view_all"),
        "menu": {name: options(lists.CHOICES[name], params.get(name, "")) for name in MENU_CHOICES},
        "kept": [(name, value) for name, value in params.items() if name not in MENU_FIELDS | {"cursor", "back"}],
        **sorting,
    }


def tabs(params: QueryDict, searches: Sequence[SavedSearch]) -> list[dict[str, Any]]:
    return [
        {"label": view.label, "query": view.query, "current": lists.is_current(view, params)}
        for view in (*listing.VIEWS, *lists.saved_views(searches))
    ]


def chips(params: QueryDict, searches: Sequence[SavedSearch]) -> list[lists.Chip]:
    names = {str(search.pk): search.name for search in searches}
    gone = "one that is gone"
    return lists.chips_of(params, lambda of, value: names.get(value, gone) if of == SAVED else None)
