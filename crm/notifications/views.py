"""The mails about a lead, for the lead's page to show, and sending one again."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_POST

from crm.accounts.access import requires
from crm.core.errors import Refused
from crm.core.http import Request
from crm.core.pages import answer_part
from crm.core.tenancy import get_or_refuse
from crm.notifications.actions import assignment_mails, resend_assignment_mail
from leads.models import Lead

SHOWN = 5


@requires("leads.view")
@require_GET
def lead_mails(request: Request, pk: UUID) -> HttpResponse:
    """A panel: the newest assignment mails with their tries. The lead's page asks for it by `hx-get`."""
    return panel(request, find(request, pk))


@requires("leads.update")
@require_POST
def resend(request: Request, pk: UUID) -> HttpResponse:
    """Tell the holder once more. HTMX gets the panel again, a plain form the lead's page."""
    lead = find(request, pk)
    try:
        mail = resend_assignment_mail(lead, by=request.user)
    except Refused as refused:
        messages.error(request, refused.message)
    else:
        messages.success(request, f"Mail to {mail.to} is on its way")
    return panel(request, lead) if request.htmx else redirect("leads:detail", pk=lead.pk)


def find(request: Request, pk: UUID) -> Lead:
    return get_or_refuse(Lead.objects.alive().visible_to(request.user), pk)


def panel(request: Request, lead: Lead) -> HttpResponse:
    mails = assignment_mails(lead).defer("text", "html").prefetch_related("attempts")[:SHOWN]
    return answer_part(request, "notifications/_lead_mails.html", {"lead": lead, "mails": list(mails)})
