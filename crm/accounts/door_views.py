"""Sign-in pages that differ from allauth's own."""

from __future__ import annotations

from allauth.account.views import EmailView as PackagedEmailView
from django.http import HttpRequest


class EmailView(PackagedEmailView):  # type: ignore[misc]
    """An address becomes the account's by its mailed link alone, never by a click."""

    def _action_primary(self, request: HttpRequest, *args: object, **kwargs: object) -> None:
        return None
