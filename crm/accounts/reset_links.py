"""Single-use links that let somebody set a password: they die when the password, the e-mail or a sign-in changes."""

from __future__ import annotations

from allauth.account.forms import default_token_generator
from django.core.exceptions import ValidationError

from crm.accounts.mails import page
from crm.accounts.models import User
from crm.core.tenancy import unscoped


def reset_link(user: User) -> str:
    """The address of the page; the API takes its two parts as `uid` and `token`."""
    with unscoped("a password's link"):
        token = default_token_generator.make_token(user)
    return page("account_reset_password_from_key", user.pk.hex, token)


def user_of_link(uid: object, token: object) -> User | None:
    """The active user whom the link was made for, if it still holds."""
    with unscoped("a password's link"):
        try:
            user = User.known.select_related("company").filter(pk=str(uid), is_active=True).first()
        except (ValidationError, ValueError):
            return None
        return user if user is not None and default_token_generator.check_token(user, str(token)) else None
