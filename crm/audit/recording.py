"""Writing the log: every action records what it did, in its own transaction."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime
from decimal import Decimal
from json.encoder import encode_basestring_ascii as quoted  # `json.dumps` of a text
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, TypedDict
from uuid import UUID

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils.timezone import now

from crm.audit.events import events_recorded
from crm.audit.models import AuditEntry, JournalEntry
from crm.audit.proof import Digest, clean_ip, content_mac, digester, keyed_digest
from crm.core.actors import Actor, System, VendorActor
from crm.core.bulk_rows import insert_rows
from crm.core.http import current_origin
from crm.core.new_rows import new_row
from crm.core.tenancy import current_scope

if TYPE_CHECKING:
    from crm.accounts.models import User

ENCODER = DjangoJSONEncoder()
PLAIN = frozenset({str, int, bool, type(None)})  # which JSON holds as they are
SECRET_FIELDS = frozenset({"password", "secret", "token", "token_hash", "refresh_hash", "api_key"})


NOTHING: Mapping[str, Any] = MappingProxyType({})


class Event(NamedTuple):
    """One thing that happened to one object.

    `changes`: field → (before, after), values as the model holds them. `at`: when it happened, where that is not now
    (history taken over from elsewhere). `images`: what else changed, for the journal of a batch alone, so that undo
    can put it back; `contact.do_not_contact` is the field of a related row. `beside`: the row that the action wrote
    with it, for those who hear of it in the same transaction.
    """

    action: str
    obj: models.Model
    by: Actor
    changes: Mapping[str, tuple[Any, Any]] = NOTHING
    data: Mapping[str, Any] = NOTHING
    at: datetime | None = None
    images: Mapping[str, tuple[Any, Any]] = NOTHING
    beside: models.Model | None = None


_batch: ContextVar[UUID | None] = ContextVar("journal_batch", default=None)


@contextmanager
def in_batch(pk: UUID) -> Iterator[None]:
    """All that is recorded until the block ends belongs to this job and can be undone with it (`crm/jobs`)."""
    token = _batch.set(pk)
    try:
        yield
    finally:
        _batch.reset(token)


def record(
    action: str,
    obj: models.Model,
    *,
    by: Actor,
    changes: Mapping[str, tuple[Any, Any]] | None = None,
    data: Mapping[str, Any] | None = None,
) -> AuditEntry:
    """Write one entry; see `record_many`."""
    return record_many([Event(action, obj, by, changes or {}, data or {})])[0]


def record_many(events: Iterable[Event]) -> list[AuditEntry]:
    """Write the batch (one insert, and one for the journal where fields changed) and tell `events_recorded` once.

    Values of a model's `personal` fields enter the log as keyed hashes and the journal as they are; secrets enter
    neither. `data` must hold nothing personal.
    """
    entries = take_over(events)
    if entries:
        events_recorded.send(sender=AuditEntry, entries=entries)
    return entries


def take_over(events: Iterable[Event]) -> list[AuditEntry]:
    """Write the batch as history from elsewhere, oldest first: the same entries, and nobody is told of them."""
    batch = list(events)
    if not batch:
        return []
    scribe = _Scribe()
    entries = [scribe.entry(event) for event in batch]
    insert_rows(AuditEntry, entries)
    job = _batch.get()
    told = [pair for pair in zip(batch, entries, strict=True) if job is not None or pair[0].changes]
    insert_rows(JournalEntry, [_journal(event, entry, job) for event, entry in told])
    return entries


class _Scribe:
    """Makes the entries of one batch; what they have in common is looked up once."""

    def __init__(self) -> None:
        origin = current_origin()
        self.ip, self.request_id, self.moment = clean_ip(origin.ip), origin.request_id, now()
        scope = current_scope()
        self.active = scope if isinstance(scope, UUID) else None
        self.digest = digester()
        self.hashes: dict[str | None, str] = {None: keyed_hash(None)}
        self.actors: dict[int, _Columns] = {}  # by the identity of the actor

    def entry(self, event: Event) -> AuditEntry:
        obj, changes = event.obj, event.changes
        columns = self.actors.get(id(event.by)) or self.actors.setdefault(id(event.by), _columns_of(event.by))
        entry = new_row(
            AuditEntry,
            company_id=self._company_of(obj),  # none is claimed by the insert, or refused
            at=event.at or self.moment,
            action=event.action,
            object_type=obj._meta.model_name or "",
            object_id=obj.pk,
            changes=self._changes(obj, changes) if changes else [],
            data=plain(event.data) if event.data else {},
            ip=self.ip,
            request_id=self.request_id,
            **columns,
        )
        entry.mac, entry.beside = content_mac(entry, self.digest), event.beside
        return entry

    def _company_of(self, obj: models.Model) -> UUID | None:
        """The company itself is the object of its own events; others name theirs, or have none and take the active."""
        named = obj.pk if obj._meta.label == "accounts.Company" else getattr(obj, "company_id", None)
        return named or self.active

    def _changes(self, obj: models.Model, changes: Mapping[str, tuple[Any, Any]]) -> list[dict[str, Any]]:
        personal, made = getattr(obj, "personal", ()), []
        for name, (before, after) in changes.items():
            if name in SECRET_FIELDS:
                made.append({"field": name})
            elif name in personal:
                made.append({"field": name, "before_hash": self._hash(before), "after_hash": self._hash(after)})
            else:
                made.append({"field": name, "before": plain(before), "after": plain(after)})
        return made

    def _hash(self, value: Any) -> str:
        """Names and places recur, and what stood in a new row's fields before is nothing."""
        if value is not None and type(value) is not str:
            return keyed_hash(value, self.digest)
        return self.hashes.get(value) or self.hashes.setdefault(value, keyed_hash(value, self.digest))


