"""Leads change hands: the page that shares out all that match, and the next one claimed."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from agents.models import Agent
from crm.accounts.access import requires
from crm.core.api.problems import Unacceptable
from crm.core.errors import Refused
from crm.core.http import Request
from leads import listing
from leads.assignment import claim_lead
from leads.querysets import OPEN_STATUSES
from leads.rows import holders, with_room
from leads.views.filtering import filtered, list_url, own_agent, which_leads
from leads.views.listing import bulk_context

WAITING = {"unassigned": "true", "status": ",".join(OPEN_STATUSES)}


@requires("leads.assign")
@require_GET
def share(request: Request) -> HttpResponse:
    """Whatever the address matches, in one form: how many, who has room, which way. Posts to the bulk bar's view.

    An address without a filter means those who wait, not everybody: open, and held by nobody.
    """
    params = listing.tidy(request.GET)
    if not listing.filters_of(params.dict()):
        return redirect(f"{reverse('leads:share')}?{urlencode(WAITING)}")
    try:
        leads = filtered(request, params)
    except Unacceptable:
        return redirect(list_url(params))  # the list says what is wrong with the address
    agents = with_room(holders())
    room = sum(holder.capacity.available_slots or 0 for holder in agents if holder.user_id)
    total = leads.order_by().count()
    return render(request, "leads/share.html", {
        **bulk_context(request),
        "agents_with_room": agents,
        "params": params,
        "which": which_leads(request, params),
        "total": total,
        "total_words": f"{total:,}",
        "room": room,
        "left": max(total - room, 0),
        "list_url": list_url(params),
    })  # fmt: skip


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
