"""What pages know of the account they are shown to."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def account(request: HttpRequest) -> dict[str, Any]:
    """Context processor. The banner asks to confirm the e-mail address; the answer came with the session's user."""
    user: Any = getattr(request, "user", None)
    known: dict[str, Any] = {"signup_open": settings.REGISTRATION == "open"}
    if getattr(user, "email_confirmed", True) is False and not user.is_superuser:
        known["banner_template"] = "accounts/_confirm_email.html"
    return known
