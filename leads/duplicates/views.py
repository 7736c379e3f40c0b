"""The list of possible duplicates, and what is decided there without a merge."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

from crm.accounts.access import requires
from crm.core.errors import Refused
from crm.core.http import Request
from crm.core.keyset import Order
from crm.core.tenancy import get_or_refuse
from crm.jobs.models import Job
from leads.duplicates.actions import FIND, dismiss_pair, keep_lead, reopen_pair, running_search, start_search
from leads.duplicates.models import DuplicatePair, PairState
from leads.models import Lead
from leads.rows import phone_shown

PAGE_ROWS = 50
VIEWS = {"open": "To be decided", "leads": "Leads", "dismissed": "Not the same", "merged": "Merged"}
NEWEST_PAIR, NEWEST_LEAD = Order(DuplicatePair, "-found_at"), Order(Lead, "-created_at")


@requires("contacts.merge")
@require_GET
def pair_list(request: Request) -> HttpResponse:
    """Pairs of contacts by state, or open leads that stand beside another of their contact; `cursor` goes on."""
    view = request.GET.get("view", "open")
    view = view if view in VIEWS else "open"
    cursor = request.GET.get("cursor", "")
    shown = leads_context(cursor) if view == "leads" else pairs_context(view, cursor)
    context = {
        "view": view,
        "views": [{"key": key, "label": label, "current": key == view} for key, label in VIEWS.items()],
        "job": running_search(),
        "last": Job.objects.filter(kind=FIND, finished_at__isnull=False).order_by("-created_at").first(),
        "here": request.get_full_path(),
        **shown,
    }
    return render(request, "duplicates/list.html", context)


def pairs_context(view: str, cursor: str) -> dict[str, Any]:
    pairs = DuplicatePair.objects.standing().filter(state=view).select_related("first", "second", "decided_by")
    page = NEWEST_PAIR.page(pairs, PAGE_ROWS, cursor=cursor)
    return {"rows": [PairRow(pair) for pair in page.rows], "next": page.next, "may_decide": view != PairState.MERGED}


def leads_context(cursor: str) -> dict[str, Any]:
    """Each flagged lead with the other open ones of its contact; two queries."""
    flagged = Lead.objects.open().filter(is_duplicate=True).select_related("contact", "agent")
    page = NEWEST_LEAD.page(flagged, PAGE_ROWS, cursor=cursor)
    others = Lead.objects.open().filter(contact__in=[lead.contact_id for lead in page.rows]).select_related("agent")
    beside: dict[UUID, list[Lead]] = {}
    for other in others.order_by("created_at", "pk"):
        beside.setdefault(other.contact_id, []).append(other)
    shown = [{"lead": lead, "others": [o for o in beside.get(lead.contact_id, []) if o != lead]} for lead in page.rows]
    return {"rows": shown, "next": page.next}


class PairRow:
    """A pair with both people as a row shows them."""

    def __init__(self, pair: DuplicatePair) -> None:
        self.pair = pair
        self.people = [{"contact": c, "phone": phone_shown(c.phone_e164)} for c in (pair.first, pair.second)]
        self.name = pair.first.name or "No name"


def back(request: Request) -> HttpResponse:
    """To where the form was."""
    target = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(target, allowed_hosts=None)
    return redirect(target if safe else reverse("duplicates:list"))


@requires("contacts.merge")
@require_POST
def search(request: Request) -> HttpResponse:
    """Start it; the list shows how far it is."""
    try:
        start_search(by=request.user)
    except Refused as refused:
        messages.error(request, refused.message)
    return redirect("duplicates:list")


@requires("contacts.merge")
@require_POST
def dismiss(request: Request, pk: UUID) -> HttpResponse:
    pair = get_or_refuse(DuplicatePair.objects.all(), pk)
    try:
        dismiss_pair(pair, by=request.user)
    except Refused as refused:
        messages.error(request, refused.message)
    else:
        undo = reverse("duplicates:reopen", args=[pk])
        messages.success(request, "They are two people: the pair is gone from the list.", extra_tags=undo)
    return back(request)


@requires("contacts.merge")
@require_POST
def reopen(request: Request, pk: UUID) -> HttpResponse:
    pair = get_or_refuse(DuplicatePair.objects.all(), pk)
    try:
        reopen_pair(pair, by=request.user)
    except Refused as refused:
        messages.error(request, refused.message)
    else:
        messages.success(request, "The pair is to be decided again.")
    return back(request)


@requires("contacts.merge")
@require_POST
def keep(request: Request, pk: UUID) -> HttpResponse:
    """Both leads are meant to be there."""
    lead = get_or_refuse(Lead.objects.visible_to(request.user), pk)
    try:
        keep_lead(lead, by=request.user)
    except Refused as refused:
        messages.error(request, refused.message)
    else:
        messages.success(request, "The lead stands beside the other, and is no duplicate any more.")
    return back(request)


def people_of(pairs: Iterable[DuplicatePair], contact_id: UUID) -> list[Any]:
    """Who may be the same as this contact, each with the pair's reasons."""
    return [
        {"contact": pair.second if pair.first_id == contact_id else pair.first, "reasons": pair.reason_labels}
        for pair in pairs
    ]
