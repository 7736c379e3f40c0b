"""Many rows by one statement: ten times as fast on PostgreSQL as the ORM, which quotes each value in Python."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter
from typing import Any, TypeVar

import orjson
from django.db import connection, models, transaction

from crm.core.tenancy import CompanyKey, TenantKey, TenantModel, current_company_id, refuse_foreign_keys

T = TypeVar("T", bound=TenantModel)
# Fields whose values need no preparing; the company's key was claimed and the others checked before.
AS_THEY_ARE = frozenset(
    {models.UUIDField, models.CharField, models.TextField, models.BooleanField, models.JSONField,
     models.PositiveSmallIntegerField, models.ForeignKey, TenantKey, CompanyKey}
)  # fmt: skip


def insert_rows(model: type[T], rows: Sequence[T]) -> None:
    """Insert new rows of the active company: checked as `bulk_create` checks them, no `save()`, no signals.

    On PostgreSQL the set travels as one JSON parameter, by one statement however many rows there are; elsewhere it is
    `bulk_create`. Conflicts raise `IntegrityError`.
    """
    if not rows:
        return
    if connection.vendor != "postgresql":
        model._default_manager.bulk_create(rows, batch_size=1000)
        return
    refuse_foreign_keys(model, rows)
    read = [(str(field.column), _reader(field)) for field in model._meta.concrete_fields]
    sent = [{column: value(row) for column, value in read} for row in rows]
    _insert(model, [column for column, _ in read], _as_json(sent))
    for row in rows:
        row._state.adding, row._state.db = False, connection.alias


def update_rows(model: type[T], rows: Sequence[T], names: Iterable[str]) -> None:
    """Write the named fields of rows that were read (and locked) in the active company, each its own values.

    By one statement on PostgreSQL, however many rows there are. No `save()`, no signals.
    """
    names = sorted(names)
    if not rows or not names:
        return
    if connection.vendor != "postgresql":
        model._default_manager.bulk_update(rows, names, batch_size=100)
        return
    refuse_foreign_keys(model, rows, names)
    key: Any = model._meta.pk
    fields: list[Any] = [model._meta.get_field(name) for name in names]
    sent = [{field.column: _sent(field, row) for field in (key, *fields)} for row in rows]
    _update(model, key.column, [field.column for field in fields], _as_json(sent))


def _sent(field: Any, row: models.Model) -> Any:
    value = getattr(row, field.attname)
    return value if isinstance(field, models.JSONField) else field.get_prep_value(value)


def _update(model: type[models.Model], key: str, columns: list[str], text: str) -> None:
    """The company stands in the condition once more, whatever the rows say."""
    table, values = model._meta.db_table, ", ".join(f'"{column}" = sent."{column}"' for column in columns)
    with transaction.atomic(savepoint=False), connection.cursor() as cursor:
        cursor.execute(
            f'UPDATE "{table}" AS kept SET {values} '  # noqa: S608 - names of our own models
            f'FROM jsonb_populate_recordset(NULL::"{table}", %s::jsonb) AS sent '
            f'WHERE kept."{key}" = sent."{key}" AND kept.company_id = %s',
            [text, current_company_id()],
        )


def _reader(field: Any) -> Callable[[models.Model], Any]:
    """How a row's value is read; what JSON and the column hold as it is goes straight, for it is most of the work."""
    if type(field) in AS_THEY_ARE:
        return attrgetter(field.attname)
    return lambda row: field.get_prep_value(field.pre_save(row, True))


def _insert(model: type[models.Model], columns: list[str], text: str) -> None:
    """The table's own row type says how each column is read."""
    table, names = model._meta.db_table, ", ".join(f'"{column}"' for column in columns)
    with transaction.atomic(savepoint=False), connection.cursor() as cursor:
        cursor.execute(
            f'INSERT INTO "{table}" ({names}) SELECT {names} '  # noqa: S608 - names of our own models
            f'FROM jsonb_populate_recordset(NULL::"{table}", %s::jsonb)',
            [text],
        )


def _as_json(rows: list[dict[str, Any]]) -> str:
    try:
        return orjson.dumps(rows, default=str).decode()
    except TypeError:  # numbers past 64 bits
        return json.dumps(rows, default=str)
