"""Invitations: a mailed link that lets one address join the company, once, in a role."""

from __future__ import annotations

import secrets
from datetime import timedelta
from urllib.parse import urlencode

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils.timezone import now

from crm.accounts.actions.users import NewUser, insert_user
from crm.accounts.errors import InvitationOver, RegistrationClosed
from crm.accounts.models import Invitation, User
from crm.accounts.tokens import token_hash
from crm.accounts.user_fields import clean_email, clean_role, refuse_taken
from crm.audit.recording import Event, record, record_many
from crm.core.actors import Actor
from crm.core.errors import BrokenRule
from crm.core.tenancy import company_active, unscoped
from crm.mail.actions import queue_mail

VALID_FOR = timedelta(days=7)


@transaction.atomic
def invite(email: str, role: str, *, by: User) -> Invitation:
    """Mail a link that is good for a week; an earlier one to the same address stops working.

    Raises `EmailTaken`, `InvalidField`, `RegistrationClosed`.
    """
    email, role = clean_email(email), clean_role(role)
    if settings.REGISTRATION == "closed":
        raise RegistrationClosed(by_invitation=False)
    refuse_taken({"email": email})
    Invitation.objects.filter(email=email, accepted_at=None, expires_at__gt=now()).update(expires_at=now())
    token = secrets.token_urlsafe(32)
    invitation = Invitation(
        email=email, role=role, token_hash=token_hash(token), invited_by=by, expires_at=now() + VALID_FOR
    )
    invitation.save(force_insert=True)
    record("invitation.sent", invitation, by=by, data={"role": role})
    queue_mail("accounts/invitation", email, _mail_context(invitation, token), obj=invitation)
    return invitation


def _mail_context(invitation: Invitation, token: str) -> dict[str, object]:
    link = f"{settings.PUBLIC_URL}{reverse('account_signup')}?{urlencode({'invitation': token})}"
    company = invitation.invited_by.company
    return {"invitation": invitation, "company": company, "inviter": invitation.invited_by.name, "link": link}


def open_invitation(token: str) -> Invitation:
    """The invitation that the link's token stands for, with its company, while it is good. Raises `InvitationOver`."""
    with unscoped("an invitation's link"):
        waiting = Invitation.objects.select_related("company").filter(accepted_at=None, expires_at__gt=now())
        found = waiting.filter(token_hash=token_hash(token)).first()
    if found is None:
        raise InvitationOver
    return found


@transaction.atomic
def accept_invitation(
    token: str, *, password: str, first_name: str = "", last_name: str = "", email: str | None = None
) -> User:
    """Join the inviting company in the invited role. The address counts as confirmed: the link was mailed to it.

    `email`, where it is given, must be the invited one. Raises `InvitationOver`, `EmailTaken`, `InvalidField`.
    """
    invitation = open_invitation(token)
    if email is not None and clean_email(email) != invitation.email:
        raise InvitationOver
    with company_active(invitation.company_id):
        unused = Invitation.objects.filter(pk=invitation.pk, accepted_at=None, expires_at__gt=now())
        if not unused.update(accepted_at=now()):  # of two who hold the link, one joins
            raise InvitationOver
        person = NewUser(invitation.email, invitation.role, first_name, last_name, password=password)
        user = insert_user(person, verified=True)
        user.company = invitation.company
        created = Event("user.created", user, user, data={"role": user.role})
        record_many([Event("invitation.accepted", invitation, user), created])
    return user


@transaction.atomic
def withdraw_invitation(invitation: Invitation, *, by: Actor) -> Invitation:
    """Make the mailed link useless. Raises `BrokenRule` where it was used."""
    unused = Invitation.objects.filter(pk=invitation.pk, accepted_at=None)
    if not unused.update(expires_at=now()):
        raise BrokenRule("This invitation was accepted already.")
    record("invitation.withdrawn", invitation, by=by)
    invitation.refresh_from_db()
    return invitation
