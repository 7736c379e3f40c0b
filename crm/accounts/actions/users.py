"""Users of a company: made, changed, switched off and on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction

from crm.accounts.actions.sessions import end_sessions
from crm.accounts.email_addresses import set_address
from crm.accounts.errors import EmailTaken, LastAdministrator, UsernameTaken
from crm.accounts.mails import mail_user, notify
from crm.accounts.models import Company, User
from crm.accounts.permissions_table import Role
from crm.accounts.reset_links import reset_link
from crm.accounts.user_fields import check_password, clean_fields, refuse_taken
from crm.audit.recording import record
from crm.core.actors import Actor
from crm.core.tenancy import current_company_id


@dataclass(frozen=True)
class NewUser:
    """A user to be made. Without a password the user sets one by a mailed link."""

    email: str
    role: str = Role.AGENT
    first_name: str = ""
    last_name: str = ""
    username: str | None = None
    password: str | None = None
    timezone: str = ""


@transaction.atomic
def create_user(new: NewUser, *, by: Actor) -> User:
    """Make a user of the active company; a role of agent makes the agent too, by `user.created`.

    Raises `EmailTaken`, `UsernameTaken`, `InvalidField`.
    """
    user = insert_user(new)
    user.company = Company.objects.get(pk=current_company_id())
    record("user.created", user, by=by, data={"role": user.role})
    if new.password is None:
        mail_user(user, "welcome", link=reset_link(user))
    return user


def insert_user(new: NewUser, *, verified: bool = False) -> User:
    """The row, its address and nothing else: for the actions that make users. `verified`: the address is theirs."""
    values = clean_fields(
        {name: getattr(new, name) for name in ("email", "role", "first_name", "last_name", "username", "timezone")}
    )
    user = User(company_id=current_company_id(), **values)
    if new.password is None:
        user.set_unusable_password()
    else:
        user.set_password(check_password(new.password, user))
    refuse_taken(values)
    _save(user)
    set_address(user, verified=verified)
    return user


@transaction.atomic
def update_user(user: User, changes: Mapping[str, Any], *, by: Actor) -> User:
    """Change the named fields among e-mail, user name, names, role, time zone, theme and `is_active`.

    Raises `EmailTaken`, `UsernameTaken`, `InvalidField`, and `LastAdministrator` for the only one of a company.
    """
    wanted = clean_fields(changes)
    user = _locked(user)
    if (active := wanted.pop("is_active", None)) is not None:
        user = activate_user(user, by=by) if active else deactivate_user(user, by=by)
    changed = {name: (getattr(user, name), value) for name, value in wanted.items() if getattr(user, name) != value}
    if not changed:
        return user
    if user.role == Role.ADMIN and "role" in changed:
        _refuse_last_administrator(user)
    refuse_taken({name: after for name, (_, after) in changed.items()}, user)
    for name, (_, after) in changed.items():
        setattr(user, name, after)
    _save(user, [*changed, "updated_at"])
    if "email" in changed:
        set_address(user, verified=False)
        notify(user, f"The e-mail address of your account was changed to {user.email}.", to=changed["email"][0])
    record("user.updated", user, by=by, changes=changed)
    return user


@transaction.atomic
def choose_notifications(user: User, choices: Mapping[str, Any]) -> User:
    """Keep by which channel the user wants to be told of what; its own act, whoever's door it comes by."""
    before = user.notification_choices
    if before != choices:
        user.notification_choices = dict(choices)
        user.save(update_fields=["notification_choices", "updated_at"])
        record("user.updated", user, by=user, changes={"notification_choices": (before, dict(choices))})
    return user


@transaction.atomic
def deactivate_user(user: User, *, by: Actor) -> User:
    """Switch the user off: sessions end at once, open leads go back to the queue (by `user.deactivated`).

    Raises `LastAdministrator` for the only one of a company. Somebody who is off already stays so.
    """
    user = _locked(user)
    if not user.is_active:
        return user
    if user.role == Role.ADMIN:
        _refuse_last_administrator(user)
    user.is_active = False
    user.save(update_fields=["is_active", "updated_at"])
    end_sessions(user)
    record("user.deactivated", user, by=by, changes={"is_active": (True, False)})
    return user


@transaction.atomic
def activate_user(user: User, *, by: Actor) -> User:
    """Switch the user on again, with the role it had; its leads stay where they went."""
    user = _locked(user)
    if user.is_active:
        return user
    user.is_active = True
    user.save(update_fields=["is_active", "updated_at"])
    record("user.activated", user, by=by, changes={"is_active": (False, True)})
    return user


def _locked(user: User) -> User:
    """The company's row is locked first, so that two administrators cannot take each other's role at once."""
    if user.company_id is not None:
        Company.objects.select_for_update(no_key=True).get(pk=user.company_id)
    rows: Any = User.objects.select_for_update(of=("self",), no_key=True).select_related("company")
    return rows.get(pk=user.pk)  # type: ignore[no-any-return]


def _refuse_last_administrator(user: User) -> None:
    others = User.objects.exclude(pk=user.pk).filter(company_id=user.company_id, role=Role.ADMIN, is_active=True)
    if user.is_active and not others.exists():
        raise LastAdministrator


def _save(user: User, fields: list[str] | None = None) -> None:
    """Two who take one e-mail or user name at the same moment meet at the unique index."""
    try:
        with transaction.atomic():
            user.save(update_fields=fields)
    except IntegrityError as error:
        if "user_username_once" in str(error):
            raise UsernameTaken from None
        if "user_email_once" in str(error):
            raise EmailTaken from None
        raise
