"""The panel of a lead's page that says why, and the page of its own where nothing is fetched by script."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.timezone import now
from django.views.decorators.http import require_GET

from crm.accounts.access import requires
from crm.core.http import Request
from crm.core.pages import answer_part
from crm.core.tenancy import get_or_refuse
from leads.models import Lead
from leads.why.registry import explain


@requires("leads.view")
@require_GET
def why(request: Request, pk: UUID) -> HttpResponse:
    lead = get_or_refuse(Lead.objects.visible_to(request.user).select_related("contact", "agent", "vendor"), pk)
    context = {"lead": lead, "name": lead.contact.name or "No name", "sections": explain(lead, request.user, now())}
    if request.htmx and not request.htmx.history_restore_request:
        return answer_part(request, "leads/_why.html", context)
    return render(request, "leads/why.html", context)
