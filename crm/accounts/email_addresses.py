"""Addresses as the sign-in pages know them: one per user, confirmed by a mailed link or not yet."""

from __future__ import annotations

from allauth.account.models import EmailAddress

from crm.accounts.models import User


def set_address(user: User, *, verified: bool) -> None:
    """Make the user's present e-mail its only address; links mailed to an earlier one stop working.

    An address that somebody else has confirmed stays unconfirmed here.
    """
    EmailAddress.objects.filter(user_id=user.pk).delete()
    taken = EmailAddress.objects.filter(email=user.email, verified=True).exists()
    EmailAddress.objects.create(user_id=user.pk, email=user.email, primary=True, verified=verified and not taken)


def is_confirmed(user: User) -> bool:
    return EmailAddress.objects.filter(user_id=user.pk, email=user.email, verified=True).exists()
