"""By which account a provider is spoken with: the company's own, else the installation's (`TWILIO_*`)."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from django.conf import settings

from crm.core.tenancy import current_scope, unscoped
from crm.providers.models import Connection, Provider


@dataclass(frozen=True)
class Account:
    """`company_id` is none for the installation's own."""

    sid: str
    secret: str = field(repr=False)
    caller_number: str = ""
    company_id: UUID | None = None


def installations() -> Account:
    """Twilio's; empty where none is set."""
    return Account(settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN, settings.TWILIO_CALLER_NUMBER)


def provider_in_use() -> str:
    """Of the active company's calls from now on. One query."""
    own = Connection.objects.filter(is_active=True).values_list("provider", flat=True).first() if _company() else None
    return own or str(settings.CALL_PROVIDER)


def account_in_use() -> Account:
    """The active company's own where it is switched on. With no company active, the installation's."""
    own = _own()
    return account_of(own) if own is not None and own.is_active else installations()


def accounts_believed() -> list[Account]:
    """Whose signature counts in the active company, its own though it was switched off: calls of before go on."""
    own = _own()
    return [*([account_of(own)] if own is not None else []), *([installations()] if settings.TWILIO_AUTH_TOKEN else [])]


def accounts_named(sid: str) -> list[Account]:
    """Every company's, and the installation's, of this name."""
    with unscoped("whose account a provider speaks of"):
        own = list(Connection.objects.filter(provider=Provider.TWILIO, account=sid).order_by("pk"))
    shared = [installations()] if sid and sid == settings.TWILIO_ACCOUNT_SID else []
    return [*map(account_of, own), *shared]


def account_of(row: Connection) -> Account:
    return Account(row.account, row.secret, row.caller_number, row.company_id)


def _company() -> bool:
    return isinstance(current_scope(), UUID)


def _own() -> Connection | None:
    return Connection.objects.filter(provider=Provider.TWILIO).first() if _company() else None
