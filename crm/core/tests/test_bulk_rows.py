from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction

from crm.audit.models import AuditSeal
from crm.core.bulk_rows import insert_rows
from crm.core.ids import uuid7
from crm.core.tenancy import ForeignCompany, NoCompany, company_active, scoped
from crm.mail.models import Mail
from leads.models import Lead, Note
from leads.tests.factories import ContactFactory, LeadFactory


def test_rows_read_back_as_they_were_written(in_company, admin):
    contact, moment = ContactFactory(), datetime(2026, 3, 1, 9, 30, 15, 123456, tzinfo=UTC)
    written = Lead(
        contact=contact,
        created_by=admin,
        deal_value=Decimal("12345678901.10"),
        custom_fields={"a": [1, 2.5, None, True, 2**70, {"b": 'ü"\\'}]},
        tags=["x"],
        deadline=moment,
        is_duplicate=True,
        source="a\tb\nc\\",
    )
    insert_rows(Lead, [written])
    read = Lead.objects.get(pk=written.pk)
    for field in Lead._meta.concrete_fields:
        assert getattr(read, field.attname) == getattr(written, field.attname), field.name
    written.source = "changed"
    written.save(update_fields=["source"])
    assert Lead.objects.get().source == "changed"


def test_encrypted_text_is_encrypted(in_company):
    insert_rows(Mail, [Mail(kind="k", to="a@b.example", subject="s", text="secret")])
    with connection.cursor() as cursor:
        cursor.execute("SELECT text FROM mail_mail")
        assert "secret" not in cursor.fetchone()[0]
    assert Mail.objects.get().text == "secret"


@pytest.mark.parametrize("number", [1, 40])
def test_a_set_is_one_statement(in_company, number, django_assert_num_queries):
    lead = LeadFactory()
    with django_assert_num_queries(1):
        insert_rows(Note, [Note(lead=lead, text=f"n{n}") for n in range(number)])
    assert Note.objects.count() == number
    with django_assert_num_queries(0):
        insert_rows(Note, [])


def test_a_row_points_at_its_own_companys_rows_alone(in_company, stranger):
    with company_active(stranger.company_id):
        theirs = LeadFactory()
    for note in (Note(lead_id=theirs.pk, text="x"), Note(lead_id=uuid7(), text="x")):
        with pytest.raises(ForeignCompany):
            insert_rows(Note, [note])
    with scoped(None), pytest.raises(NoCompany):
        insert_rows(Note, [Note(lead=theirs, text="x")])
    assert not Note.objects.exists()


def test_a_conflict_is_an_integrity_error(in_company):
    seals = [AuditSeal(number=1, entry_id=uuid7(), mac="a") for _ in range(2)]
    with pytest.raises(IntegrityError), transaction.atomic():
        insert_rows(AuditSeal, seals)
    assert not AuditSeal.objects.exists()
