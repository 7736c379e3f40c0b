"""What the database itself holds to: the ledger only grows, decisions stay as taken, nothing goes out without one.

Brought up to date after every `migrate` from the models themselves, so that a new model of `Decided` rows is covered
at once, and a table that SQLite made anew for a change of a column has its triggers again.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.apps import AppConfig, apps
from django.db import connections, models
from django.db.models.signals import post_migrate, pre_migrate

LEDGER, DECISIONS = "compliance_consentevent", "compliance_contactdecision"
ERASED = {"address": "''", "ip": "NULL", "wording": "''"}  # what the erasure of a person may blank, to this
LEDGER_REFUSAL = "the consent ledger is append-only"
DECISION_REFUSAL = "a decision stays as it was taken"
SENT_REFUSAL = "the decision is not this one"


def connect(sender: AppConfig) -> None:
    pre_migrate.connect(_before_migrate, sender=sender, dispatch_uid="compliance_guard")
    post_migrate.connect(_after_migrate, sender=sender, dispatch_uid="compliance_guard")


def _before_migrate(sender: Any, using: str, **kwargs: Any) -> None:
    """SQLite makes a table anew to change it, and refuses where a trigger elsewhere names that table."""
    if connections[using].vendor == "sqlite":
        found = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE %s"
        names = _asked(connections[using], found, "%_decided_%")
        _execute(connections[using], [f'DROP TRIGGER "{name}"' for name in names])


def _after_migrate(sender: Any, using: str, **kwargs: Any) -> None:
    if LEDGER in _tables(connections[using]):  # `migrate <app>` may stop short of it
        put_up(connections[using])


def put_up(connection: Any) -> None:
    """All of it, anew: triggers are replaced, foreign keys made where they are missing."""
    take_down(connection)
    _execute(connection, _postgresql() if connection.vendor == "postgresql" else _sqlite())
    if connection.vendor == "postgresql":
        _execute(connection, _missing_keys(connection))
        _execute(connection, _postgresql_owners(connection))
    else:
        _execute(connection, _sqlite_keys(connection))


def take_down(connection: Any) -> None:
    """The triggers on the ledger and the decisions."""
    on = connection.vendor == "postgresql"
    _execute(connection, [
        f"DROP TRIGGER IF EXISTS {table}_{what}{f' ON {table}' if on else ''}"
        for table in (LEDGER, DECISIONS)
        for what in ("no_change", "no_delete", "no_replace", "no_truncate")
    ])  # fmt: skip


@contextmanager
def taken_down(connection: Any) -> Iterator[None]:
    """For tests that empty all tables."""
    take_down(connection)
    try:
        yield
    finally:
        put_up(connection)


def decided_models() -> Iterator[type[models.Model]]:
    from crm.compliance.decided import Decided

    yield from (model for model in apps.get_models() if issubclass(model, Decided))


def _execute(connection: Any, statements: Iterator[str] | list[str]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def _asked(connection: Any, sql: str, value: Any) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(sql, [value])
        return [name for (name,) in cursor.fetchall()]


def _tables(connection: Any) -> set[str]:
    with connection.cursor() as cursor:
        return set(connection.introspection.table_names(cursor))


# --- PostgreSQL ------------------------------------------------------------------------------------------------------


def _postgresql() -> Iterator[str]:
    blanked = " AND ".join(f"(NEW.{name} IS NOT DISTINCT FROM OLD.{name} OR NEW.{name} IS NOT DISTINCT FROM {empty})"
                           for name, empty in ERASED.items())  # fmt: skip
    rest = " - ".join(["to_jsonb({0})", *(f"'{name}'" for name in ERASED)])
    yield _function("consent_only_grows", LEDGER_REFUSAL, f"""
        IF TG_OP = 'UPDATE' THEN
            IF ({rest.format('NEW')}) = ({rest.format('OLD')}) AND {blanked} THEN RETURN NEW; END IF;
        END IF;""")  # fmt: skip
    yield _function("decision_stays", DECISION_REFUSAL, "")
    yield _trigger(LEDGER, "no_change", "UPDATE OR DELETE", "ROW", "consent_only_grows")
    yield _trigger(LEDGER, "no_truncate", "TRUNCATE", "STATEMENT", "consent_only_grows")
    yield _trigger(DECISIONS, "no_change", "UPDATE", "ROW", "decision_stays")


def _function(name: str, refusal: str, unless: str) -> str:
    return (
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {unless} "
        f"RAISE EXCEPTION '{refusal}' USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )


def _trigger(table: str, what: str, when: str, each: str, function: str) -> str:
    return f"CREATE TRIGGER {table}_{what} BEFORE {when} ON {table} FOR EACH {each} EXECUTE FUNCTION {function}()"


def _missing_keys(connection: Any) -> Iterator[str]:
    """What was sent has a foreign key to (decision, allowed): neither can change behind the other's back."""
    wanted = {f"{model._meta.db_table[:30]}_decision_allowed": model._meta.db_table for model in decided_models()}
    there_are = "SELECT conname FROM pg_constraint WHERE contype = 'f' AND conname = ANY(%s)"
    missing = sorted(wanted.keys() - set(_asked(connection, there_are, [*wanted])))
    tables = _tables(connection) if missing else set()
    for name in missing:
        if wanted[name] in tables:
            yield (
                f'ALTER TABLE "{wanted[name]}" ADD CONSTRAINT "{name}" FOREIGN KEY (decision_id, decision_allowed) '
                f"REFERENCES {DECISIONS} (id, allowed) DEFERRABLE INITIALLY DEFERRED"
            )


