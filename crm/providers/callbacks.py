"""A hook's request as providers sign it."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest

from crm.providers.ports import Callback


def callback_of(request: HttpRequest) -> Callback:
    """Signed is the public address that the provider was given, which behind a proxy is not the one that came in."""
    body = request.body  # before the form is read, which takes the stream
    return Callback(
        url=settings.PUBLIC_URL + request.get_full_path(),
        headers={name.lower(): value for name, value in request.headers.items()},
        params={name: request.POST[name] for name in request.POST},
        query={name: request.GET[name] for name in request.GET},
        body=body,
    )
