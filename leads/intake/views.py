"""The page between choosing to give a lead back to its vendor and doing it."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from crm.accounts.access import requires
from crm.core.errors import Refused
from crm.core.http import Request
from crm.core.tenancy import get_or_refuse
from leads.intake.actions import return_lead
from leads.intake.forms import ReturnForm
from leads.models import Lead


@requires("leads.return")
@require_http_methods(["GET", "POST"])
def give_back(request: Request, pk: UUID) -> HttpResponse:
    lead = get_or_refuse(Lead.objects.visible_to(request.user).alive().select_related("contact", "vendor"), pk)
    form = ReturnForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            return_lead(lead, **form.cleaned_data, by=request.user)
        except Refused as refused:
            form.add_error(None, refused.message)
        else:
            messages.success(request, "The lead is given back to its vendor, and lost.")
            return redirect("leads:detail", pk)
    context = {"form": form, "lead": lead}
    return render(request, "leads/return.html", context, status=422 if form.errors else 200)
