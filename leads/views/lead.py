"""A lead's page and what is done there; every verb is a plain form, and HTMX swaps the page's main part."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.timezone import now
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import HttpResponseClientRedirect

from agents.models import Availability
from crm.accounts.access import requires
from crm.accounts.permissions_table import allows
from crm.core.api.problems import Unacceptable
from crm.core.errors import Refused
from crm.core.forms import CleanForm
from crm.core.http import Request
from crm.core.pages import answer_part, optional_url
from leads import actions, board, dispositions, listing
from leads.assignment import Suggestion, assign_by_strategy, assign_lead, reassign_lead, suggestions_for, unassign_lead
from leads.forms import AssignForm, DispositionForm, NoteForm, PriorityForm, StageForm
from leads.happenings import FILTERS, timeline_of
from leads.models import CLOSED_STAGES, Lead, Priority, Stage, Strategy
from leads.next_step import local_times, next_step
from leads.rows import holders, may_assign, phone_shown
from leads.stage_path import stage_path
from leads.views.filtering import board_url, filtered, list_url, trail_of
from leads.views.finding import back_to, do, found, visible
from leads.views.listing import order_of

SUGGESTED = 3
# Parts of the page that floors above bring, each at its own address; one that is not there is left out.
PARTS = ("compliance:lead",)
FIT = "fit"  # in the query: show who fits best at once
BOARD = "board"  # where one came from, in `?at=`
SHARING = (Strategy.CAPACITY, Strategy.ROUND_ROBIN, Strategy.PERFORMANCE)


@requires("leads.view")
@require_GET
def fit(request: Request, pk: UUID) -> HttpResponse:
    """Who fits best: asked for once the page is there, for it weighs all agents. Without HTMX the page with it."""
    lead = found(request, pk)
    if not request.htmx:
        return redirect(f"{reverse('leads:detail', args=[pk])}?{with_fit(request).urlencode()}#agent")
    shown = suggested(lead) if may_assign(request.user, lead) else []
    context = {"lead": lead, "holder": lead.agent, "suggestions": shown, "trail": trail_here(request)}
    return answer_part(request, "leads/_fit.html", context)


def with_fit(request: Request) -> QueryDict:
    params = request.GET.copy()
    params[FIT] = "1"
    return params


def trail_here(request: Request) -> str:
    """The query of the page, for what is done there and comes back to it."""
    return f"?{request.GET.urlencode()}" if request.GET else ""


@requires("leads.view")
@require_GET
def detail(request: Request, pk: UUID) -> HttpResponse:
    lead = found(request, pk)
    if lead.merged_into_id is not None:
        return redirect("leads:detail", lead.merged_into_id)
    context = lead_context(request, lead)
    if request.htmx and not request.htmx.history_restore_request:
        return answer_part(request, "leads/_lead.html", context)
    return render(request, "leads/detail.html", context)


def answer(request: Request, pk: UUID, status: int) -> HttpResponse:
    """The page's main part as it is now; without HTMX back to the page."""
    if not request.htmx:
        return back_to(request, pk)
    lead = visible(request).filter(pk=pk).first()
    if lead is None:
        return HttpResponseClientRedirect(reverse("leads:list"))
    return answer_part(request, "leads/_lead.html", lead_context(request, lead), status=status)


# --- What the page shows -----------------------------------------------------------------------------------------


