"""Every change of meaning to a company's own accounts at providers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils.timezone import now

from crm.audit.recording import record
from crm.core.actors import Actor, as_user
from crm.core.errors import InvalidField, MissingField
from crm.providers import events
from crm.providers.models import Connection, Provider

ACCOUNT = re.compile(r"AC[0-9a-f]{32}", re.ASCII)
SECRET = re.compile(r"[\x21-\x7e]{16,200}", re.ASCII)
NUMBER = re.compile(r"\+[1-9]\d{1,14}", re.ASCII)
FORMS = {
    "account": (ACCOUNT, "Twilio's Account SID: AC and 32 hexadecimal digits"),
    "secret": (SECRET, "Twilio's Auth Token: at least 16 characters, without spaces"),
    "caller_number": (NUMBER, "A number in E.164, such as +14155550100"),
}


@transaction.atomic
def connect(provider: str, fields: Mapping[str, Any], *, by: Actor) -> tuple[Connection, bool]:
    """Connect the company's own account, or change the named fields of the one that is; the row, and whether it is new.

    Takes `account`, `secret`, `caller_number`, `is_active` (a new one is, unless told). An empty secret leaves the one
    that is kept. Another account needs its own secret. Raises `InvalidField`, `MissingField`.
    """
    row = Connection.objects.select_for_update(no_key=True).filter(provider=provider).first()
    given = _clean(fields)
    if row is None or given.get("account", row.account) != row.account:
        for name in ("account", "secret"):
            if not given.get(name):
                raise MissingField(name, f"Needed: {FORMS[name][1]}")
    if row is not None:
        return _change(row, given, by=by), False
    row = Connection(provider=provider, created_by=as_user(by), is_active=True)
    for name, value in given.items():
        setattr(row, name, value)
    row.save(force_insert=True)
    kept = {name: (None, getattr(row, name)) for name in ("account", "secret", "caller_number", "is_active")}
    record(events.CONNECTION_MADE, row, by=by, changes=kept, data={"provider": provider})
    return row, True


def _clean(fields: Mapping[str, Any]) -> dict[str, Any]:
    given: dict[str, Any] = {name: str(fields[name]).strip() for name in FORMS if fields.get(name) is not None}
    for name, value in given.items():
        if value and not FORMS[name][0].fullmatch(value):
            raise InvalidField(name, FORMS[name][1])
    if not given.get("secret"):
        given.pop("secret", None)
    if given.get("account") == "":
        raise MissingField("account", f"Needed: {FORMS['account'][1]}")
    if fields.get("is_active") is not None:
        given["is_active"] = bool(fields["is_active"])
    return given


def _change(row: Connection, given: Mapping[str, Any], *, by: Actor) -> Connection:
    changes = {name: (before, after) for name, after in given.items() if (before := getattr(row, name)) != after}
    if not changes:
        return row
    for name, (_, after) in changes.items():
        setattr(row, name, after)
    row.updated_at = now()
    row.save(update_fields=[*changes, "updated_at"])
    record(events.CONNECTION_CHANGED, row, by=by, changes=changes, data={"provider": row.provider})
    return row


@transaction.atomic
def disconnect(row: Connection, *, by: Actor) -> None:
    """Its secret is kept no longer. Calls go by the installation's account again, if it has one."""
    record(events.CONNECTION_REMOVED, row, by=by, data={"provider": row.provider, "account": row.account})
    row.delete()


def known_provider(name: str) -> Provider | None:
    return Provider(name) if name in Provider.values else None
