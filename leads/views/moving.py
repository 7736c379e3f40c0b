"""A card of the board moved to another stage, by drag, by key or by form; and one change of one lead taken back."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import redirect, render
from django.utils.timezone import now
from django.views.decorators.http import require_http_methods, require_POST

from crm.accounts.access import requires
from crm.accounts.permissions_table import allows
from crm.core.errors import Refused
from crm.core.http import Request
from crm.core.pages import answer_part
from leads import actions, board, listing
from leads.board import Sums
from leads.card_html import card_html
from leads.forms import StageForm
from leads.models import CLOSED_STAGES, Lead, Stage
from leads.undo import change_of, take_back
from leads.views.board import deck_of, shown, stages_shown, total_words
from leads.views.filtering import board_url, matching, saved_searches
from leads.views.finding import came_from, do, found
from leads.views.lead import clean


@requires("leads.update")
@require_http_methods(["GET", "POST"])
def move(request: Request, pk: UUID) -> HttpResponse:
    """GET: where to, as a menu for HTMX or a page of its own. POST: do it; the answer is what changed of the board."""
    if request.method == "POST":
        return do(request, pk, lambda lead: set_stage(request, lead), answer, undoable=True)
    lead = found(request, pk)
    context = {
        "lead": lead,
        "name": lead.contact.name or "No name",
        "stages": Stage.choices,
        "to": request.GET.get("to", ""),
        "needs_reason": lead.stage in CLOSED_STAGES,
        "trail": f"?{request.GET.urlencode()}" if request.GET else "",
        "back_url": board_url(params_of(request)),
    }
    return (
        answer_part(request, "leads/_move.html", context)
        if request.htmx
        else render(request, "leads/move.html", context)
    )


def set_stage(request: Request, lead: Lead) -> str:
    given = clean(StageForm(request.POST))
    before, stage = lead.stage, Stage(given["stage"])
    if before == stage:
        return ""
    actions.set_stage(lead, stage, by=request.user, reason=given["reason"])
    return f"{lead.contact.name or 'The lead'}: {stage.label}."


def params_of(request: Request) -> QueryDict:
    """Those of the board that one came from."""
    return listing.tidy(QueryDict(request.GET.get("in", "")))


def answer(request: Request, pk: UUID, status: int) -> HttpResponse:
    """The card where it belongs now, the columns' sums and the total; without HTMX back to the board."""
    params = params_of(request)
    if not request.htmx:
        return redirect(board_url(params))
    at, is_refused = now(), status != 200
    leads, _ = matching(request, params, board.SORTS)
    sums, lead = board.sums_of(leads, at), board.with_card(leads, board.order_of(params)).filter(pk=pk).first()
    if lead is None and not is_refused:
        messages.info(request, "It does not match the filters any more, so the board does not show it.")
    stages, deck = stages_shown(params, saved_searches(request)), deck_of(request, params)
    columns = [board.Column(stage, sums.get(stage, Sums())) for stage in stages]
    heads = [shown(column, params, deck) for column in columns]
    context = {
        "pk": pk,
        "is_refused": is_refused,
        "card": card_html(lead, deck, ' hx-swap-oob="true"' if is_refused else "") if lead else "",
        "stage": lead.stage if lead else "",
        "heads": heads,
        "total_words": total_words(columns, bool(listing.filters_of(params.dict()))),
    }
    return answer_part(request, "leads/_moved.html", context, status=status)


@requires("leads.update")
@require_POST
def undo(request: Request, pk: UUID, change: UUID) -> HttpResponse:
    """Take one change of the lead back, and return to where the toast was."""
    lead = found(request, pk)
    images = change_of(lead, change)
    if images is None:
        raise Http404
    if "agent" in images and not allows(request.user, "leads.assign"):
        raise PermissionDenied
    try:
        result = take_back(lead, images, change, by=request.user)
    except Refused as refused:
        messages.error(request, refused.message)
    else:
        if result.left:
            messages.warning(request, f"{result.left[0][1]}.")
        elif not result.fields:
            messages.info(request, "It has been taken back already.")
        else:
            messages.success(request, f"Taken back: {lead.contact.name or 'the lead'} is as before.")
    return HttpResponseRedirect(came_from(request))