class _Columns(TypedDict):
    """Who acted, as an entry holds it."""

    actor_kind: str
    user: User | None
    actor_label: str


def _columns_of(by: Actor) -> _Columns:
    if isinstance(by, System):
        return {"actor_kind": "system", "user": None, "actor_label": by.name}
    if isinstance(by, VendorActor):
        return {"actor_kind": "vendor", "user": None, "actor_label": by.code}
    return {"actor_kind": "user", "user": by, "actor_label": ""}


def _journal(event: Event, entry: AuditEntry, job: UUID | None) -> JournalEntry:
    """In a batch every event has its line, so that undo knows what else has happened to the object since."""
    changed = {**event.changes, **event.images} if job else event.changes
    kept = {name: pair for name, pair in changed.items() if name not in SECRET_FIELDS}
    return new_row(
        JournalEntry,
        company_id=entry.company_id,
        entry=entry,
        object_type=entry.object_type,
        object_id=entry.object_id,
        before={name: plain(before) for name, (before, _) in kept.items()},
        after={name: plain(after) for name, (_, after) in kept.items()},
        batch=job,
    )


def keyed_hash(value: Any, digest: Digest = keyed_digest) -> str:
    """HMAC-SHA256 with `AUDIT_KEY`: equal values can be told equal, and nothing else of them."""
    text = quoted(value) if isinstance(value, str) else json.dumps(plain(value), sort_keys=True)
    return digest(text.encode())


def plain(value: Any) -> Any:
    """As JSON holds it: dates in ISO form, decimals and ids as text, rows as their ids."""
    if type(value) in PLAIN or isinstance(value, str | int):
        return value
    if isinstance(value, models.Model):
        return str(value.pk)
    if isinstance(value, float):
        return _plain_number(value)
    if isinstance(value, datetime | date | Decimal | UUID):
        return ENCODER.default(value)
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    return [plain(item) for item in value]


def _plain_number(value: float) -> int | float | str:
    """So that it reads back as it was written: PostgreSQL gives 1e22 back as a whole number, and knows no NaN."""
    if not math.isfinite(value):
        return str(value)
    return int(value) if value.is_integer() else value
