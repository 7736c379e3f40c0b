"""Signing in without a page: password, second factor, limits; the same counters and the same silence as the pages."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import derive_login_method
from allauth.mfa.base.forms import AuthenticateForm
from allauth.mfa.models import Authenticator
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from rest_framework.exceptions import Throttled

from crm.accounts.errors import MfaRequired, WrongCredentials
from crm.accounts.models import User
from crm.accounts.rate_limits import seconds_left, take
from crm.core.tenancy import unscoped


def sign_in(request: HttpRequest, name: str, password: str, code: str | None) -> User:
    """Who it is, by user name or e-mail, password and, where one is set up, a code of the second factor.

    Raises `WrongCredentials` for an unknown account, a wrong password and somebody switched off alike, `MfaRequired`,
    and `Throttled` after too many tries from an address or for an account.
    """
    take(request, "login")
    user = _by_password(request, name.strip(), password)
    if user is None or not user.is_active or user.company_id is None:
        raise WrongCredentials
    _check_second_factor(request, user, code)
    return user


def _by_password(request: HttpRequest, name: str, password: str) -> User | None:
    adapter, credentials = get_adapter(request), {derive_login_method(name).value: name, "username": name}
    try:
        user: Any = adapter.authenticate(request, **credentials, password=password)
    except ValidationError:
        key = adapter._get_login_attempts_cache_key(request, **credentials)
        raise Throttled(wait=seconds_left(request, "login_failed", key=key)) from None
    if user is None:
        return None
    with unscoped("sign in"):
        return User.known.select_related("company").get(pk=user.pk)


def _check_second_factor(request: HttpRequest, user: User, code: str | None) -> None:
    methods = sorted(set(Authenticator.objects.filter(user_id=user.pk).values_list("type", flat=True)))
    if not methods:
        return
    if not code:
        raise MfaRequired("A code of your second factor is needed.", methods)
    form = AuthenticateForm(user=user, data={"code": code.strip()})
    if form.is_valid():
        form.authenticator.record_usage()
    elif form.has_error("code", "too_many_login_attempts"):
        raise Throttled(wait=seconds_left(request, "login_failed", key=f"mfa-auth-user-{user.pk}"))
    else:
        raise MfaRequired("The code is not valid.", methods)
