"""Finding the lead that a page is about, doing something to it, and answering."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from crm.core.errors import Refused
from crm.core.http import Request
from crm.core.tenancy import get_or_refuse
from leads.models import Lead
from leads.querysets import LeadQuerySet

Answer = Callable[[Request, UUID, int], HttpResponse]
SWAPPED = {400, 409, 422}  # refusals whose part HTMX shows


def visible(request: Request) -> LeadQuerySet:
    """Deleted ones too: their page says so and offers them back."""
    related = ("contact", "agent", "vendor", "created_by")
    return Lead.objects.visible_to(request.user).select_related(*related)


def found(request: Request, pk: UUID) -> Lead:
    """404 for none, 403 for another's."""
    return get_or_refuse(visible(request), pk)


def do(request: Request, pk: UUID, act: Callable[[Lead], str], answer: Answer) -> HttpResponse:
    """Act on the lead and tell what was done, or why not; `act` returns the words for the toast (none: silence)."""
    lead = found(request, pk)
    held_by, status = lead.agent, 200
    try:
        words = act(lead)
    except Refused as refused:
        messages.error(request, refused.message)
        status = refused.status if refused.status in SWAPPED else 409
    else:
        if words:
            messages.success(request, words)
        tell_of_return(request, pk, held_by.name if held_by else "", words)
    return answer(request, pk, status)


def tell_of_return(request: Request, pk: UUID, holder: str, words: str) -> None:
    """A lead that was opened again and found its agent full went back to the queue: say so."""
    if not holder or words.startswith(("Returned", "Assigned", "Handed")):
        return
    if Lead.objects.filter(pk=pk, agent__isnull=True).exists():
        messages.warning(request, f"{holder} could not keep the lead: it is back in the queue. The hand-overs say why.")


def back_to(request: Request, pk: UUID) -> HttpResponse:
    """The lead's page; the list where the lead is out of the asker's sight now."""
    if not visible(request).filter(pk=pk).exists():
        return redirect("leads:list")
    trail = request.GET.urlencode()
    return redirect(f"{reverse('leads:detail', args=[pk])}{'?' if trail else ''}{trail}")
