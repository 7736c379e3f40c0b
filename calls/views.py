"""Pages of calls: the history, one call, how they go; and the calls of one lead, for the lead's page."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.timezone import now
from django.views.decorators.http import require_GET, require_http_methods, require_POST, require_safe

from agents.models import Agent
from calls import actions
from calls.filters import PeriodFilter
from calls.forms import LogForm, OutcomeForm
from calls.listing import list_context, matching, tidied
from calls.metrics import by_agent, by_hour, by_result, metrics_of
from calls.models import Call
from calls.recordings import recording_response
from calls.words import call_words, detail_words
from crm.accounts.access import requires
from crm.accounts.permissions_table import allows
from crm.core.errors import Refused
from crm.core.http import Request
from crm.core.pages import answer_part
from crm.core.tenancy import get_or_refuse
from leads import dispositions
from leads.forms import WhenForm
from leads.models import Lead

OF_LEAD = 10


@requires("calls.view")
@require_GET
def call_list(request: Request) -> HttpResponse:
    """The history, or for HTMX its list alone. Filters live in the address, tidied of a form's empty fields."""
    if (clean := tidied(request, "calls:list")) is not None:
        return clean
    context = list_context(request)
    if request.htmx and not request.htmx.history_restore_request:
        return answer_part(request, "calls/_list.html", context)
    return render(request, "calls/list.html", context)


@requires("calls.view")
@require_GET
def metrics(request: Request) -> HttpResponse:
    """A constant number of queries; hours are those of the reader's clock."""
    if (clean := tidied(request, "calls:metrics")) is not None:
        return clean
    calls, problems = matching(request, PeriodFilter)
    hours, agents = by_hour(calls, timezone.get_current_timezone()), by_agent(calls)
    results = [{**row, "words": detail_words(row["outcome"], row["detail"])} for row in by_result(calls)]
    return render(request, "calls/metrics.html", {
        "params": request.GET,
        "problems": problems,
        "figures": metrics_of(calls),
        "hours": hours,
        "by_agent": agents,
        "results": results,
        "charts": {"hours": hours, "agents": agents[:12], "results": results},
        "agents": list(Agent.objects.order_by("name")),
        "zone": timezone.get_current_timezone_name(),
    })  # fmt: skip


@requires("calls.view")
@require_GET
def detail(request: Request, pk: UUID) -> HttpResponse:
    """One call; while it goes on, HTMX asks for it again every few seconds."""
    context = call_context(request, found(request, pk))
    if request.htmx and not request.htmx.history_restore_request:
        return answer_part(request, "calls/_call.html", context)
    return render(request, "calls/detail.html", context)


def found(request: Request, pk: UUID) -> Call:
    calls = Call.objects.visible_to(request.user).with_names().select_related("decision", "created_by", "lead")
    return get_or_refuse(calls, pk)


def call_context(request: Request, call: Call) -> dict[str, Any]:
    """Four queries."""
    labels = dispositions.labels()
    return {
        "call": call,
        "name": call.contact.name or "No name",
        "words": call_words(call),
        "disposition": labels.get(call.disposition, call.disposition),
        "outcomes": dispositions.choices(),
        "events": list(call.events.order_by("received_at", "pk")),  # type: ignore[attr-defined]
        "sees_lead": Lead.objects.alive().visible_to(request.user).filter(pk=call.lead_id).exists(),
        "may_log": allows(request.user, "calls.log"),
    }


@requires("calls.view")
@require_safe
def recording(request: Request, pk: UUID) -> HttpResponseBase:
    """Its sound, whole or in parts, to whoever may see the call."""
    try:
        return recording_response(request, found(request, pk))
    except Refused as refused:
        return HttpResponse(f"{refused.message}.", status=refused.status, content_type="text/plain; charset=utf-8")


@requires("calls.log")
@require_POST
def disposition(request: Request, pk: UUID) -> HttpResponse:
    call, form = found(request, pk), OutcomeForm(request.POST)
    if not form.is_valid():
        messages.error(request, form.problem)
    else:
        summary = form.cleaned_data["summary"] or None
        try:
            actions.set_call_disposition(call, form.cleaned_data["disposition"], summary=summary, by=request.user)
            messages.success(request, "The outcome is set.")
        except Refused as refused:
            messages.error(request, refused.message)
    return redirect("calls:detail", pk)


