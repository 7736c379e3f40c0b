"""New leads and edited ones, with a warning about duplicates while typing."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from crm.accounts.access import requires
from crm.core.errors import InvalidField, Refused
from crm.core.forms import CleanForm
from crm.core.http import Request
from crm.core.pages import answer_part
from leads import actions
from leads.errors import ContactTaken, DuplicateLead, InvalidPhone
from leads.forms import LeadForm, NewLeadForm, lead_initial
from leads.rows import phone_shown
from leads.similar import similar_leads
from leads.views.finding import back_to, found

REFUSED = 422


@requires("leads.create")
@require_http_methods(["GET", "POST"])
def new(request: Request) -> HttpResponse:
    form = NewLeadForm(request.POST if request.method == "POST" else None, user=request.user)
    if request.method == "POST" and form.is_valid():
        given = dict(form.cleaned_data)
        agent = given.pop("agent", None)
        try:
            lead = actions.create_lead(
                {name: value for name, value in given.items() if value not in ("", None)}, by=request.user, agent=agent
            )
        except Refused as refused:
            put_on_form(form, refused)
        else:
            messages.success(request, f"{lead.contact.name} is a lead now.")
            return redirect("leads:detail", lead.pk)
    context = {"form": form, "back_url": reverse("leads:list"), "existing": existing(form)}
    return render(request, "leads/new.html", context, status=REFUSED if form.errors else 200)


@requires("leads.update")
@require_http_methods(["GET", "POST"])
def edit(request: Request, pk: UUID) -> HttpResponse:
    """Only what was changed on the form is changed on the lead."""
    lead = found(request, pk)
    initial = lead_initial(lead, phone_shown(lead.contact.phone_e164) if lead.contact.phone_e164 else "")
    form = LeadForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            actions.update_lead(lead, {name: form.cleaned_data[name] for name in form.changed_data}, by=request.user)
        except Refused as refused:
            put_on_form(form, refused)
        else:
            messages.success(request, "Saved." if form.changed_data else "Nothing was changed.")
            return back_to(request, pk)
    trail = f"?{request.GET.urlencode()}" if request.GET else ""
    context = {
        "form": form,
        "lead": lead,
        "name": lead.contact.name,
        "back_url": reverse("leads:detail", args=[pk]) + trail,
    }
    return render(request, "leads/edit.html", context, status=REFUSED if form.errors else 200)


def put_on_form(form: CleanForm, refused: Refused) -> None:
    """The refusal beside the field that it is about."""
    field: Any = None
    if isinstance(refused, InvalidPhone):
        field = "phone"
    elif isinstance(refused, ContactTaken):
        field = "phone" if refused.field == "phone_e164" else refused.field
    elif isinstance(refused, InvalidField) and refused.field in form.fields:
        field = refused.field
    if isinstance(refused, DuplicateLead):
        form.existing = refused.extra.get("existing_lead_id")  # type: ignore[attr-defined]
    form.add_error(
        field,
        "This is no phone number that anybody can have." if isinstance(refused, InvalidPhone) else refused.message,
    )


def existing(form: CleanForm) -> str:
    """The address of the lead that stands in the way, where the asker may see it."""
    pk = getattr(form, "existing", None)
    return reverse("leads:detail", args=[pk]) if pk else ""


@requires("leads.create")
@require_GET
def similar(request: Request) -> HttpResponse:
    """For the new form, while typing: contacts with this phone or e-mail, and their leads that the asker may see."""
    matches = similar_leads(
        request.user,
        phone=request.GET.get("phone", "")[:40],
        email=request.GET.get("email", "")[:254],
        country=request.company.default_country if request.company else "US",
    )
    return answer_part(request, "leads/_similar.html", {"matches": matches})
