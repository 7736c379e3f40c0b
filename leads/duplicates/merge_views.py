"""Two contacts or two leads side by side: which one stays, and whose value each field has."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from agents.querysets import is_uuid
from crm.accounts.access import requires
from crm.core.errors import Refused
from crm.core.http import Request
from crm.core.tenancy import get_or_refuse
from crm.jobs.models import Job
from leads.duplicates.choosing import BOTH, Chosen
from leads.duplicates.jobs import merge_contacts_now, merge_leads_now
from leads.duplicates.models import DuplicatePair
from leads.duplicates.preview import Preview, preview_contacts, preview_leads
from leads.duplicates.representation import shown
from leads.models import Contact, Lead
from leads.rows import phone_shown

FIELD = "field."  # of the form: `field.email` is `this`, `other` or, where both are united, `both`
REFUSED = 409


@requires("contacts.merge")
@require_GET
def choose_two(request: Request) -> HttpResponse:
    """From the list of contacts: the two that were ticked, the older one first."""
    ids = sorted({pk for pk in request.GET.getlist("ids") if is_uuid(pk)})
    if len(ids) != 2:
        messages.error(request, "Tick the two contacts that are one person.")
        return redirect("contacts:list")
    return redirect("duplicates:contacts", *ids)


@requires("contacts.merge")
@require_http_methods(["GET", "POST"])
def contacts(request: Request, pk: UUID, other: UUID) -> HttpResponse:
    rows = Contact.objects.visible_to(request.user).select_related("created_by")
    this, that = get_or_refuse(rows, pk), get_or_refuse(rows, other)
    if request.method == "POST":
        return merged(request, this, "contacts:detail", lambda given: merge_contacts_now(
            this, that, by=request.user, fields=given)[0])  # fmt: skip
    if this.merged_into_id or that.merged_into_id:
        return redirect("contacts:detail", this.merged_into_id or that.merged_into_id)
    pair = DuplicatePair.objects.of([pk]).of([other]).first()
    return page(request, this, that, lambda: preview_contacts(this, that), {
        "names": [this.name, that.name],
        "lines": [line_of(this), line_of(that)],
        "pair": pair,
        "kind": "contacts",
    })  # fmt: skip


@requires("contacts.merge")
@require_http_methods(["GET", "POST"])
def leads(request: Request, pk: UUID, other: UUID) -> HttpResponse:
    rows = Lead.objects.visible_to(request.user).select_related("contact", "agent", "vendor")
    this, that = get_or_refuse(rows, pk), get_or_refuse(rows, other)
    if request.method == "POST":
        return merged(request, this, "leads:detail", lambda given: merge_leads_now(
            this, that, by=request.user, fields=given)[0])  # fmt: skip
    if this.merged_into_id or that.merged_into_id:
        return redirect("leads:detail", this.merged_into_id or that.merged_into_id)
    return page(request, this, that, lambda: preview_leads(this, that), {
        "names": [f"Lead of {lead.created_at:%-d %b %Y}" for lead in (this, that)],
        "lines": [lead_line(this), lead_line(that)],
        "kind": "leads",
    })  # fmt: skip


def page(
    request: Request, this: Any, that: Any, read: Callable[[], Preview], context: Mapping[str, Any]
) -> HttpResponse:
    try:
        preview, problem = read(), ""
    except Refused as refused:
        preview, problem = Preview([]), refused.message
    told = {
        **context,
        "this": this,
        "that": that,
        "problem": problem,
        "fields": [row_of(one) for one in preview.differing],
        "same": [one.label for one in preview.chosen if not one.differs and shown(one.name, one.this)],
        "leads": preview.leads,
        "turned_url": reverse(f"duplicates:{context['kind']}", args=[that.pk, this.pk]),
    }
    return render(request, "duplicates/merge.html", told, status=REFUSED if problem else 200)


def row_of(one: Chosen) -> dict[str, Any]:
    """A differing field with its options, the taken one first ticked."""
    options = [("this", shown(one.name, one.this)), ("other", shown(one.name, one.other))]
    return {
        "name": f"{FIELD}{one.name}",
        "label": one.label,
        "options": [{"value": value, "text": text, "on": one.taken == value} for value, text in options],
        "both": shown(one.name, one.result) if one.taken == BOTH else "",
        "result": shown(one.name, one.result),
        "may_choose": one.may_choose,
        "why": one.why,
    }


def line_of(contact: Contact) -> str:
    return ", ".join(filter(None, (contact.organization, phone_shown(contact.phone_e164), contact.email)))


def lead_line(lead: Lead) -> str:
    holder = lead.agent.name if lead.agent else "nobody"
    return f"{lead.get_stage_display()}, {lead.get_status_display().lower()}, held by {holder}"


def merged(request: Request, this: Any, name: str, act: Callable[[dict[str, str]], Job]) -> HttpResponse:
    """To the one that stays, with Undo; a refusal back to the side-by-side page, or to who stands there by now."""
    given = {
        key.removeprefix(FIELD): str(value)
        for key, value in request.POST.items()
        if key.startswith(FIELD) and value in ("this", "other")
    }
    try:
        job = act(given)
    except Refused as refused:
        messages.error(request, refused.message)
        return redirect(request.path)
    messages.success(request, "The two are one now.", extra_tags=reverse("leads:undo", args=[job.pk]))
    return redirect(name, this.pk)