@requires("calls.schedule")
@require_POST
def cancel(request: Request, pk: UUID) -> HttpResponse:
    try:
        call = actions.cancel_call(found(request, pk), by=request.user)
        messages.success(request, "The call is canceled." if call.is_over else "The call is being hung up.")
    except Refused as refused:
        messages.error(request, refused.message)
    return redirect("calls:detail", pk)


# --- The calls of one lead ---------------------------------------------------------------------------------------


@requires("calls.view")
@require_GET
def of_lead(request: Request, pk: UUID) -> HttpResponse:
    """The panel of the lead's page, and a page of its own where nothing is fetched by script."""
    context = lead_context(request, lead_of(request, pk))
    if request.htmx and not request.htmx.history_restore_request:
        return answer_part(request, "calls/_of_lead.html", context)
    return render(request, "calls/of_lead.html", context)


def lead_of(request: Request, pk: UUID) -> Lead:
    leads = Lead.objects.alive().visible_to(request.user).select_related("contact", "agent")
    return get_or_refuse(leads, pk)


def lead_context(request: Request, lead: Lead) -> dict[str, Any]:
    """Two queries."""
    labels = dispositions.labels()
    calls = Call.objects.filter(lead=lead).with_names().order_by("-created_at", "-pk")[:OF_LEAD]
    return {
        "lead": lead,
        "name": lead.contact.name or "No name",
        "rows": [{"call": call, "words": call_words(call), "outcome": labels.get(call.disposition)} for call in calls],
        "waits_until": due_at(lead),
        "may_schedule": allows(request.user, "calls.schedule"),
        "may_log": allows(request.user, "calls.log"),
    }


def due_at(lead: Lead) -> Any:
    """What the next call waits for; none where it is due, or will not be."""
    moments = [m for m in (lead.schedule_at, lead.next_attempt_at, lead.held_until) if m is not None]
    latest = max(moments, default=None)
    return latest if lead.is_open and latest is not None and latest > now() else None


@requires("calls.schedule")
@require_POST
def schedule(request: Request, pk: UUID) -> HttpResponse:
    lead, form = lead_of(request, pk), WhenForm(request.POST)
    if not form.is_valid():
        messages.error(request, form.problem)
    else:
        try:
            asked = actions.schedule_lead(lead, wanted_at=form.cleaned_data["at"], by=request.user)
        except Refused as refused:
            messages.error(request, f"{refused.message}.")
        else:
            messages.success(request, scheduled_words(asked))
    if request.htmx:
        return answer_part(request, "calls/_of_lead.html", lead_context(request, lead_of(request, pk)))
    return redirect("leads:detail", pk)


def scheduled_words(asked: actions.Scheduled) -> str:
    if asked.held_until:
        local = timezone.localtime(asked.held_until)
        return f"Scheduled; calls are permitted there from {local:%a} {local.day} {local:%b, %H:%M %Z}."
    return "Scheduled: it stands at the front."


@requires("calls.log")
@require_http_methods(["GET", "POST"])
def log(request: Request, pk: UUID) -> HttpResponse:
    lead = lead_of(request, pk)
    outcomes = [(outcome.key, outcome.label) for outcome in dispositions.choices()]
    form = LogForm(request.POST if request.method == "POST" else None, outcomes=outcomes)
    if form.is_valid():
        agent = Agent.objects.filter(user=request.user).first()
        try:
            call = actions.log_call(lead, form.facts(), by=request.user, agent=agent)
        except Refused as refused:
            form.add_error(None, f"{refused.message}.")
        else:
            messages.success(request, "The call is logged.")
            return redirect("calls:detail", call.pk)
    context = {"form": form, "lead": lead, "name": lead.contact.name or "No name"}
    return render(request, "calls/log.html", context, status=422 if form.errors else 200)