def lead_context(request: Request, lead: Lead) -> dict[str, Any]:
    """A constant number of queries; suggestions only where the reader may assign."""
    known, outcomes, at = holders(), dispositions.known(), now()
    labels = {outcome.key: outcome.label for outcome in outcomes}
    names = {agent: holder.name for agent, holder in known.items()}
    show = request.GET.get("show", "all") if request.GET.get("show") in FILTERS else "all"
    timeline = timeline_of(lead, names, labels, show=show, before=request.GET.get("before", ""))
    assigns = may_assign(request.user, lead)
    return {
        "lead": lead,
        "name": lead.contact.name or "No name",
        "phone": phone_shown(lead.contact.phone_e164),
        "parts": [] if lead.contact.deleted_at else [url for name in PARTS if (url := optional_url(name, lead.pk))],
        "contact_url": "" if lead.contact.deleted_at else optional_url("contacts:detail", lead.contact_id),
        "holder": known.get(lead.agent_id) if lead.agent_id else None,
        "others": [h for h in known.values() if h.is_active and h.pk != lead.agent_id],
        "at": at,
        "step": next_step(lead, at),
        "local_times": local_times(lead.contact, at),
        "path": stage_path(lead, list(lead.stage_changes.order_by("at")), at),
        "stages": Stage.choices,
        "priorities": Priority.choices,
        "needs_reason": lead.stage in CLOSED_STAGES,
        "outcomes": [outcome for outcome in outcomes if outcome.is_active],
        "disposition": labels.get(lead.disposition, lead.disposition),
        "timeline": timeline,
        "show": show,
        "timeline_filters": [{"key": key, "label": label, "current": key == show} for key, label in FILTERS.items()],
        "strategies": [{"value": s.value, "label": str(s.label)} for s in SHARING],
        "may_assign": assigns,
        "suggestions": suggested(lead) if assigns and request.GET.get(FIT) else None,
        "may_delete": allows(request.user, "leads.delete"),
        "may_return": lead.vendor_id is not None and lead.stage != "customer" and allows(request.user, "leads.return"),
        "resend_url": optional_url("dashboard:resend", lead.pk) if lead.agent_id and lead.is_open else "",
        "calls_url": optional_url("calls:of_lead", lead.pk),
        "trail": trail_here(request),
        "cockpit_url": optional_url("cockpit:lead", lead.pk) if is_own(request, lead) else "",
        **way_context(request, lead),
    }


def is_own(request: Request, lead: Lead) -> bool:
    return lead.is_open and lead.agent is not None and lead.agent.user_id == request.user.pk


def suggested(lead: Lead) -> list[dict[str, Any]]:
    """The best that could take it now, whoever holds it, each with what speaks for and against it."""
    fit = [s for s in suggestions_for(lead, limit=SUGGESTED + 1) if s.can_take][:SUGGESTED]
    return [{"agent": s.agent, "percent": s.capacity.percentage, "reasons": reasons_of(s)} for s in fit]


def reasons_of(suggestion: Suggestion) -> list[tuple[bool, str]]:
    """In few words, for a narrow column: whether it speaks for the agent, and what."""
    slots, word = suggestion.capacity.available_slots, Availability(suggestion.agent.availability).label.lower()
    reasons = [
        (suggestion.is_ready, word if suggestion.within_hours else f"{word}, outside hours"),
        (True, "no limit" if slots is None else f"room for {slots}"),
        (suggestion.score >= 50, f"performance {round(suggestion.score)}"),
    ]
    if suggestion.dealt_with_contact:
        reasons.insert(0, (True, "knows them"))
    if suggestion.same_time_zone:
        reasons.append((True, "same time zone"))
    return reasons


def way_context(request: Request, lead: Lead) -> dict[str, Any]:
    """Previous and next in the list or the column that one came from (`?in=` holds its query), and the way back."""
    params = listing.tidy(QueryDict(request.GET.get("in", "")))
    at_board = request.GET.get("at") == BOARD
    try:
        leads = filtered(request, params)
    except Unacceptable:
        return {"back_url": reverse("leads:list")}
    leads, order = (leads.filter(stage=lead.stage), board.order_of(params)) if at_board else (leads, order_of(params))
    before, behind = listing.neighbours(leads.exclude(pk=lead.pk).only("pk"), order, lead)
    trail = trail_of(params, **({"at": BOARD} if at_board else {}))
    return {
        "back_url": board_url(params) if at_board else list_url(params),
        "previous_url": f"{reverse('leads:detail', args=[before.pk])}?{trail}" if before else "",
        "next_url": f"{reverse('leads:detail', args=[behind.pk])}?{trail}" if behind else "",
    }


