"""Addresses as the sign-in pages know them: one per user, confirmed by a mailed link or not yet."""

from __future__ import annotations

from allauth.account.models import EmailAddress, EmailConfirmationHMAC

from crm.accounts.mails import mail_user, page
from crm.accounts.models import User


def set_address(user: User, *, verified: bool) -> EmailAddress:
    """Make the user's present e-mail its only address; links mailed to an earlier one stop working.

    An address that somebody else has confirmed stays unconfirmed here.
    """
    EmailAddress.objects.filter(user_id=user.pk).delete()
    taken = EmailAddress.objects.filter(email=user.email, verified=True).exists()
    return EmailAddress.objects.create(user_id=user.pk, email=user.email, primary=True, verified=verified and not taken)


def ask_to_confirm(user: User, address: EmailAddress) -> None:
    """Mail the link that confirms the address; nothing waits for it."""
    mail_user(user, "confirm_email", link=confirmation_link(address))


def confirmation_link(address: EmailAddress) -> str:
    """A signed address of the page with the button; opening it alone confirms nothing."""
    return page("account_confirm_email", EmailConfirmationHMAC(address).key)
