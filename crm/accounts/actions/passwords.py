"""Passwords: set, asked for anew by mail, and reset by the mailed link."""

from __future__ import annotations

from uuid import UUID

from django.core.mail import send_mail
from django.db import transaction

from crm.accounts.actions.sessions import end_sessions
from crm.accounts.errors import BadResetLink
from crm.accounts.mails import mail_user, notify
from crm.accounts.models import User
from crm.accounts.reset_links import reset_link, user_of_link
from crm.accounts.user_fields import check_password
from crm.audit.recording import record
from crm.core.actors import Actor
from crm.core.tasks import later
from crm.core.tenancy import company_active, unscoped

NO_COMPANY = UUID(int=0)  # the task looks across companies


@transaction.atomic
def set_password(user: User, password: str, *, by: Actor) -> User:
    """Give the user a new password; every session elsewhere ends at once, and a mail says so. Raises `WeakPassword`."""
    had_one = user.has_usable_password()
    user.set_password(check_password(password, user))
    if user.company_id is None:  # a platform superuser: no API sessions, no company's log
        with unscoped("a platform user's password"):
            user.save(update_fields=["password", "updated_at"])
        return user
    with company_active(user.company_id):
        user.save(update_fields=["password", "updated_at"])
        ended = end_sessions(user)
        record("user.password_changed", user, by=by, data={"sessions_ended": ended})
        if had_one:
            notify(user, "The password of your account was changed.")
    return user


def request_password_reset(email: str) -> None:
    """Have a link mailed, if there is such a user. A task finds out, so that the answer takes the same time for all."""
    later("accounts.send_password_reset", email.strip().lower(), company=NO_COMPANY)


def send_password_reset(email: str) -> bool:
    """Mail the link to an active user of this address; False where there is none."""
    with unscoped("a forgotten password"):
        user = User.objects.filter(email__iexact=email, is_active=True).first()
    if user is None:
        return False
    link = reset_link(user)
    if user.company_id is None:
        send_mail("Set a new password", f"Set a new password here:\n\n{link}\n", None, [user.email])
        return True
    with company_active(user.company_id):
        mail_user(user, "password_reset", link=link)
    return True


def reset_password(uid: object, token: object, password: str) -> User:
    """Spend a mailed link. Raises `BadResetLink`, `WeakPassword`."""
    user = user_of_link(uid, token)
    if user is None:
        raise BadResetLink
    return set_password(user, password, by=user)
