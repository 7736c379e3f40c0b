"""Walks every tenant model: what a later app adds is covered without a change here."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from django.apps import apps
from django.db import DatabaseError, IntegrityError, connection, models, transaction
from django.db.models import Count, Value

from crm.accounts.tests.factories import CompanyFactory
from crm.core.composite_keys import add_missing, company_keys, composite_name, drop_implied
from crm.core.tenancy import (
    Forbidden,
    ForeignCompany,
    NoCompany,
    TenantModel,
    company_active,
    get_or_refuse,
    holes,
    tenant_keys,
    unscoped,
)
from crm.core.testing.rows import fill_company, tenant_models

ON_POSTGRES = connection.vendor == "postgresql"
postgres = pytest.mark.skipif(not ON_POSTGRES, reason="composite keys are PostgreSQL's")
Side = SimpleNamespace
APPEND_ONLY = {"audit.AuditEntry", "audit.AuditSeal"}  # the database itself refuses to change them
OF_OTHER_PACKAGES = {"admin", "auth", "contenttypes", "sessions", "django_celery_beat", "account", "mfa"}


def make(name: str) -> Side:
    company = CompanyFactory(name=name)
    return Side(company=company, pk=company.pk, rows=fill_company(company, name))


@pytest.fixture
def a(db: None) -> Side:
    return make("aaa")


@pytest.fixture
def b(a: Side) -> Side:
    return make("bbb")


@pytest.fixture
def in_b(b: Side) -> Any:
    with company_active(b.pk):
        yield b


def fresh(row: Any) -> Any:
    with unscoped("test"):
        return type(row)._base_manager.get(pk=row.pk)


@pytest.mark.parametrize("model", tenant_models(), ids=lambda m: m._meta.label)
class TestEveryModel:
    def test_has_no_hole(self, model: Any) -> None:
        assert list(holes(model)) == []

    def test_raises_with_no_company(self, model: Any, db: None) -> None:
        for manager in {*model._meta.managers, model._base_manager, model._default_manager}:
            for touch in (
                list,
                models.QuerySet.count,
                models.QuerySet.exists,
                models.QuerySet.first,
                lambda rows: rows.aggregate(n=Count("pk")),
                lambda rows: rows.delete(),
                lambda rows: rows.update(id=uuid4()),
            ):
                with pytest.raises(NoCompany):
                    touch(manager.all())

    def test_shows_one_company_alone(self, model: Any, a: Side, b: Side) -> None:
        with unscoped("test"):
            assert {a.pk, b.pk} <= set(model._default_manager.values_list("company_id", flat=True))
        for side in (a, b):
            with company_active(side.pk):
                assert set(model._default_manager.values_list("company_id", flat=True)) == {side.pk}
                assert set(models.QuerySet.values_list(model._base_manager.all(), "company_id", flat=True)) == {side.pk}

    def test_a_strangers_row_is_out_of_reach(self, model: Any, a: Side, in_b: Side) -> None:
        row = fresh(a.rows[model._meta.label])
        for touch in (row.save, row.delete, row.refresh_from_db, lambda: row.save(update_fields=["company"])):
            with pytest.raises((Forbidden, model.DoesNotExist)):
                touch()
        with pytest.raises(Forbidden):
            get_or_refuse(model._default_manager.all(), row.pk)
        assert model._default_manager.filter(pk=row.pk).delete()[0] == 0
        assert model._default_manager.filter(pk=row.pk).update(id=uuid4()) == 0
        assert fresh(row).company_id == a.pk

    def test_no_foreign_key_takes_a_strangers_row(self, model: Any, a: Side, in_b: Side) -> None:
        mine = fresh(in_b.rows[model._meta.label])
        for field in tenant_keys(model):
            theirs = fresh(a.rows[field.related_model._meta.label])
            for value in ({field.attname: theirs.pk}, {field.name: theirs}, {field.name: Value(theirs.pk)}):
                with pytest.raises(ForeignCompany):
                    model._default_manager.update(**value)
            setattr(mine, field.attname, theirs.pk)
            for write in (
                mine.save,
                lambda: mine.save(update_fields=[field.name]),  # noqa: B023 - called at once
                lambda: model._default_manager.bulk_update([mine], [field.name]),  # noqa: B023
                lambda: model._default_manager.create_many([mine]),
            ):
                with pytest.raises(ForeignCompany):
                    write()
            mine.refresh_from_db()

    @postgres
    def test_its_keys_hold_the_company_in_the_database(self, model: Any, db: None) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT conname FROM pg_constraint WHERE conrelid = %s::regclass AND contype = 'f'",
                [model._meta.db_table],
            )
            constraints = {name for (name,) in cursor.fetchall()}
        assert {composite_name(field) for field in company_keys(model)} <= constraints

    @postgres
    def test_the_database_refuses_a_crossed_row_even_unscoped(self, model: Any, a: Side, b: Side) -> None:
        if model._meta.label in APPEND_ONLY:
            pytest.skip("no update at all")
        for field in company_keys(model):
            theirs = a.rows[field.related_model._meta.label].pk
            bare = models.QuerySet(model).filter(pk=b.rows[model._meta.label].pk)
            with pytest.raises(DatabaseError), transaction.atomic(), unscoped("test"):
                bare.update(**{field.attname: theirs})
                connection.check_constraints()


def test_every_model_of_ours_but_the_company_is_a_tenants() -> None:
    others = {
        model._meta.label
        for model in apps.get_models()
        if not issubclass(model, TenantModel) and model._meta.app_label not in OF_OTHER_PACKAGES
    }
    assert others == {"accounts.Company"}


@postgres
def test_a_key_of_one_column_beside_one_of_two_is_taken_away(db: None, django_assert_num_queries: Any) -> None:
    with connection.cursor() as cursor:
        for column, there in (("contact_id", "leads_contact"), ("company_id", "accounts_company")):
            cursor.execute(
                f"ALTER TABLE leads_lead ADD CONSTRAINT lone_{column} FOREIGN KEY ({column}) REFERENCES {there} (id)"
            )
    assert drop_implied() == ["lone_company_id", "lone_contact_id"]
    with django_assert_num_queries(1):
        assert drop_implied() == []


@postgres
def test_a_key_whose_composite_one_is_not_there_yet_stays(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE leads_note DROP CONSTRAINT leads_note_lead_id_company")
        cursor.execute("ALTER TABLE leads_note ADD CONSTRAINT lone FOREIGN KEY (lead_id) REFERENCES leads_lead (id)")
    assert drop_implied() == []


@postgres
@pytest.mark.parametrize("table", ["leads_contact", "leads_lead", "agents_agent", "accounts_company"])
def test_no_row_goes_that_others_point_to_even_in_sql(a: Side, table: str) -> None:
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {table}")
        connection.check_constraints()


@postgres
def test_a_missing_key_is_made_again_and_nothing_else(db: None, django_assert_num_queries: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE leads_note DROP CONSTRAINT leads_note_lead_id_company")
    assert add_missing() == ["leads_note_lead_id_company"]
    with django_assert_num_queries(1):
        assert add_missing() == []
