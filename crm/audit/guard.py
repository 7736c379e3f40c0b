"""What makes the database itself refuse to change the log: triggers on entries and seals, which only take inserts.

The migration `0003_append_only` puts them up. Tests that empty all tables, or play the forger, take them down for a
moment. A change here needs a migration of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

TABLES = {
    "audit_auditentry": ("id = NEW.id",),
    "audit_auditseal": (
        "id = NEW.id",
        "entry_id = NEW.entry_id",
        "company_id = NEW.company_id AND number = NEW.number",
    ),
}
REFUSAL = "the audit log is append-only"
POSTGRESQL_FUNCTION = f"""
CREATE OR REPLACE FUNCTION audit_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '{REFUSAL}' USING ERRCODE = 'integrity_constraint_violation'; END $$
"""


def put_up(connection: Any) -> None:
    statements = _postgresql() if connection.vendor == "postgresql" else _sqlite()
    _execute(connection, [*_removal(connection), *statements])


def take_down(connection: Any) -> None:
    _execute(connection, _removal(connection))


@contextmanager
def taken_down(connection: Any) -> Iterator[None]:
    take_down(connection)
    try:
        yield
    finally:
        put_up(connection)


def _execute(connection: Any, statements: Iterator[str] | list[str]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def _postgresql() -> Iterator[str]:
    yield POSTGRESQL_FUNCTION
    for table in TABLES:
        yield (
            f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION audit_append_only()"
        )
        yield (
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION audit_append_only()"
        )


def _sqlite() -> Iterator[str]:
    """REPLACE deletes without a delete trigger unless the connection asks for it, so inserts are watched as well."""
    refuse = f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
    for table, taken in TABLES.items():
        there = " OR ".join(f"EXISTS (SELECT 1 FROM {table} WHERE {one})" for one in taken)  # noqa: S608 - constants
        yield f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} {refuse}"
        yield f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {refuse}"
        yield f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} WHEN {there} {refuse}"


def _removal(connection: Any) -> list[str]:
    if connection.vendor == "postgresql":
        names = [(table, what) for table in TABLES for what in ("no_change", "no_truncate")]
        return [f"DROP TRIGGER IF EXISTS {table}_{what} ON {table}" for table, what in names]
    names = [(table, what) for table in TABLES for what in ("no_update", "no_delete", "no_replace")]
    return [f"DROP TRIGGER IF EXISTS {table}_{what}" for table, what in names]
