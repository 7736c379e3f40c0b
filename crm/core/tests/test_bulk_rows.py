from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction

from crm.audit.models import AuditSeal
from crm.core.bulk_rows import insert_rows, update_rows
from crm.core.ids import uuid7
from crm.core.new_rows import new_row
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


AWKWARD = ["", "\\N", "\\.", "a\tb\nc\r\\", "ü ☃ 𝄞", "'\"%s%%", "x"]


@pytest.mark.parametrize("number", [3, 120])
def test_a_large_set_reads_back_as_it_was_written_and_as_the_constructor_makes_it(in_company, admin, number):
    contact, moment = ContactFactory(), datetime(2026, 3, 1, 9, 30, 15, 123456, tzinfo=UTC)
    written = [
        new_row(
            Lead,
            contact=contact,
            created_by=admin if n % 2 else None,
            deal_value=Decimal(n) / 100 if n % 3 else None,
            custom_fields={"text": AWKWARD[n % 7], "n": [True, 1, 1.0, None, 2**70][n % 5]},
            tags=AWKWARD[: n % 4],
            schedule_at=moment + timedelta(minutes=n) if n % 5 else None,
            last_name_key=AWKWARD[n % 7] if n % 6 else None,
            is_duplicate=n % 2 == 0,
            source=AWKWARD[n % 7],
        )
        for n in range(number)
    ]
    insert_rows(Lead, written)
    read = Lead.objects.in_bulk([lead.pk for lead in written])
    blank = Lead()
    for lead in written:
        for field in Lead._meta.concrete_fields:
            kept, meant = getattr(read[lead.pk], field.attname), getattr(lead, field.attname)
            assert kept == meant, field.name
        assert repr(read[lead.pk].custom_fields["n"]) == repr(lead.custom_fields["n"]), "1, 1.0 and true are told apart"
    unsaid = set(Lead._meta.concrete_fields) - {Lead._meta.pk, *map(Lead._meta.get_field, GIVEN)}
    assert all(getattr(written[0], f.attname) == getattr(blank, f.attname) for f in unsaid if "_at" not in f.name)
    assert not written[0]._state.adding and written[0].contact is contact


GIVEN = (
    "company", "contact", "created_by", "deal_value", "custom_fields", "tags", "schedule_at", "last_name_key",
    "is_duplicate", "source",
)  # fmt: skip


@pytest.mark.parametrize("number", [1, 60])
def test_each_row_is_updated_with_its_own_values_by_one_statement(in_company, number, django_assert_num_queries):
    leads, other = [LeadFactory() for _ in range(number)], LeadFactory(source="other")
    for n, lead in enumerate(leads):
        lead.source, lead.custom_fields, lead.deadline = AWKWARD[n % 7], {"n": n}, None
        lead.priority = 4  # not named
    with django_assert_num_queries(1):
        update_rows(Lead, leads, ["source", "custom_fields", "deadline"])
    for n, lead in enumerate(Lead.objects.exclude(pk=other.pk).order_by("pk")):
        assert (lead.source, lead.custom_fields, lead.priority) == (AWKWARD[n % 7], {"n": n}, 2)
    other.refresh_from_db()
    assert other.source == "other"


def test_no_row_of_another_company_is_updated(in_company, stranger):
    with company_active(stranger.company_id):
        theirs = LeadFactory(source="theirs")
    theirs.source = "ours"
    with pytest.raises(ForeignCompany):
        update_rows(Lead, [theirs], ["source"])
    theirs.company_id = in_company.pk  # as nobody may
    update_rows(Lead, [theirs], ["source"])
    with company_active(stranger.company_id):
        assert Lead.objects.get().source == "theirs"


def test_encrypted_text_is_encrypted(in_company):
    insert_rows(Mail, [Mail(kind="k", to="a@b.example", subject="s", text="secret")])
    with connection.cursor() as cursor:
        cursor.execute("SELECT text FROM mail_mail")
        assert "secret" not in cursor.fetchone()[0]
    assert Mail.objects.get().text == "secret"


@pytest.mark.parametrize("number", [1, 40, 80])
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


@pytest.mark.parametrize("number", [2, 80])
def test_a_conflict_is_an_integrity_error(in_company, number):
    seals = [AuditSeal(number=1, entry_id=uuid7(), mac="a") for _ in range(number)]
    with pytest.raises(IntegrityError), transaction.atomic():
        insert_rows(AuditSeal, seals)
    assert not AuditSeal.objects.exists()
