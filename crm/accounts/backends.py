"""Who is who at the door: by e-mail or user name, looked up across companies, since both are unique in all of them."""

from __future__ import annotations

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from allauth.account.models import EmailAddress
from django.contrib.auth.models import update_last_login
from django.contrib.auth.signals import user_logged_in
from django.db.models import Exists, OuterRef, UUIDField
from django.http import HttpRequest

from crm.accounts.models import User
from crm.core.kept_query import KeptQuery, Slot
from crm.core.tenancy import unscoped

CONFIRMED = EmailAddress.objects.filter(user_id=OuterRef("pk"), email=OuterRef("email"), verified=True)

SESSIONS_USER: KeptQuery[User] = KeptQuery(
    lambda: (
        User.known.select_related("company")
        .annotate(email_confirmed=Exists(CONFIRMED))
        .filter(pk=Slot("pk", UUIDField()))
    )
)


class Backend(AuthenticationBackend):
    """Hashes a password for unknown accounts too, so that time tells nothing; refuses inactive users."""

    def authenticate(self, request: HttpRequest | None, **credentials: Any) -> Any:
        with unscoped("sign in"):
            return super().authenticate(request, **credentials)

    def get_user(self, user_id: Any) -> User | None:
        """The session's user with its company, in one query; none once it is switched off.

        `email_confirmed` stands beside the fields, for the banner that asks.
        """
        with unscoped("the session's user"):
            user = SESSIONS_USER.first(pk=user_id)
        return user if user is not None and user.is_active else None


def note_sign_in(sender: Any, user: Any, **kwargs: Any) -> None:
    """In place of Django's receiver for `user_logged_in` (uid "update_last_login"): no company is active yet."""
    with unscoped("the time of the last sign in"):
        update_last_login(sender, user, **kwargs)


def connect() -> None:
    user_logged_in.disconnect(dispatch_uid="update_last_login")
    user_logged_in.connect(note_sign_in, dispatch_uid="update_last_login")
