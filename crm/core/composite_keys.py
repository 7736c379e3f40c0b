"""On PostgreSQL every key inside a company is also a key of (company, id): a crossed row is impossible, even in SQL.

Brought up to date after every `migrate` from the models themselves, so that a new model or key is covered at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.db import connections, models
from django.db.models.signals import post_migrate

from crm.core.tenancy import TenantKey, TenantModel


def connect() -> None:
    post_migrate.connect(_after_migrate, dispatch_uid="composite_keys")


def _after_migrate(sender: Any, using: str, plan: Any = (), **kwargs: Any) -> None:
    """Runs once a `migrate`, at its last application."""
    if sender.name != [*apps.get_app_configs()][-1].name or connections[using].vendor != "postgresql":
        return
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT conname FROM pg_constraint WHERE conname LIKE '%%_company'")
        present = {name for (name,) in cursor.fetchall()}
        existing = set(connections[using].introspection.table_names(cursor))
        for name, statements in wanted(existing):
            if name not in present:
                for statement in statements:
                    cursor.execute(statement)


def wanted(tables: set[str]) -> Iterator[tuple[str, tuple[str, str]]]:
    """Each constraint's name and what makes it."""
    for model in apps.get_models():
        table = model._meta.db_table
        if not issubclass(model, TenantModel) or table not in tables:
            continue
        for field in model._meta.local_concrete_fields:
            if isinstance(field, TenantKey) and field.related_model._meta.db_table in tables:
                yield composite_name(table, field.column), _make(table, field)


def _make(table: str, field: models.ForeignKey[Any, Any]) -> tuple[str, str]:
    there = field.related_model._meta.db_table
    return (
        f'CREATE UNIQUE INDEX IF NOT EXISTS "{there[:50]}_company_row" ON "{there}" (company_id, id)',
        f'ALTER TABLE "{table}" ADD CONSTRAINT "{composite_name(table, field.column)}" '
        f'FOREIGN KEY (company_id, "{field.column}") REFERENCES "{there}" (company_id, id) DEFERRABLE INITIALLY DEFERRED',
    )


def composite_name(table: str, column: str) -> str:
    return f"{table[:30]}_{column[:24]}_company"
