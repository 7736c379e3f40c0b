"""Leads change hands: all that match shared out, ticked ones shared out or returned, the next one claimed."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from agents.models import Agent
from crm.accounts.access import requires
from crm.accounts.permissions_table import allows
from crm.core.api.problems import Unacceptable
from crm.core.errors import Refused
from crm.core.http import Request
from leads import listing
from leads.assignment import Result, assign_many, claim_lead, return_many
from leads.forms import ShareForm
from leads.models import Lead
from leads.querysets import LeadQuerySet
from leads.rows import holders
from leads.views.listing import bulk_context, filtered, list_url, own_agent, short_total
from leads.views.results import is_uuid, keep_result, summary


@requires("leads.assign")
@require_GET
def share(request: Request) -> HttpResponse:
    """Whatever the address matches, in one form: how many, who has room, which way. Posts to `assign_ticked`."""
    params = listing.tidy(request.GET)
    try:
        leads = filtered(request, params)
    except Unacceptable:
        return redirect(list_url(params))  # the list says what is wrong with the address
    bulk = bulk_context(request, holders())
    room = sum(holder.capacity.available_slots or 0 for holder in bulk["agents_with_room"] if holder.user_id)
    total = listing.counted(leads)
    return render(request, "leads/share.html", {
        **bulk,
        "params": params,
        "total": total,
        "total_words": short_total(total),
        "too_many": total > listing.COUNT_LIMIT,
        "room": room,
        "left": max(total - room, 0),
        "list_url": list_url(params),
    })  # fmt: skip


@requires("leads.view")
@require_POST
def assign_ticked(request: Request) -> HttpResponse:
    """The bulk bar: `ids`, or `everything` that matches the address; back to the same list with what became of it."""
    params = listing.tidy(request.GET)
    back = redirect(list_url(params))
    try:
        leads = ticked(request, params)
    except Refused as refused:
        messages.error(request, refused.message)
        return back
    if request.POST.get("do") == "unassign":
        return_ticked(request, leads)
    else:
        share_out(request, leads)
    return back


def ticked(request: Request, params: QueryDict) -> LeadQuerySet:
    """The chosen leads among those that the asker may hand on."""
    mine = own_scope(request)
    if request.POST.get("everything"):
        try:
            matching = filtered(request, params)
        except Unacceptable as wrong:
            raise Refused(wrong.problems[0].msg) from wrong
        if listing.counted(matching) > listing.COUNT_LIMIT:
            raise Refused(f"More than {listing.COUNT_LIMIT:,} leads match: narrow the filter, then assign them.")
        return mine.filter(pk__in=matching.order_by().values("pk"))
    ids = [UUID(pk) for pk in request.POST.getlist("ids") if is_uuid(pk)]
    if not ids:
        raise Refused("Tick at least one lead first.")
    return mine.filter(pk__in=ids)


def own_scope(request: Request) -> LeadQuerySet:
    """Managers hand on any lead, an agent those it holds."""
    leads = Lead.objects.alive().visible_to(request.user)
    if allows(request.user, "leads.assign"):
        return leads
    if not allows(request.user, "leads.assign_own"):
        raise PermissionDenied
    return leads.filter(agent__user=request.user)


def share_out(request: Request, leads: LeadQuerySet) -> None:
    form = ShareForm(request.POST)
    if not form.is_valid():
        messages.error(request, form.problem)
        return
    pool = form.cleaned_data["agents"] or None
    strategy, notes = form.cleaned_data["strategy"], form.cleaned_data["notes"]
    result: Result = assign_many(leads, strategy=strategy, pool=pool, by=request.user, notes=notes)
    keep_result(request, result)
    tell = messages.warning if result.failed else messages.success
    tell(request, f"{summary(result.assigned, len(result.failed))}.")


def return_ticked(request: Request, leads: LeadQuerySet) -> None:
    count = return_many(leads, by=request.user, why="by_hand")
    if count:
        messages.success(request, f"{count:,} lead{'' if count == 1 else 's'} returned to the queue.")
    else:
        messages.warning(request, "None of the ticked leads was held by anybody.")


@requires("leads.claim")
@require_POST
def claim(request: Request) -> HttpResponse:
    """The next unassigned lead by priority, score and age, and straight to its page."""
    own: Agent | None = own_agent(request)
    if own is None:
        raise PermissionDenied
    try:
        lead = claim_lead(own, by=request.user)
    except Refused as refused:
        messages.error(request, refused.message)
        return redirect("leads:list")
    if lead is None:
        messages.info(request, "No lead is waiting to be claimed.")
        return redirect("leads:list")
    messages.success(request, "The lead is yours.")
    return redirect("leads:detail", lead.pk)
