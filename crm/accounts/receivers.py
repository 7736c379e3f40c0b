"""What the sign-in pages did, kept in the audit log."""

from __future__ import annotations

from typing import Any

from allauth.account import signals as account
from allauth.account.models import EmailAddress
from allauth.mfa import signals as mfa
from allauth.mfa.models import Authenticator

from crm.accounts.actions import note_sign_in
from crm.accounts.models import User
from crm.audit.recording import record
from crm.core.tenancy import company_active


def connect() -> None:
    account.user_logged_in.connect(on_sign_in, dispatch_uid="accounts.sign_in")
    account.email_confirmed.connect(on_email_confirmed, dispatch_uid="accounts.email_confirmed")
    account.email_changed.connect(on_email_changed, dispatch_uid="accounts.email_changed")
    mfa.authenticator_added.connect(on_second_factor_added, dispatch_uid="accounts.mfa_added")
    mfa.authenticator_removed.connect(on_second_factor_removed, dispatch_uid="accounts.mfa_removed")
    mfa.authenticator_reset.connect(on_second_factor_reset, dispatch_uid="accounts.mfa_reset")


def on_sign_in(user: User, **kwargs: Any) -> None:
    note_sign_in(user, "page")


def on_email_confirmed(email_address: EmailAddress, **kwargs: Any) -> None:
    _record("user.email_confirmed", email_address.user)


def on_email_changed(
    user: User, from_email_address: EmailAddress | None, to_email_address: EmailAddress, **kwargs: Any
) -> None:
    """Also sent for the first confirmation of an address, which changes none."""
    if from_email_address is not None and from_email_address.email != to_email_address.email:
        _record("user.updated", user, changes={"email": (from_email_address.email, to_email_address.email)})


def on_second_factor_added(user: User, authenticator: Authenticator, **kwargs: Any) -> None:
    _record("user.mfa_changed", user, data={"type": authenticator.type, "change": "added"})


def on_second_factor_removed(user: User, authenticator: Authenticator, **kwargs: Any) -> None:
    _record("user.mfa_changed", user, data={"type": authenticator.type, "change": "removed"})


def on_second_factor_reset(user: User, authenticator: Authenticator, **kwargs: Any) -> None:
    _record("user.mfa_changed", user, data={"type": authenticator.type, "change": "renewed"})


def _record(action: str, user: Any, **what: Any) -> None:
    """A platform superuser has no company's log."""
    if user.company_id is not None:
        with company_active(user.company_id):
            record(action, user, by=user, **what)
