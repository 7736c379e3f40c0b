"""Pages of an administrator: the company's own accounts at providers."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crm.accounts.access import requires
from crm.core.errors import Refused
from crm.core.http import Request
from crm.core.pages import optional_url
from crm.core.tenancy import NotFound
from crm.providers import actions
from crm.providers.accounts import account_of, provider_in_use
from crm.providers.forms import ConnectionForm, put_on
from crm.providers.models import Connection, Provider
from crm.providers.ports import ProviderError
from crm.providers.registry import account_name


@requires("connections.manage")
@require_safe
def connections(request: Request) -> HttpResponse:
    """Two queries."""
    own = {row.provider: row for row in Connection.objects.all()}
    return render(request, "providers/list.html", {
        "rows": [(provider, own.get(provider)) for provider in Provider],
        "in_use": provider_in_use(),
        "installations": settings.CALL_PROVIDER,
        "settings_url": optional_url("accounts:settings"),
    })  # fmt: skip


@requires("connections.manage")
@require_http_methods(["GET", "HEAD", "POST"])
def connection(request: Request, provider: str) -> HttpResponse:
    known = provider_named(provider)
    row = Connection.objects.filter(provider=known).first()
    form = ConnectionForm.of(row, request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            row, _ = actions.connect(known, form.cleaned_data, by=request.user)
        except Refused as refused:
            put_on(form, refused)
        else:
            messages.success(request, f"{row} is connected." if row.is_active else f"{row} is kept, switched off.")
            return redirect("connections:list")
    context = {
        "form": form,
        "provider": known,
        "row": row,
        "texts_url": f"{settings.PUBLIC_URL}{optional_url('text_hooks:text', known.value)}",
    }
    return render(request, "providers/connection.html", context, status=422 if form.errors else 200)


@requires("connections.manage")
@require_POST
def ask(request: Request, provider: str) -> HttpResponse:
    """Whether the provider lets us in; nothing is changed."""
    row = connected(provider)
    try:
        name = account_name(row.provider, account_of(row))
    except ProviderError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, f"{row} lets us in: {name}.")
    return redirect("connections:list")


@requires("connections.manage")
@require_POST
def remove(request: Request, provider: str) -> HttpResponse:
    row = connected(provider)
    actions.disconnect(row, by=request.user)
    messages.success(request, f"{row} is disconnected; its secret is kept no longer.")
    return redirect("connections:list")


def connected(provider: str) -> Connection:
    row = Connection.objects.filter(provider=provider_named(provider)).first()
    if row is None:
        raise NotFound
    return row


def provider_named(name: str) -> Provider:
    if (known := actions.known_provider(name)) is None:
        raise NotFound
    return known
