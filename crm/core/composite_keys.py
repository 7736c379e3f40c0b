"""On PostgreSQL every key inside a company is a key of (company, id): a crossed row is impossible, even in SQL.

Brought up to date after every `migrate` from the models themselves, so that a new model or key is covered at once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from django.apps import AppConfig, apps
from django.db import connections, models
from django.db.models.signals import post_migrate

from crm.core.tenancy import TenantKey, TenantModel


def connect(sender: AppConfig) -> None:
    """To one application alone: `migrate` tells each of them, after the last migration, and once is enough."""
    post_migrate.connect(_after_migrate, sender=sender, dispatch_uid="composite_keys")


def _after_migrate(sender: Any, using: str, **kwargs: Any) -> None:
    if connections[using].vendor == "postgresql":
        add_missing(using)
        drop_implied(using)


def add_missing(using: str = "default") -> list[str]:
    """Make what is not there yet, and return the names; one query where nothing is missing."""
    wanted = {composite_name(field): field for model in apps.get_models() for field in company_keys(model)}
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT conname FROM pg_constraint WHERE contype = 'f' AND conname = ANY(%s)", [[*wanted]])
        missing = sorted(wanted.keys() - {name for (name,) in cursor.fetchall()})
        tables = set(connections[using].introspection.table_names(cursor)) if missing else set()
        made = [name for name in missing if _tables(wanted[name]) <= tables]  # `migrate <app>` may stop short of some
        for name in made:
            for statement in _statements(wanted[name], name):
                cursor.execute(statement)
    return made


def drop_implied(using: str = "default") -> list[str]:
    """Take away the keys of one column that composite ones imply, for each is looked up for every row that is written;
    return their names. One query where there are none."""
    with connections[using].cursor() as cursor:
        cursor.execute(FOREIGN_KEYS)
        keys = cursor.fetchall()
        there = {name for name, *_ in keys}
        implied = {(field.model._meta.db_table, field.column) for field in _implied(there)}
        found = sorted((name, table) for name, table, column in keys if (table, column) in implied)
        for name, table in found:
            cursor.execute(f'ALTER TABLE "{table}" DROP CONSTRAINT "{name}"')
    return [name for name, _ in found]


FOREIGN_KEYS = """
    SELECT k.conname, t.relname, CASE cardinality(k.conkey) WHEN 1 THEN a.attname END
    FROM pg_constraint AS k JOIN pg_class AS t ON t.oid = k.conrelid
    JOIN pg_attribute AS a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
    WHERE k.contype = 'f' AND k.connamespace = current_schema()::regnamespace
"""


def _implied(there: Collection[str]) -> Iterator[models.ForeignKey[Any, Any]]:
    """A key whose composite one is there; and the company's own, where it is that of a row which must be there."""
    keys = {model: [*company_keys(model)] for model in apps.get_models() if _has_company(model)}
    needed = {model: {field.related_model for field in own if not field.null} for model, own in keys.items()}
    firm = {model for model, others in needed.items() if not others}  # they keep their key to the company
    while more := {model for model, others in needed.items() if others & firm} - firm:
        firm |= more
    for model, own in keys.items():
        if all(composite_name(field) in there for field in own):
            yield from own
            if needed[model] and model in firm:
                yield model._meta.get_field("company")  # type: ignore[misc]


def _has_company(model: type[models.Model]) -> bool:
    return issubclass(model, TenantModel) and not model._meta.get_field("company").null


def company_keys(model: type[models.Model]) -> Iterator[TenantKey[Any, Any]]:
    if issubclass(model, TenantModel):
        yield from (field for field in model._meta.local_concrete_fields if isinstance(field, TenantKey))


def composite_name(field: models.ForeignKey[Any, Any]) -> str:
    return f"{field.model._meta.db_table[:30]}_{field.column[:24]}_company"


def _tables(field: models.ForeignKey[Any, Any]) -> set[str]:
    return {field.model._meta.db_table, field.related_model._meta.db_table}


def _statements(field: models.ForeignKey[Any, Any], name: str) -> Iterator[str]:
    here, there = field.model._meta.db_table, field.related_model._meta.db_table
    yield f'CREATE UNIQUE INDEX IF NOT EXISTS "{there[:50]}_company_row" ON "{there}" (company_id, id)'
    yield (
        f'ALTER TABLE "{here}" ADD CONSTRAINT "{name}" FOREIGN KEY (company_id, "{field.column}") '
        f'REFERENCES "{there}" (company_id, id) DEFERRABLE INITIALLY DEFERRED'
    )
