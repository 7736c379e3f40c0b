"""Parts of the list and the board that most visits never open: fetched when they are, or pages of their own."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from crm.accounts.access import requires
from crm.core.http import Request
from crm.core.pages import answer_part
from leads import listing
from leads.rows import disposition_labels, holders, with_room
from leads.views.filtering import agent_names, board_url, list_url, menu_context

SHAPE = "shape"  # `board` where the filters are chosen for the board


@requires("leads.view")
@require_GET
def filters(request: Request) -> HttpResponse:
    """The filters to choose from, those in force chosen: the menu's content for HTMX, a page without."""
    params = listing.tidy(request.GET)
    on_board = params.pop(SHAPE, None) == ["board"]
    context = {
        **menu_context(request, params, agent_names(), disposition_labels()),
        "params": params,
        "page_url": reverse("leads:board" if on_board else "leads:list"),
        "back_url": board_url(params) if on_board else list_url(params),
    }
    if request.htmx:
        return answer_part(request, "leads/_filter_fields.html", context)
    return render(request, "leads/filter.html", context)


@requires("leads.assign_own")
@require_GET
def agents(request: Request) -> HttpResponse:
    """Among whom ticked leads can be shared out, with their loads; without HTMX the page that shares out."""
    if not request.htmx:
        return redirect("leads:share")
    return answer_part(request, "leads/_agent_ticks.html", {"agents_with_room": with_room(holders())})
