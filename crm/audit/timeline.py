"""What happened to some objects, newest first: a lead's page and `GET /leads/{id}/timeline`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from crm.audit.labels import label_of
from crm.audit.models import AuditEntry


@dataclass(frozen=True)
class Happening:
    """One entry, as a page or the API tells it. `changes` and `data` are those of `AuditEntry`."""

    id: UUID
    at: datetime
    action: str
    label: str
    actor: str
    object_type: str
    object_id: UUID
    changes: list[dict[str, Any]]
    data: dict[str, Any]


def entries_for(object_ids: Iterable[UUID], limit: int = 20, before_id: UUID | None = None) -> list[Happening]:
    """The newest entries of these objects together, in one query; `before_id` continues after the last one shown."""
    entries = AuditEntry.objects.filter(object_id__in=[*object_ids]).select_related("user").order_by("-id")
    if before_id is not None:
        entries = entries.filter(id__lt=before_id)
    return [happening(entry) for entry in entries[:limit]]


def happening(entry: AuditEntry) -> Happening:
    """Reads the user's name; select it with the entries."""
    return Happening(
        id=entry.id,
        at=entry.at,
        action=entry.action,
        label=label_of(entry.action),
        actor=entry.actor,
        object_type=entry.object_type,
        object_id=entry.object_id,
        changes=entry.changes,
        data=entry.data,
    )
