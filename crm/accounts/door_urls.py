"""The sign-in pages' addresses: allauth's, which look people up in the whole installation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import wraps
from typing import Any

from allauth.urls import urlpatterns as packaged
from django.http import HttpRequest, HttpResponseBase
from django.urls import URLPattern, URLResolver

from crm.accounts.door_views import EmailView
from crm.core.tenancy import unscoped

Address = URLPattern | URLResolver
REPLACED = {"account_email": EmailView.as_view()}


def looking_everywhere(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """E-mails are unique in the installation. What a view gives to a template is rendered after it, in the company."""

    @wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        with unscoped("sign-in pages look people up in the whole installation"):
            return view(request, *args, **kwargs)

    return wrapped


def wrap(addresses: Iterable[Address]) -> Iterator[Address]:
    for address in addresses:
        if isinstance(address, URLPattern):
            view: Any = REPLACED.get(address.name or "", address.callback)
            yield URLPattern(address.pattern, looking_everywhere(view), address.default_args, address.name)
        else:
            below = [*wrap(address.url_patterns)]
            yield URLResolver(address.pattern, below, address.default_kwargs, address.app_name, address.namespace)


urlpatterns = [*wrap(packaged)]
