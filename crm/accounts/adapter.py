"""What the sign-in pages do the product's way: mail, passwords, links, and who may sign up."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from allauth.core.internal.httpkit import get_client_ip
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest
from django.urls import reverse

from crm.accounts.actions import open_invitation, set_password
from crm.accounts.email_addresses import confirmation_link
from crm.accounts.errors import InvitationOver
from crm.accounts.mails import mail_user
from crm.accounts.models import User
from crm.core.encrypted import decrypt, encrypt
from crm.core.tenancy import company_active, unscoped

# allauth's name of a mail → the folder of ours
MAILS = {
    "account/email/email_confirmation": "confirm_email",
    "account/email/email_confirmation_signup": "confirm_email",
    "account/email/account_already_exists": "already_registered",
}
# … or what its notice says; passwords are told of by the action that sets them
NOTICES = {
    "account/email/email_changed": "The e-mail address of your account was changed.",
    "mfa/email/totp_activated": "An authenticator app was added to your account.",
    "mfa/email/totp_deactivated": "The authenticator app was removed from your account.",
    "mfa/email/webauthn_added": "A security key was added to your account.",
    "mfa/email/webauthn_removed": "A security key was removed from your account.",
    "mfa/email/recovery_codes_generated": "New recovery codes were made for your account.",
}


WRONG = "The e-mail address, user name or password is not right."


class AccountAdapter(DefaultAccountAdapter):
    error_messages = DefaultAccountAdapter.error_messages | {
        "email_password_mismatch": WRONG,
        "username_password_mismatch": WRONG,
        "too_many_login_attempts": "Too many failed tries. Wait five minutes, or set a new password.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        if settings.REGISTRATION == "open":
            return True
        return settings.REGISTRATION == "invite" and invitation_of(request) is not None

    def is_ajax(self, request: HttpRequest) -> bool:
        """The pages answer pages; the API is elsewhere."""
        return False

    def set_password(self, user: Any, password: str) -> None:
        set_password(user, password, by=user)

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("accounts:profile")

    def get_email_confirmation_url(self, request: HttpRequest, emailconfirmation: Any) -> str:
        return confirmation_link(emailconfirmation.email_address)

    def can_delete_email(self, email_address: EmailAddress) -> bool:
        """One that waits, never the present one: an account without an address could not be reached."""
        return bool(email_address.email != email_address.user.email)

    def confirm_email(self, request: HttpRequest, email_address: EmailAddress) -> bool:
        """An address that became somebody else's since it was asked for is not taken over."""
        others = User.objects.filter(email__iexact=email_address.email).exclude(pk=email_address.user_id)
        if others.exists():
            template, context = "account/messages/email_confirmation_failed.txt", {"email": email_address.email}
            self.add_message(request, messages.ERROR, template, context)
            return False
        return bool(super().confirm_email(request, email_address))

    def send_notification_mail(
        self, template_prefix: str, user: Any, context: dict[str, Any] | None = None, email: str | None = None
    ) -> None:
        super().send_notification_mail(template_prefix, user, {**(context or {}), "user": user}, email)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """By the product's own mail, in the company of the user whom it is for; a platform user's by allauth's."""
        user = context.get("user") or user_of(email)
        kind = MAILS.get(template_prefix) or ("security_notice" if template_prefix in NOTICES else None)
        if kind is not None and isinstance(user, User) and user.company_id is not None:
            with company_active(user.company_id):
                what = {"link": context.get("activate_url"), "what": NOTICES.get(template_prefix)}
                mail_user(user, kind, to=email, **what)
        elif kind is not None:
            super().send_mail(template_prefix, email, context)

    def get_client_ip(self, request: HttpRequest) -> str:
        """A request over a unix socket has no address; all such share one limit."""
        return get_client_ip(request) or "local"


class MFAAdapter(DefaultMFAAdapter):
    """Secrets of authenticator apps and recovery codes are encrypted at rest."""

    def encrypt(self, text: str) -> str:
        return encrypt(text)

    def decrypt(self, encrypted_text: str) -> str:
        return decrypt(encrypted_text)

    def _get_site_name(self) -> str:
        return "AgentConnect CRM"


def invitation_of(request: HttpRequest) -> Any:
    """The invitation that the page was opened with, while it is good; else None."""
    token = request.GET.get("invitation", "")
    try:
        return open_invitation(token) if token else None
    except InvitationOver:
        return None


def user_of(email: str) -> User | None:
    with unscoped("whose address a mail goes to"):
        return User.known.select_related("company").filter(email__iexact=email).first()
