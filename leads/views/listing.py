"""The list of leads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.timezone import now
from django.views.decorators.http import require_GET, require_POST

from agents.models import Agent
from crm.accounts.access import requires
from crm.accounts.permissions_table import allows
from crm.core.api.problems import Unacceptable
from crm.core.http import Request
from crm.core.keyset import Order
from crm.core.pages import answer_part, optional_url
from crm.lists.menus import export_menu, view_menu
from leads import dispositions, listing
from leads.lists import file_columns, page_columns
from leads.models import Lead, Priority, Stage, Strategy
from leads.row_html import Table, rows_html
from leads.rows import holders, rows_of
from leads.views.columns import Sheet, keep_columns, sorting_context
from leads.views.filtering import (
    board_url,
    chips,
    filter_url,
    filtered,
    for_board,
    hidden_fields,
    list_url,
    matching,
    naming,
    own_agent,
    saved_searches,
    short_total,
    tabs,
    trail_of,
)
from leads.views.results import take_result

SHEET = Sheet(
    "leads", "leads:list", "lead_columns", listing.COLUMNS, listing.SORTS, listing.DEFAULT_ORDER, page_columns
)
STRATEGIES = (Strategy.CAPACITY, Strategy.ROUND_ROBIN, Strategy.PERFORMANCE, Strategy.MANUAL)


@requires("leads.view")
@require_GET
def lead_list(request: Request) -> HttpResponse:
    """The page, or for HTMX the list alone. Filters live in the address; a form's untidy one is tidied first."""
    params = listing.tidy(request.GET)
    if params.urlencode() != request.GET.urlencode():
        return redirect(list_url(params))
    context = list_context(request, params)
    if request.htmx and not request.htmx.history_restore_request:
        return answer_part(request, "leads/_list.html", context)
    return render(request, "leads/list.html", {**context, "count_views": True})


@requires("leads.view")
@require_GET
def view_counts(request: Request) -> HttpResponse:
    """How many leads stand behind each tab; asked for after the page is there, so that it waits for none."""
    views = [*listing.views_for(request.user, own_agent(request)), *listing.saved_views(saved_searches(request))]
    counts = [{"key": view.key, "count": counted_view(request, view)} for view in views if view.is_counted]
    return answer_part(request, "leads/_counts.html", {"views": counts})


def counted_view(request: Request, view: listing.View) -> str:
    """Nothing for a kept view whose filter is not understood any more; opened, it says so."""
    try:
        return short_total(listing.counted(filtered(request, {**view.params})))
    except Unacceptable:
        return ""


@requires("leads.view")
@require_POST
def choose_columns(request: Request) -> HttpResponse:
    return keep_columns(request, SHEET)


# --- What the list shows -----------------------------------------------------------------------------------------


def order_of(params: Mapping[str, Any]) -> Order:
    return listing.order_named(params.get("ordering", "")) or Order(Lead, listing.DEFAULT_ORDER)


def list_context(request: Request, params: QueryDict) -> dict[str, Any]:
    """Everything that the list shows: a constant number of queries, whatever is on the page."""
    leads, problems = matching(request, params)
    order = order_of(params)
    shown = leads.select_related("contact").only(*listing.FIELDS, order.column)
    page = order.page(shown, listing.PAGE_ROWS, cursor=params.get("cursor", ""), back=params.get("back", ""))
    known, outcomes = holders({lead.agent_id for lead in page.rows if lead.agent_id}), dispositions.known()
    labels = {outcome.key: outcome.label for outcome in outcomes}
    own = own_agent(request)
    rows = rows_of(page.rows, request.user, known, labels)
    sorting = sorting_context(request, params, SHEET)
    searches, files = saved_searches(request), file_columns(column["key"] for column in sorting["columns"])
    is_filtered = bool(listing.filters_of(params.dict()))
    total = listing.counted(leads) if page.rows else 0
    return {
        "heading": "Leads",
        "params": params,
        "here": list_url(params),
        "page_url": reverse("leads:list"),
        "list_url": list_url(params),
        "board_url": board_url(for_board(params)),
        "problems": problems,
        "page": page,
        "rows": rows,
        "lines": rows_html(rows, table_of(request, params, sorting["columns"])),
        "total": total,
        "total_short": short_total(total),
        "total_words": f"{short_total(total)} match" if is_filtered else f"{short_total(total)} in all",
        "filtered": is_filtered,
        "views": tabs(request, params, own, searches),
        "chips": chips(params, searches, naming(labels)),
        "view": view_menu("leads", params, searches, files, request.user),
        "export": export_menu("leads", params, files),
        "shared_out": take_result(request),
        "may_claim": may_claim(request, own),
        "work_url": work_url(params) if own else "",
        "sees_all": allows(request.user, "leads.view_all"),
        "import_url": optional_url("leads:import") if allows(request.user, "leads.import") else "",
        **sorting,
        "filter_url": filter_url(params),
        "outcomes": [outcome for outcome in outcomes if outcome.is_active],
        "stages": Stage.choices,
        **hidden_fields(request, params),
        **bulk_context(request),
    }


def work_url(params: QueryDict) -> str:
    """Where these leads are called one after the other; a higher floor's page."""
    home = optional_url("cockpit:home")
    return f"{home}?{trail_of(params)}" if home else ""


def table_of(request: Request, params: QueryDict, columns: Iterable[Mapping[str, Any]]) -> Table:
    return Table(
        columns=tuple(column["key"] for column in columns),
        company=request.company,
        at=now(),
        trail=f"?{trail_of(params)}",
        has_ticks=may_share_out(request),
    )


def may_share_out(request: Request) -> bool:
    return allows(request.user, "leads.assign") or allows(request.user, "leads.assign_own")


def may_claim(request: Request, own: Agent | None) -> bool:
    if own is None or not own.is_active or not allows(request.user, "leads.claim"):
        return False
    return request.company.agents_may_claim or allows(request.user, "leads.assign")


# --- Menus -------------------------------------------------------------------------------------------------------


def bulk_context(request: Request) -> dict[str, Any]:
    return {
        "may_bulk": may_share_out(request),
        "strategies": [{"value": s.value, "label": str(s.label)} for s in STRATEGIES],
        "priorities": Priority.choices,
    }
