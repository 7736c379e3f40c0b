"""A user's own pages: profile, sessions, colours."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.timezone import now
from django.views.decorators.http import require_http_methods, require_POST

from crm.accounts import actions
from crm.accounts.forms import ProfileForm, refuse
from crm.accounts.models import ApiSession, Theme
from crm.core.errors import Refused
from crm.core.http import Request
from crm.core.pages import THEME_COOKIE
from crm.core.tenancy import current_scope, get_or_refuse

A_YEAR = 365 * 24 * 3600


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def profile(request: Request) -> HttpResponse:
    user = request.user
    form = ProfileForm.of(user, request.POST or None)
    if user.company_id is not None and form.is_valid():
        try:
            actions.update_user(user, form.cleaned_data, by=user)
        except Refused as error:
            refuse(form, error)
        else:
            messages.success(request, "Your profile is saved.")
            return remember_theme(redirect("accounts:profile"), form.cleaned_data["theme"])
    context = {
        "form": form,
        "api_sessions": live_sessions(request),
        "has_second_factor": Authenticator.objects.filter(user_id=user.pk).exists(),
    }
    return render(request, "accounts/profile.html", context, status=422 if form.errors else 200)


def live_sessions(request: Request) -> Any:
    """The user's own; a platform superuser has none."""
    own = ApiSession.objects.live(now()).filter(user=request.user)
    return own.order_by("-refreshed_at") if current_scope() is not None else ()


@login_required
@require_POST
def end_session(request: Request, pk: UUID) -> HttpResponse:
    session = get_or_refuse(ApiSession.objects.filter(user=request.user), pk)
    actions.end_session(session, by=request.user, reason="revoked")
    messages.success(request, "The session has ended.")
    return redirect("accounts:profile")


@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Light, dark or the system's: kept with the user, and in a cookie for the pages before sign-in."""
    chosen, user = request.POST.get("theme", ""), request.user
    if chosen not in Theme.values:
        return HttpResponse("Unknown colour scheme.", status=422, content_type="text/plain")
    if user.is_authenticated and current_scope() is not None and user.company_id is not None:
        actions.update_user(user, {"theme": chosen}, by=user)
    if request.headers.get("HX-Request"):
        return remember_theme(HttpResponse(status=204), chosen)
    return remember_theme(redirect(safe_place(request)), chosen)


def safe_place(request: HttpRequest) -> str:
    place = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(place, {request.get_host()}, require_https=request.is_secure())
    return place if safe else "/"


def remember_theme(response: Any, chosen: str) -> HttpResponse | HttpResponseRedirect:
    response.set_cookie(THEME_COOKIE, chosen, max_age=A_YEAR, samesite="Lax", httponly=True)
    return response  # type: ignore[no-any-return]
