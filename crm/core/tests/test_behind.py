"""Sets written by a thread while the next one is made: the same rows in the same order, none of them on an error."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.transaction import TransactionManagementError

from crm.core import behind
from crm.core.behind import writing_behind
from crm.core.bulk_rows import insert_rows, update_rows
from crm.core.ids import uuid7
from crm.core.new_rows import new_row
from leads.models import Contact, Lead
from leads.tests.factories import ContactFactory

NUMBER = 300
on_postgresql = pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite writes nothing behind")


def people() -> list[Contact]:
    return [new_row(Contact, first_name=f"P{n}", phone_e164=f"+1415555{n:04d}") for n in range(NUMBER)]


def leads_of(contacts: list[Contact]) -> list[Lead]:
    return [new_row(Lead, contact=contact, source="before") for contact in contacts]


@pytest.fixture
def writers(monkeypatch) -> set[str]:
    """The threads that statements were executed in."""
    names: set[str] = set()
    do = behind._Behind._do

    def noted(self: Any, work: Any) -> float:
        names.add(threading.current_thread().name)
        return do(self, work)

    monkeypatch.setattr(behind._Behind, "_do", noted)
    return names


def test_sets_are_written_in_their_order_and_seen_by_the_next_statement(in_company, writers):
    with transaction.atomic(), writing_behind(NUMBER):
        contacts = people()
        insert_rows(Contact, contacts)
        leads = leads_of(contacts)  # point at rows that may not be written yet
        insert_rows(Lead, leads)
        for lead in leads:
            lead.source = "after"
        update_rows(Lead, leads, {"source"})
        for lead in leads:
            lead.source = "never written"
        assert Lead.objects.filter(source="after").count() == NUMBER
        assert len(writers) == (connection.vendor == "postgresql")
    assert Lead.objects.filter(source="after", contact__first_name__startswith="P").count() == NUMBER


def test_a_small_set_is_written_at_once(in_company, writers):
    with transaction.atomic(), writing_behind(3):
        insert_rows(Contact, people())
    assert Contact.objects.count() == NUMBER and not writers


@pytest.mark.parametrize("looked", [True, False])
def test_an_error_is_raised_by_the_block_and_nothing_stays(in_company, looked):
    ContactFactory(phone_e164="+14155550007")
    with pytest.raises(IntegrityError, match=r"(?i)unique"), transaction.atomic(), writing_behind(NUMBER):
        contacts = people()
        insert_rows(Contact, contacts)
        insert_rows(Lead, leads_of(contacts))
        if looked:
            Lead.objects.count()
    assert (Contact.objects.count(), Lead.objects.count()) == (1, 0)
    with transaction.atomic(), writing_behind(NUMBER):  # the connection is as good as before
        insert_rows(Contact, people()[8:])
    assert Contact.objects.count() == NUMBER - 7


@pytest.mark.parametrize("where", ["between", pytest.param("in the midst", marks=on_postgresql)])
def test_what_fails_in_python_leaves_nothing_and_no_thread(in_company, where):
    def failing() -> Any:
        yield "not a row"
        raise KeyError("in the midst")

    with pytest.raises(KeyError, match=where), transaction.atomic(), writing_behind(NUMBER):
        insert_rows(Contact, people())
        if where == "between":
            raise KeyError(where)
        behind.copy('COPY "leads_contact" ("id") FROM STDIN', failing())
    assert Contact.objects.count() == 0
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("behind")]


@on_postgresql
def test_what_is_written_behind_is_counted_as_a_query(in_company, django_assert_num_queries):
    contacts = people()
    with transaction.atomic(), django_assert_num_queries(2), writing_behind(NUMBER):
        insert_rows(Contact, contacts)
        insert_rows(Lead, leads_of(contacts))


@on_postgresql
@pytest.mark.django_db(transaction=True)
def test_nothing_is_written_behind_outside_of_a_transaction(in_company):
    with pytest.raises(TransactionManagementError), writing_behind(NUMBER):
        pass


@pytest.mark.parametrize("number", [3, 100])
def test_many_keys_are_looked_up_as_a_few_are(in_company, number):
    contacts = people()[:number]
    insert_rows(Contact, contacts)
    insert_rows(Lead, leads_of(contacts))
    pks, phones = [contact.pk for contact in contacts], {contact.phone_e164 for contact in contacts}
    other = ContactFactory(phone_e164="+14155559999")
    for found in (
        Contact.objects.filter(pk__in=pks),
        Contact.objects.filter(pk__in=[str(pk) for pk in pks]),
        Contact.objects.filter(pk__in=[*pks, None, uuid7()]),
        Contact.objects.filter(phone_e164__in=phones),
        Contact.objects.filter(phone_e164__in=[*phones, 'a"\\{,}%s']),
        Lead.objects.filter(contact__in=contacts),
        Lead.objects.filter(contact_id__in=pks),
        Lead.objects.filter(contact__phone_e164__in=phones),
    ):
        assert found.count() == number
    assert Contact.objects.exclude(pk__in=pks).get() == other


@on_postgresql
def test_a_key_that_leads_nowhere_is_found_with_its_set_and_not_at_the_commit(in_company, writers):
    contacts = people()
    insert_rows(Contact, contacts)
    leads = leads_of(contacts)
    with pytest.raises(IntegrityError, match="violates foreign key"), transaction.atomic():
        with writing_behind(NUMBER):
            insert_rows(Lead, leads)
            behind.execute("UPDATE leads_lead SET contact_id = id WHERE id = %s", [leads[7].pk])
        pytest.fail("the block ended before its keys were checked")
    assert not Lead.objects.exists()
