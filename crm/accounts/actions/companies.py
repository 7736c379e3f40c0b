"""Companies: registered by their first administrator, and their settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from allauth.account.models import EmailAddress
from django.db import transaction

from crm.accounts.actions.users import NewUser, insert_user
from crm.accounts.company_settings import clean_settings
from crm.accounts.email_addresses import ask_to_confirm
from crm.accounts.models import Company, User
from crm.accounts.permissions_table import Role
from crm.audit.recording import Event, record, record_many
from crm.core.actors import Actor
from crm.core.ids import uuid7
from crm.core.tenancy import company_active


@dataclass(frozen=True)
class Registration:
    """A company to be made, with its first administrator."""

    company_name: str
    email: str
    password: str
    first_name: str = ""
    last_name: str = ""


@transaction.atomic
def register_company(registration: Registration) -> User:
    """Make the company and its administrator, who is the actor of both events.

    Raises `EmailTaken`, `InvalidField`.
    """
    company = Company(pk=uuid7(), name="")
    company.name = clean_settings({"name": registration.company_name}, company)["name"]
    company.save(force_insert=True)
    with company_active(company.pk):
        person = {name: getattr(registration, name) for name in ("email", "password", "first_name", "last_name")}
        user = insert_user(NewUser(role=Role.ADMIN, **person))
        user.company = company
        created = Event("user.created", user, user, data={"role": user.role})
        record_many([Event("company.registered", company, user), created])
        ask_to_confirm(user, EmailAddress.objects.get(user_id=user.pk))
    return user


@transaction.atomic
def update_company(company: Company, changes: Mapping[str, Any], *, by: Actor) -> Company:
    """Change the named settings; see `company_settings` for their forms. Raises `InvalidField`."""
    company = Company.objects.select_for_update(no_key=True).get(pk=company.pk)
    wanted = clean_settings(changes, company)
    changed = {name: (getattr(company, name), value) for name, value in wanted.items()}
    changed = {name: pair for name, pair in changed.items() if pair[0] != pair[1]}
    if not changed:
        return company
    for name, (_, after) in changed.items():
        setattr(company, name, after)
    company.save(update_fields=[*changed, "updated_at"])
    record("company.updated", company, by=by, changes=changed)
    return company