def _postgresql_owners(connection: Any) -> Iterator[str]:
    """A row begins with a decision on its own contact; the contact may be merged into another later on."""
    found = f"SELECT 1 FROM {DECISIONS} WHERE id = NEW.decision_id AND contact_id = NEW.contact_id"  # noqa: S608 - constants
    yield _function(
        "decision_is_theirs",
        SENT_REFUSAL,
        f"IF NEW.decision_id IS NULL OR EXISTS ({found}) THEN RETURN NEW; END IF;",
    )
    tables = _tables(connection)
    for model in decided_models():
        if has_contact(model) and (table := model._meta.db_table) in tables:
            yield f'DROP TRIGGER IF EXISTS decided_theirs ON "{table}"'
            yield (
                f'CREATE TRIGGER decided_theirs BEFORE INSERT OR UPDATE OF decision_id ON "{table}" '
                "FOR EACH ROW EXECUTE FUNCTION decision_is_theirs()"
            )


def has_contact(model: type[models.Model]) -> bool:
    return any(field.name == "contact" for field in model._meta.concrete_fields)


# --- SQLite ----------------------------------------------------------------------------------------------------------


def _sqlite() -> Iterator[str]:
    """REPLACE deletes without a delete trigger unless the connection asks for it, so inserts are watched as well."""
    from crm.compliance.models import ConsentEvent

    columns = [str(field.column) for field in ConsentEvent._meta.concrete_fields]
    same = " AND ".join(f"NEW.{name} IS OLD.{name}" for name in columns if name not in ERASED)
    blanked = " AND ".join(f"(NEW.{name} IS OLD.{name} OR NEW.{name} IS {to})" for name, to in ERASED.items())
    yield _refusal(f"{LEDGER}_no_change BEFORE UPDATE ON {LEDGER} WHEN NOT ({same} AND {blanked})", LEDGER_REFUSAL)
    yield _refusal(f"{LEDGER}_no_delete BEFORE DELETE ON {LEDGER}", LEDGER_REFUSAL)
    yield _refusal(
        f"{LEDGER}_no_replace BEFORE INSERT ON {LEDGER} WHEN EXISTS (SELECT 1 FROM {LEDGER} WHERE id = NEW.id)",  # noqa: S608 - a constant
        LEDGER_REFUSAL,
    )
    yield _refusal(f"{DECISIONS}_no_change BEFORE UPDATE ON {DECISIONS}", DECISION_REFUSAL)


def _sqlite_keys(connection: Any) -> Iterator[str]:
    tables = _tables(connection)
    for model in decided_models():
        table = model._meta.db_table
        if table not in tables:
            continue
        theirs = " AND d.contact_id IS NEW.contact_id" if has_contact(model) else ""
        found = f"SELECT 1 FROM {DECISIONS} AS d WHERE d.id = NEW.decision_id AND d.allowed IS NEW.decision_allowed"  # noqa: S608 - our names
        strange = f"NEW.decision_id IS NOT NULL AND NOT EXISTS ({found}{theirs})"
        for name, when in (("insert", "INSERT"), ("update", "UPDATE OF decision_id, decision_allowed")):
            yield f'DROP TRIGGER IF EXISTS "{table}_decided_{name}"'
            yield _refusal(f'"{table}_decided_{name}" BEFORE {when} ON "{table}" WHEN {strange}', SENT_REFUSAL)


def _refusal(head: str, refusal: str) -> str:
    return f"CREATE TRIGGER {head} BEGIN SELECT RAISE(ABORT, '{refusal}'); END"