# --- What is done there ------------------------------------------------------------------------------------------


def clean(form: CleanForm) -> dict[str, Any]:
    """The form's values, or a refusal in its own words."""
    if not form.is_valid():
        raise Refused(form.problem)
    return form.cleaned_data


@requires("leads.update")
@require_POST
def stage(request: Request, pk: UUID) -> HttpResponse:
    def act(lead: Lead) -> str:
        given = clean(StageForm(request.POST))
        actions.set_stage(lead, given["stage"], by=request.user, reason=given["reason"])
        return f"Moved to {Stage(given['stage']).label}."

    return do(request, pk, act, answer)


@requires("leads.update")
@require_POST
def disposition(request: Request, pk: UUID) -> HttpResponse:
    """The outcome, and a note with it where one was written."""

    def act(lead: Lead) -> str:
        given = clean(DispositionForm(request.POST))
        changed = actions.set_disposition(lead, given["disposition"], by=request.user)
        if given["note"]:
            actions.add_note(lead, given["note"], by=request.user)
        if not given["disposition"]:
            return "The outcome was taken back."
        label = dispositions.labels().get(changed.disposition, changed.disposition)
        return f"{label}: the lead is closed." if not changed.is_open else f"Outcome set: {label}."

    return do(request, pk, act, answer)


@requires("leads.update")
@require_POST
def priority(request: Request, pk: UUID) -> HttpResponse:
    def act(lead: Lead) -> str:
        given = clean(PriorityForm(request.POST))
        actions.update_lead(lead, given, by=request.user)
        return f"Priority is {Priority(given['priority']).label} now."

    return do(request, pk, act, answer)


@requires("leads.update")
@require_POST
def note(request: Request, pk: UUID) -> HttpResponse:
    def act(lead: Lead) -> str:
        actions.add_note(lead, clean(NoteForm(request.POST))["text"], by=request.user)
        return "Note saved."

    return do(request, pk, act, answer)


@requires("leads.view")
@require_POST
def assign(request: Request, pk: UUID) -> HttpResponse:
    """To the agent named, or to whom the strategy finds; a held lead is handed on."""

    def act(lead: Lead) -> str:
        if lead.is_open and not may_assign(request.user, lead):
            raise PermissionDenied
        given = clean(AssignForm(request.POST))
        if (agent := given["agent"]) is None:
            assign_by_strategy(lead, strategy=given["strategy"], by=request.user, notes=given["notes"])
        else:
            place = reassign_lead if lead.agent_id else assign_lead
            place(lead, agent, by=request.user, notes=given["notes"])
        return f"Assigned to {lead.agent.name}." if lead.agent else ""

    return do(request, pk, act, answer)


@requires("leads.view")
@require_POST
def unassign(request: Request, pk: UUID) -> HttpResponse:
    def act(lead: Lead) -> str:
        if lead.agent_id and lead.is_open and not may_assign(request.user, lead):
            raise PermissionDenied
        unassign_lead(lead, by=request.user, reason=request.POST.get("reason", "")[:500])
        return "Returned to the queue."

    return do(request, pk, act, answer)


@requires("leads.delete")
@require_POST
def delete(request: Request, pk: UUID) -> HttpResponse:
    lead = found(request, pk)
    try:
        actions.delete_lead(lead, by=request.user)
    except Refused as refused:
        messages.error(request, refused.message)
        return answer(request, pk, 409)
    undo = reverse("leads:restore", args=[pk])
    messages.success(request, f"The lead of {lead.contact.name} was deleted.", extra_tags=undo)
    return HttpResponseClientRedirect(reverse("leads:list")) if request.htmx else redirect("leads:list")


@requires("leads.delete")
@require_POST
def restore(request: Request, pk: UUID) -> HttpResponse:
    def act(lead: Lead) -> str:
        actions.restore_lead(lead, by=request.user)
        return "The lead is back."

    return do(request, pk, act, answer)
