"""Pages of an administrator: users, invitations, the company's settings."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import now
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crm.accounts import actions
from crm.accounts.access import requires
from crm.accounts.company_form import SHOWN_AT, CompanyForm
from crm.accounts.forms import InviteForm, NewUserForm, UserForm, refuse
from crm.accounts.models import Company, Invitation, User
from crm.accounts.permissions_table import Role
from crm.core.errors import Refused
from crm.core.http import Request
from crm.core.pages import optional_url
from crm.core.tenancy import get_or_refuse

USERS_ON_PAGE = 50


@requires("users.manage")
@require_safe
def users(request: Request) -> HttpResponse:
    """Everybody who signs in, and who is invited. `show`: active (at first), off, or a role."""
    shown = request.GET.get("show", "active")
    words = request.GET.get("search", "").replace("\x00", "")
    found = User.objects.matching(words)
    page = Paginator(narrowed(found, shown).with_load(), USERS_ON_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "shown": shown,
        "search": words,
        "views": [("active", "Active"), *Role.choices, ("off", "Switched off")],
        "invitations": waiting_invitations(),
        "invite_form": InviteForm(),
    }
    return render(request, "accounts/users.html", context)


def narrowed(found: Any, shown: str) -> Any:
    if shown in Role.values:
        return found.filter(role=shown, is_active=True)
    return found.filter(is_active=shown != "off")


def waiting_invitations() -> QuerySet[Invitation]:
    waiting = Invitation.objects.filter(accepted_at=None, expires_at__gt=now())
    return waiting.select_related("invited_by").order_by("-created_at")


@requires("users.manage")
@require_http_methods(["GET", "HEAD", "POST"])
def new_user(request: Request) -> HttpResponse:
    form = NewUserForm(request.POST or None)
    if form.is_valid():
        try:
            user = actions.create_user(actions.NewUser(**form.cleaned_data), by=request.user)
        except Refused as error:
            refuse(form, error)
        else:
            messages.success(request, f"{user.name} can sign in once a password is chosen; the link is on its way.")
            return redirect("accounts:users")
    return render(request, "accounts/new_user.html", {"form": form}, status=422 if form.errors else 200)


@requires("users.manage")
@require_POST
def send_invitation(request: Request) -> HttpResponse:
    form = InviteForm(request.POST)
    if form.is_valid():
        try:
            invitation = actions.invite(**form.cleaned_data, by=request.user)
        except Refused as error:
            refuse(form, error)
        else:
            messages.success(request, f"The invitation to {invitation.email} is on its way; it is good for a week.")
            return redirect("accounts:users")
    return render(request, "accounts/invite.html", {"form": form}, status=422)


@requires("users.manage")
@require_POST
def withdraw_invitation(request: Request, pk: UUID) -> HttpResponse:
    try:
        invitation = actions.withdraw_invitation(get_or_refuse(Invitation.objects.all(), pk), by=request.user)
    except Refused as error:
        messages.error(request, error.message)
    else:
        messages.success(request, f"The invitation to {invitation.email} is withdrawn.")
    return redirect("accounts:users")


@requires("users.manage")
@require_http_methods(["GET", "HEAD", "POST"])
def user(request: Request, pk: UUID) -> HttpResponse:
    person = get_or_refuse(User.objects.with_load(), pk)
    form = UserForm.of(person, request.POST or None)
    if form.is_valid():
        try:
            actions.update_user(person, form.cleaned_data, by=request.user)
        except Refused as error:
            refuse(form, error)
        else:
            messages.success(request, "Saved.")
            return redirect("accounts:users")
    context = {"form": form, "person": person, "agent": getattr(person, "agent", None)}
    return render(request, "accounts/user.html", context, status=422 if form.errors else 200)


@requires("users.manage")
@require_http_methods(["GET", "HEAD", "POST"])
def deactivate(request: Request, pk: UUID) -> HttpResponse:
    """Asks once, naming how many open leads go back to the queue."""
    person = get_or_refuse(User.objects.with_load(), pk)
    if request.method == "POST":
        try:
            actions.deactivate_user(person, by=request.user)
        except Refused as error:
            messages.error(request, error.message)
        else:
            messages.success(request, f"{person.name} is switched off.")
        return redirect("accounts:users")
    agent = getattr(person, "agent", None)
    return render(request, "accounts/deactivate.html", {"person": person, "held": agent.held if agent else 0})


@requires("users.manage")
@require_POST
def activate(request: Request, pk: UUID) -> HttpResponse:
    person = actions.activate_user(get_or_refuse(User.objects.all(), pk), by=request.user)
    messages.success(request, f"{person.name} can sign in again.")
    return redirect("accounts:users")


@requires("company.manage")
@require_http_methods(["GET", "HEAD", "POST"])
def company_settings(request: Request) -> HttpResponse:
    company = Company.objects.get(pk=request.company.pk)
    form = CompanyForm.of(company, request.POST or None)
    if form.is_valid():
        try:
            actions.update_company(company, form.settings(), by=request.user)
        except Refused as error:
            refuse(form, error, SHOWN_AT)
        else:
            messages.success(request, "The settings are saved.")
            return redirect("accounts:settings")
    elsewhere = {"routing_url": optional_url("routing:list"), "connections_url": optional_url("connections:list")}
    context = {"form": form, **elsewhere}
    return render(request, "accounts/settings.html", context, status=422 if form.errors else 200)
