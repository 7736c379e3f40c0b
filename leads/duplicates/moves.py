"""What hangs on a contact or a lead goes along when it is merged: every key to one, in any application.

A key whose rows can't or must not change stays with the row that was merged away, and says why (`stays`); a row that
would repeat one of the survivor's (a unique constraint) stays as well. So nothing is lost by being forgotten.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db import models
from django.db.models import Exists, F, Max, Min, OuterRef, Q

from crm.core.tenancy import TenantModel
from leads.duplicates.errors import CannotMerge

PREFIX = "rows."  # of the images that name moved rows, in the journal
_stays: dict[str, str] = {}
_numbered: dict[str, str] = {}
_whole: dict[str, str] = {}


def stays(field: str, why: str) -> None:
    """Called at start by the owning application, with `label.field` of the key: `compliance.ConsentEvent.contact`."""
    _stays[field] = why


def numbered(field: str, column: str) -> None:
    """Rows that are counted for each lead or contact: those that come along are counted on behind the survivor's."""
    _numbered[field] = column


def whole(field: str, why: str) -> None:
    """Rows of which none may stay behind: where one would repeat one of the survivor's, the merge is refused."""
    _whole[field] = why


def staying() -> Mapping[str, str]:
    """The keys whose rows stay, each with the reason."""
    return _stays


def name_of(field: models.ForeignKey[Any, Any]) -> str:
    return f"{field.model._meta.label}.{field.name}"


def keys_to(target: type[models.Model]) -> Iterator[models.ForeignKey[Any, Any]]:
    """Every key of the project's own tables to this one."""
    for model in apps.get_models():
        if issubclass(model, TenantModel):
            for field in model._meta.local_concrete_fields:
                if isinstance(field, models.ForeignKey) and field.related_model is target:
                    yield field


def moving_keys(target: type[models.Model]) -> list[models.ForeignKey[Any, Any]]:
    return [field for field in keys_to(target) if name_of(field) not in _stays]


def move_rows(target: type[models.Model], other: UUID, this: UUID) -> dict[str, list[UUID]]:
    """Point the rows of `other` at `this`; which they were, by `rows.label.field`, for the journal.

    Two statements for each key that has rows, one for each that has none. Raises `CannotMerge`.
    """
    moved: dict[str, list[UUID]] = {}
    for field in moving_keys(target):
        theirs = field.model._default_manager.filter(**{field.attname: other})
        ids = list(_free(field, theirs, this).order_by("pk").values_list("pk", flat=True))
        if (why := _whole.get(name_of(field))) and theirs.exclude(pk__in=ids).exists():
            raise CannotMerge(why)
        if ids:
            _point(field, ids, this)
            moved[f"{PREFIX}{name_of(field)}"] = ids
    return moved


def _point(field: models.ForeignKey[Any, Any], ids: Sequence[Any], target: UUID) -> None:
    """Rows that are counted go behind those that are there."""
    values: dict[str, Any] = {field.attname: target}
    if column := _numbered.get(name_of(field)):
        own = field.model._default_manager.filter(**{field.attname: target})
        values[column] = F(column) + (own.aggregate(last=Max(column))["last"] or 0)
    field.model._default_manager.filter(pk__in=ids).update(**values)


def move_back(name: str, ids: Sequence[str], this: UUID, other: UUID) -> int:
    """Those of the rows that still point at `this` go back to `other`; how many."""
    label, _, column = name.removeprefix(PREFIX).rpartition(".")
    model: Any = apps.get_model(label)
    field = model._meta.get_field(column)
    rows = _free(field, model._default_manager.filter(pk__in=ids, **{field.attname: this}), other)
    still = list(rows.values_list("pk", flat=True))
    values: dict[str, Any] = {field.attname: other}
    if counted := _numbered.get(name_of(field)):  # from one again
        first = model._default_manager.filter(pk__in=still).aggregate(first=Min(counted))["first"] or 1
        values[counted] = F(counted) - (first - 1)
    return int(model._default_manager.filter(pk__in=still).update(**values))


def _free(field: models.ForeignKey[Any, Any], rows: Any, this: UUID) -> Any:
    """Without the rows that would break a unique constraint beside those that `this` has."""
    for beside, condition in _unique_with(field):
        same = {name: OuterRef(name) for name in beside}
        there = field.model._default_manager.filter(condition, **{field.attname: this}, **same)
        rows = rows.exclude(condition & Exists(there))
    return rows


def _unique_with(field: models.ForeignKey[Any, Any]) -> Iterator[tuple[tuple[str, ...], Q]]:
    """The other columns of each unique constraint that the key is part of, with its condition; not those by which the
    rows are counted, which are counted on."""
    if field.unique:
        yield (), Q()
    named = [(c.fields, c.condition) for c in field.model._meta.constraints if isinstance(c, models.UniqueConstraint)]
    for fields, condition in (*named, *((fields, None) for fields in field.model._meta.unique_together)):
        if field.name in fields and _numbered.get(name_of(field)) not in fields:
            yield tuple(name for name in fields if name not in (field.name, "company", "id")), condition or Q()


def rows_of(images: Mapping[str, Any]) -> dict[str, list[str]]:
    """The moved rows that a line of the journal names."""
    return {name: list(pair[0]) for name, pair in images.items() if name.startswith(PREFIX)}


# Written by the merge itself, each by rules of its own.
stays("leads.Lead.contact", "leads are moved one by one, with their events")
stays("leads.DuplicatePair.first", "the pair tells what was decided of these two")
stays("leads.DuplicatePair.second", "the pair tells what was decided of these two")
