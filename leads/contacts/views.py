"""A contact's page: the person, all its leads, and what happened to them; making, changing and deleting one."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.timezone import now
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from crm.accounts.access import requires
from crm.accounts.models import User
from crm.accounts.permissions_table import allows
from crm.core.api.problems import Unacceptable
from crm.core.errors import Refused
from crm.core.http import Request
from crm.core.pages import answer_part, optional_url
from crm.core.tenancy import NotFound, get_or_refuse
from leads import actions, dispositions, listing
from leads.contacts.forms import ContactForm, contact_initial
from leads.contacts.list_views import filtered, order_of
from leads.duplicates.models import DuplicatePair
from leads.duplicates.views import people_of
from leads.happenings import happened_to, together
from leads.models import Contact, Lead
from leads.next_step import local_times
from leads.rows import holders, phone_shown, rows_of
from leads.views.editing import REFUSED, put_on_form

SHOWN_LEADS = 100
SHOWN_MERGED = 20
# Parts of the page that floors above bring, each at its own address; one that is not there is left out.
PARTS = ("compliance:contact",)


@requires("contacts.view")
@require_GET
def detail(request: Request, pk: UUID) -> HttpResponse:
    """Who was merged into another is shown there."""
    contact = known(request, pk)
    if contact.merged_into_id is not None:
        return redirect("contacts:detail", contact.merged_into_id)
    context = contact_context(request, standing(contact))
    if request.htmx and not request.htmx.history_restore_request:
        return answer_part(request, "contacts/_contact.html", context)
    return render(request, "contacts/detail.html", context)


def known(request: Request, pk: UUID) -> Contact:
    """404 for none, 403 for another's; deleted ones too."""
    return get_or_refuse(Contact.objects.visible_to(request.user).select_related("created_by"), pk)


def standing(contact: Contact) -> Contact:
    """404 for a deleted one."""
    if contact.deleted_at is not None:
        raise NotFound
    return contact


def found(request: Request, pk: UUID) -> Contact:
    return standing(known(request, pk))


def contact_context(request: Request, contact: Contact) -> dict[str, Any]:
    """A constant number of queries, however many leads there are."""
    agents, labels, at = holders(), dispositions.labels(), now()
    names = {agent: holder.name for agent, holder in agents.items()}
    visible = Lead.objects.alive().visible_to(request.user).filter(contact=contact)
    leads = list(visible.select_related("contact").order_by("-created_at", "-pk")[:SHOWN_LEADS])
    ids = together([lead.pk for lead in leads], [contact.pk])
    about = {lead.pk: lead for lead in leads} if len(leads) > 1 else {}
    return {
        "contact": contact,
        "name": contact.name or "No name",
        "phone": phone_shown(contact.phone_e164),
        "local_times": local_times(contact, at),
        "rows": rows_of(leads, request.user, agents, labels),
        "at": at,
        "timeline": happened_to(ids, names, labels, request.GET.get("before", ""), about),
        "show": "all",
        "parts": [url for name in PARTS if (url := optional_url(name, contact.pk))],
        "may_change": allows(request.user, "contacts.update"),
        "may_delete": allows(request.user, "contacts.delete"),
        "has_open": any(lead.is_open for lead in leads),
        "also": list(Contact.objects.merged().filter(merged_into=contact).order_by("pk")[:SHOWN_MERGED]),
        "alike": alike_of(request.user, contact),
        "trail": f"?{request.GET.urlencode()}" if request.GET else "",
        **way_context(request, contact),
    }


def alike_of(user: User, contact: Contact) -> list[Any]:
    """Who may be the same person, for those who may merge them."""
    if not allows(user, "contacts.merge"):
        return []
    pairs = DuplicatePair.objects.open().of([contact.pk]).select_related("first", "second")
    return people_of(pairs.order_by("pk")[:SHOWN_MERGED], contact.pk)


def way_context(request: Request, contact: Contact) -> dict[str, Any]:
    """Previous and next in the list that one came from (`?in=` holds its query), and the way back to it."""
    params = listing.tidy(QueryDict(request.GET.get("in", "")))
    url = reverse("contacts:list")
    try:
        contacts = filtered(request, params)
    except Unacceptable:
        return {"back_url": url}
    before, behind = listing.neighbours(contacts.exclude(pk=contact.pk).only("pk"), order_of(params), contact)
    trail = QueryDict(mutable=True)
    trail["in"] = params.urlencode()
    return {
        "back_url": f"{url}?{params.urlencode()}" if params else url,
        "previous_url": f"{reverse('contacts:detail', args=[before.pk])}?{trail.urlencode()}" if before else "",
        "next_url": f"{reverse('contacts:detail', args=[behind.pk])}?{trail.urlencode()}" if behind else "",
    }


@requires("contacts.create")
@require_http_methods(["GET", "POST"])
def new(request: Request) -> HttpResponse:
    form = ContactForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        given = {name: value for name, value in form.cleaned_data.items() if value not in ("", None)}
        try:
            contact = actions.create_contact(given, by=request.user)
        except Refused as refused:
            put_on_form(form, refused)
        else:
            messages.success(request, f"{contact.name} is a contact now.")
            return redirect("contacts:detail", contact.pk)
    context = {"form": form, "back_url": reverse("contacts:list")}
    return render(request, "contacts/new.html", context, status=REFUSED if form.errors else 200)


@requires("contacts.update")
@require_http_methods(["GET", "POST"])
def edit(request: Request, pk: UUID) -> HttpResponse:
    """Only what was changed on the form is changed on the contact."""
    contact = found(request, pk)
    form = ContactForm(request.POST if request.method == "POST" else None, initial=contact_initial(contact))
    trail = f"?{request.GET.urlencode()}" if request.GET else ""
    back_url = reverse("contacts:detail", args=[pk]) + trail
    if request.method == "POST" and form.is_valid():
        changes = {name: form.cleaned_data[name] for name in form.changed_data}
        try:
            actions.update_contact(contact, changes, by=request.user)
        except Refused as refused:
            put_on_form(form, refused)
        else:
            messages.success(request, "Saved." if form.changed_data else "Nothing was changed.")
            return redirect(back_url)
    context = {"form": form, "contact": contact, "name": contact.name, "back_url": back_url}
    return render(request, "contacts/edit.html", context, status=REFUSED if form.errors else 200)


@requires("contacts.delete")
@require_POST
def delete(request: Request, pk: UUID) -> HttpResponse:
    contact = found(request, pk)
    try:
        actions.delete_contact(contact, by=request.user)
    except Refused as refused:
        messages.error(request, refused.message)
        return redirect("contacts:detail", pk)
    messages.success(request, f"{contact.name} was deleted.")
    return redirect("contacts:list")
