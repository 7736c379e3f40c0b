"""Mails to users about their accounts; each knows where to sign in and where to set a forgotten password."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.urls import reverse

from crm.accounts.models import User
from crm.mail.actions import queue_mail


def mail_user(user: User, kind: str, *, to: str = "", **context: Any) -> None:
    """Queue `templates/emails/accounts/<kind>/` in the active company, to the user's address unless told another."""
    addresses = {"sign_in": page("account_login"), "forgotten": page("account_reset_password")}
    queue_mail(f"accounts/{kind}", to or user.email, {"user": user, **addresses, **context}, obj=user)


def notify(user: User, what: str, *, to: str = "") -> None:
    """Tell the user, in one sentence, what happened to the account."""
    mail_user(user, "security_notice", what=what, to=to)


def page(name: str, *args: Any) -> str:
    return f"{settings.PUBLIC_URL}{reverse(name, args=args)}"
