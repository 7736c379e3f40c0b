"""A company's own dispositions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction

from crm.audit.recording import record
from crm.core.actors import Actor
from leads import events
from leads.dispositions import BUILT_IN, LABELLED, key_of
from leads.errors import BuiltInDisposition
from leads.models import Disposition


@transaction.atomic
def create_disposition(
    label: str, *, by: Actor, key: str = "", is_final: bool = False, reached_person: bool = False
) -> Disposition:
    """Add one; its key is the label's unless given. Raises `BuiltInDisposition` for a name that is in use."""
    key = key_of(key or label)[:50]
    if key in BUILT_IN:
        raise BuiltInDisposition("This disposition is built in")
    _refuse_used(label)
    row = Disposition(key=key, label=label, is_final=is_final, reached_person=reached_person)
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError as error:
        raise BuiltInDisposition("The company has this disposition already") from error
    record(events.DISPOSITION_CREATED, row, by=by, data={"key": key})
    return row


@transaction.atomic
def update_disposition(row: Disposition, changes: Mapping[str, Any], *, by: Actor) -> Disposition:
    """Change `label`, `is_final`, `reached_person` or `is_active`; the key stays, since leads have it.

    Raises `BuiltInDisposition` for a label that is in use, by which nobody could tell the two apart.
    """
    row = Disposition.objects.select_for_update(no_key=True).get(pk=row.pk)
    names = [name for name in ("label", "is_final", "reached_person", "is_active") if name in changes]
    done = {name: (before, changes[name]) for name in names if (before := getattr(row, name)) != changes[name]}
    if changes.get("is_active", row.is_active) and {"label", "is_active"} & done.keys():
        _refuse_used(changes.get("label", row.label), but=row)
    for name, (_, value) in done.items():
        setattr(row, name, value)
    if done:
        row.save(update_fields=[*done, "updated_at"])
        record(events.DISPOSITION_UPDATED, row, by=by, changes=done)
    return row


def _refuse_used(label: str, *, but: Disposition | None = None) -> None:
    if key_of(label) in LABELLED:
        raise BuiltInDisposition("This disposition is built in")
    others = Disposition.objects.filter(is_active=True)
    others = others.exclude(pk=but.pk) if but is not None else others
    if key_of(label) in map(key_of, others.values_list("label", flat=True)):
        raise BuiltInDisposition("The company has this disposition already")


def delete_disposition(row: Disposition, *, by: Actor) -> None:
    """Retire it: it can't be chosen any more, and leads that have it keep it."""
    with transaction.atomic():
        update = Disposition.objects.filter(pk=row.pk, is_active=True).update(is_active=False)
        if update:
            record(events.DISPOSITION_DELETED, row, by=by, data={"key": row.key})
