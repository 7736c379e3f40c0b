"""One cell of the list, changed in place: a menu of what it may become, and the row as it is then."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from crm.accounts.access import requires
from crm.accounts.permissions_table import allows
from crm.core.http import Request
from crm.core.pages import answer_part
from leads import actions, dispositions, listing
from leads.assignment import assign_lead, unassign_lead
from leads.forms import AssignForm, DispositionForm, PriorityForm, StageForm
from leads.models import CLOSED_STAGES, Lead, Priority, Stage
from leads.row_html import row_html
from leads.rows import disposition_labels, holders, may_assign, rows_of, with_room
from leads.views.columns import sorting_context
from leads.views.finding import do, found, visible
from leads.views.lead import clean
from leads.views.listing import SHEET, table_of


@requires("leads.view")
@require_http_methods(["GET", "POST"])
def cell(request: Request, pk: UUID, what: str) -> HttpResponse:
    """GET: the menu. POST: do it, and answer with the row (without HTMX: the lead's page)."""
    if what not in CELLS:
        raise Http404
    options, act = CELLS[what]
    if request.method == "POST":
        undoable = what != "agent" or allows(request.user, "leads.assign")
        return do(request, pk, lambda lead: act(request, allowed(request, lead, what)), answer_row, undoable=undoable)
    lead = allowed(request, found(request, pk), what)
    if not request.htmx:
        return redirect("leads:detail", pk)
    context = {
        "lead": lead,
        "what": what,
        "name": lead.contact.name or "No name",
        "options": options(request, lead),
        "asks_reason": what == "stage" and lead.stage in CLOSED_STAGES,
        "stages": Stage.choices,
        "trail": f"?{request.GET.urlencode()}" if request.GET else "",
    }
    return answer_part(request, "leads/_cell_menu.html", context)


def allowed(request: Request, lead: Lead, what: str) -> Lead:
    if not (may_assign(request.user, lead) if what == "agent" else allows(request.user, "leads.update")):
        raise PermissionDenied
    return lead


def answer_row(request: Request, pk: UUID, status: int) -> HttpResponse:
    """The row; nothing in its place where the lead is out of the asker's sight now."""
    if not request.htmx:
        return redirect("leads:detail", pk)
    lead = visible(request).filter(pk=pk).first()
    if lead is None:
        return answer_part(request, "leads/_no_row.html")
    rows = rows_of([lead], request.user, holders(), disposition_labels())
    params = listing.tidy(QueryDict(request.GET.get("in", "")))
    table = table_of(request, params, sorting_context(request, params, SHEET)["columns"])
    return answer_part(request, "leads/_row.html", {"line": row_html(rows[0], table)}, status=status)


# --- What each cell may become, and how it does --------------------------------------------------------------------


def option(
    value: Any, label: str, *, icon: str = "", hint: str = "", on: bool = False, off: bool = False
) -> dict[str, Any]:
    return {"value": value, "label": label, "icon": icon, "hint": hint, "on": on, "off": off}


def stage_options(request: Request, lead: Lead) -> list[dict[str, Any]]:
    return [option(value, label, icon=f"s-{value}", on=value == lead.stage) for value, label in Stage.choices]


def set_stage(request: Request, lead: Lead) -> str:
    given = clean(StageForm(request.POST))
    actions.set_stage(lead, given["stage"], by=request.user, reason=given["reason"])
    return f"{lead.contact.name}: {Stage(given['stage']).label}."


def priority_options(request: Request, lead: Lead) -> list[dict[str, Any]]:
    return [option(value, label, on=value == lead.priority) for value, label in reversed(Priority.choices)]


def set_priority(request: Request, lead: Lead) -> str:
    given = clean(PriorityForm(request.POST))
    actions.update_lead(lead, given, by=request.user)
    return f"{lead.contact.name}: {Priority(given['priority']).label.lower()} priority."


def disposition_options(request: Request, lead: Lead) -> list[dict[str, Any]]:
    return [
        option(o.key, o.label, on=o.key == lead.disposition, hint="closes it" if o.is_final else "")
        for o in dispositions.choices()
    ]


def set_disposition(request: Request, lead: Lead) -> str:
    given = clean(DispositionForm(request.POST))
    changed = actions.set_disposition(lead, given["disposition"], by=request.user)
    closed = "" if changed.is_open else " The lead is closed."
    return f"{lead.contact.name}: {dispositions.labels().get(changed.disposition, changed.disposition)}.{closed}"


def agent_options(request: Request, lead: Lead) -> list[dict[str, Any]]:
    """The most room first; who is full stands there and can't be chosen."""
    found = [
        option(h.pk, h.name, hint=h.short, on=h.pk == lead.agent_id, off=not h.has_room and h.pk != lead.agent_id)
        for h in with_room(holders())
    ]
    return [*found, option("", "Nobody: back to the queue", icon="user-minus")] if lead.agent_id else found


def set_agent(request: Request, lead: Lead) -> str:
    if not request.POST.get("agent"):
        unassign_lead(lead, by=request.user)
        return f"Returned to the queue: {lead.contact.name}."
    given = clean(AssignForm(request.POST))
    assign_lead(lead, given["agent"], by=request.user)
    return f"Assigned {lead.contact.name} to {given['agent'].name}."


Options = Callable[[Request, Lead], list[dict[str, Any]]]
Act = Callable[[Request, Lead], str]
CELLS: dict[str, tuple[Options, Act]] = {
    "stage": (stage_options, set_stage),
    "priority": (priority_options, set_priority),
    "disposition": (disposition_options, set_disposition),
    "agent": (agent_options, set_agent),
}
