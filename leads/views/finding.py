"""Finding the lead that a page is about, doing something to it, and answering."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from urllib.parse import urlsplit
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from crm.audit.recording import in_batch
from crm.core.errors import Refused
from crm.core.http import Request
from crm.core.ids import uuid7
from crm.core.tenancy import get_or_refuse
from leads.models import Lead
from leads.querysets import LeadQuerySet

Answer = Callable[[Request, UUID, int], HttpResponse]
SWAPPED = {400, 409, 422}  # refusals whose part HTMX shows


def visible(request: Request) -> LeadQuerySet:
    """Deleted ones too: their page says so and offers them back."""
    related = ("contact", "agent", "vendor", "created_by")
    return Lead.objects.visible_to(request.user).select_related(*related).telling_merges()


def found(request: Request, pk: UUID) -> Lead:
    """404 for none, 403 for another's."""
    return get_or_refuse(visible(request), pk)


def do(
    request: Request, pk: UUID, act: Callable[[Lead], str], answer: Answer, *, undoable: bool = False
) -> HttpResponse:
    """Act on the lead and tell what was done, or why not; `act` returns the words for the toast (none: silence).

    `undoable`: what is recorded meanwhile is a batch of its own, which the toast takes back.
    """
    lead = found(request, pk)
    held_by, status, change = lead.agent, 200, uuid7()
    try:
        with in_batch(change) if undoable else nullcontext():
            words = act(lead)
    except Refused as refused:
        messages.error(request, refused.message)
        status = refused.status if refused.status in SWAPPED else 409
    else:
        if words:
            back = reverse("leads:take-back", args=[pk, change]) if undoable else ""
            messages.success(request, words, extra_tags=back)
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


def came_from(request: Request) -> str:
    """The page that the form stood on; the list where none of ours is named."""
    parts = urlsplit(request.headers.get("Referer", ""))
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    return path if path and url_has_allowed_host_and_scheme(path, allowed_hosts=None) else reverse("leads:list")
