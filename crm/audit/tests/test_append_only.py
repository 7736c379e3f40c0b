"""The database itself refuses to change the log; on both databases."""

from __future__ import annotations

from contextlib import nullcontext

import pytest
from django.db import IntegrityError, connection, transaction

from crm.audit.models import AuditEntry, AuditSeal, JournalEntry
from crm.audit.recording import record
from crm.audit.sealing import seal_entries
from crm.core.actors import System
from crm.core.tenancy import unscoped

TABLES = ["audit_auditentry", "audit_auditseal"]


@pytest.fixture
def log(in_company, admin):
    record("company.updated", in_company, by=System("test"), changes={"name": ("A", "B")})
    assert seal_entries() == 1
    return AuditEntry.objects.get()


def refused(statement, *params):
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, params)
    assert AuditEntry.objects.count() == AuditSeal.objects.count() == 1


@pytest.mark.parametrize("table", TABLES)
def test_sql_can_neither_update_nor_delete(log, table):
    refused(f"UPDATE {table} SET company_id = company_id")
    refused(f"DELETE FROM {table}")


def test_the_orm_can_neither_update_nor_delete(log):
    for attempt in (
        lambda: AuditEntry.objects.update(action="x"),
        lambda: AuditEntry.objects.all()._raw_delete("default"),
        lambda: AuditSeal.objects.update(number=7),
        lambda: AuditSeal.objects.get().delete(),
        lambda: log.save(),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            attempt()
    log.refresh_from_db()
    assert log.action == "company.updated"


@pytest.mark.parametrize("table", TABLES)
def test_an_insert_replaces_nothing(log, table):
    copied = f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}"
    if connection.vendor == "postgresql":
        copied = f"INSERT INTO {table} SELECT * FROM {table} ON CONFLICT (id) DO UPDATE SET id = excluded.id"
    refused(copied)


@pytest.mark.skipif(connection.vendor != "sqlite", reason="REPLACE is SQLite's")
def test_an_insert_replaces_nothing_even_where_delete_triggers_sleep(log):
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA recursive_triggers = OFF")
        try:
            for table in TABLES:
                refused(f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}")
            seal = "INSERT OR REPLACE INTO audit_auditseal (id, company_id, number, entry_id, mac, sealed_at)"
            refused(f"{seal} SELECT 'x', company_id, number + 1, entry_id, 'x', sealed_at FROM audit_auditseal")
            refused(f"{seal} SELECT 'x', company_id, number, 'x', 'x', sealed_at FROM audit_auditseal")
        finally:
            cursor.execute("PRAGMA recursive_triggers = ON")


@pytest.mark.skipif(connection.vendor != "postgresql", reason="TRUNCATE is PostgreSQL's")
@pytest.mark.parametrize("table", TABLES)
def test_no_truncate(log, table):
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # PostgreSQL wants no check pending
    refused(f"TRUNCATE {table} CASCADE")


def test_the_journal_beside_it_can_be_erased(log):
    with unscoped("erase"):
        JournalEntry.objects.all().delete()
    assert not JournalEntry.objects.exists() and AuditEntry.objects.get() == log


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("time", [1, 2])
def test_tests_with_real_transactions_find_the_log_empty_and_guarded(time, company):
    with unscoped("a test"), nullcontext():
        assert not AuditEntry.objects.exists()
        record("company.updated", company, by=System("test"))
        with pytest.raises(IntegrityError):
            AuditEntry.objects.update(action="x")
