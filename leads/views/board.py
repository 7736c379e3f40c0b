"""The board: leads by stage in columns, under the list's own filters, tabs and search."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.timezone import now
from django.views.decorators.http import require_GET

from crm.accounts.access import requires
from crm.accounts.permissions_table import allows
from crm.core.http import Request
from crm.core.pages import answer_part, optional_url
from crm.lists.menus import export_menu, merged, view_menu
from crm.lists.models import SavedSearch
from leads import board, listing
from leads.board import Column
from leads.card_html import Deck, cards_html
from leads.lists import file_columns
from leads.models import Stage
from leads.rows import disposition_labels
from leads.views.columns import columns_of
from leads.views.filtering import (
    board_url,
    chips,
    filter_url,
    for_board,
    for_list,
    hidden_fields,
    kept_in_force,
    list_url,
    matching,
    naming,
    own_agent,
    saved_searches,
    tabs,
    trail_of,
)
from leads.views.listing import SHEET

SHAPE = "leads:board"
OWN_PARAMS = ("cursor", "back", "column")


@requires("leads.view")
@require_GET
def show(request: Request) -> HttpResponse:
    """The page, or for HTMX the board alone; the address is the list's."""
    params = listing.tidy(request.GET)
    if listing.order_named(params.get("ordering", "")) is not None:
        params = for_board(params)  # a tab that sorts its list by name
    if params.urlencode() != request.GET.urlencode():
        return redirect(board_url(params))
    context = board_context(request, params)
    if request.htmx and not request.htmx.history_restore_request:
        return answer_part(request, "leads/_board.html", context)
    return render(request, "leads/board.html", {**context, "count_views": True})


@requires("leads.view")
@require_GET
def more(request: Request) -> HttpResponse:
    """The next cards of one column; without HTMX the list of that stage."""
    params = listing.tidy(request.GET)
    stage, cursor = params.get("column", ""), params.get("cursor", "")
    if stage not in Stage.values:
        raise Http404
    for name in OWN_PARAMS:
        params.pop(name, None)
    if not request.htmx:
        return redirect(list_url(in_stage(params, Stage(stage))))
    leads, _ = matching(request, params, board.SORTS)
    column = board.next_cards(leads, board.order_of(params), Stage(stage), cursor)
    context = {**shown(column, params, deck_of(request, params)), "more_url": reverse("leads:board-more")}
    return answer_part(request, "leads/_cards.html", context)


# --- What the board shows ----------------------------------------------------------------------------------------


def board_context(request: Request, params: QueryDict) -> dict[str, Any]:
    """A constant number of queries, whatever the number of leads and columns."""
    at = now()
    leads, problems = matching(request, params, board.SORTS)
    searches, labels = saved_searches(request), disposition_labels()
    order, deck = board.order_of(params), deck_of(request, params)
    columns = board.columns_of(leads, order, stages_shown(params, searches), at)
    listed = for_list(params)
    files = file_columns(column.key for column in columns_of(request, listed, SHEET))
    return {
        "heading": "Board",
        "is_board": True,
        "params": params,
        "here": board_url(params),
        "page_url": reverse("leads:board"),
        "more_url": reverse("leads:board-more"),
        "list_url": list_url(listed),
        "board_url": board_url(params),
        "problems": problems,
        "columns": [shown(column, params, deck) for column in columns],
        "total_words": total_words(columns, bool(listing.filters_of(params.dict()))),
        "filtered": bool(listing.filters_of(params.dict())),
        "may_move": deck.may_move,
        "views": tabs(request, params, own_agent(request), searches),
        "chips": chips(params, searches, naming(labels)),
        "view": view_menu("leads", listed, searches, files, request.user, SHAPE),
        "export": export_menu("leads", listed, files, SHAPE),
        "sorts": sorts(params, order.name),
        "has_leads": any(column.sums.count for column in columns),
        "sees_all": allows(request.user, "leads.view_all"),
        "import_url": optional_url("leads:import") if allows(request.user, "leads.import") else "",
        "filter_url": filter_url(params, "board"),
        **hidden_fields(request, params),
    }


def stages_shown(params: QueryDict, searches: Sequence[SavedSearch]) -> list[Stage]:
    """Those that a filter names, else all."""
    kept = kept_in_force(params, searches)
    named = merged(kept, params.dict()).get("stage", "").lower().split(",")
    return [stage for stage in Stage if stage in named] or [*Stage]


def deck_of(request: Request, params: QueryDict) -> Deck:
    return Deck(
        company=request.company,
        at=now(),
        trail=trail_of(params, at="board"),
        may_move=allows(request.user, "leads.update"),
    )


def shown(column: Column, params: QueryDict, deck: Deck) -> dict[str, Any]:
    """One column for its template, with the ways on: more cards by HTMX, all of them as a list."""
    further = params.copy()
    further["column"], further["cursor"] = str(column.stage), column.next
    return {
        "stage": column.stage,
        "icon": f"s-{column.stage}",
        "sums": column.sums,
        "cards": cards_html(column.leads, deck),
        "more": f"?{further.urlencode()}" if column.next else "",
        "list_url": list_url(in_stage(params, column.stage)),
    }


def in_stage(params: QueryDict, stage: Stage) -> QueryDict:
    narrowed = for_list(params)
    narrowed["stage"] = str(stage)
    return narrowed


def total_words(columns: Sequence[Column], is_filtered: bool) -> str:
    total = sum(column.sums.count for column in columns)
    return f"{total:,} match" if is_filtered else f"{total:,} in all"


def sorts(params: QueryDict, current: str) -> list[dict[str, Any]]:
    return [
        {"query": listing.query_with(params, ordering=name), "label": label, "on": name == current}
        for name, label in board.SORT_WORDS.items()
    ]
