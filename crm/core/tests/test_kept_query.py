from __future__ import annotations

from threading import Thread

import pytest
from django.db import connection
from django.db.models import CharField, F, UUIDField
from django.test.utils import CaptureQueriesContext

from crm.accounts.models import User
from crm.core.kept_query import KeptQuery, Slot
from crm.core.tenancy import unscoped
from leads.models import Lead
from leads.tests.factories import LeadFactory


def by_source() -> KeptQuery[Lead]:
    leads = Lead.objects.filter(source=Slot("source", CharField())).select_related("contact", "created_by")
    return KeptQuery(lambda: leads.order_by("pk"))


def test_rows_are_those_of_the_queryset_and_each_run_has_its_own_values(in_company, manager):
    mine = LeadFactory(source="a", created_by=manager, custom_fields={"plan": ["pro"]})
    other = LeadFactory(source="b")
    kept = by_source()
    with unscoped("a test"):
        for source, lead in (("a", mine), ("b", other), ("a", mine)):
            with CaptureQueriesContext(connection) as sent:
                [found] = kept.rows(source=source)
                people = (found.contact, found.created_by)
            read = Lead.objects.get(pk=lead.pk)
            assert len(sent) == 1
            for field in Lead._meta.concrete_fields:
                assert getattr(found, field.attname) == getattr(read, field.attname), field.name
            assert people == (read.contact, read.created_by)
        assert kept.first(source="nothing") is None


def test_what_a_row_is_annotated_with_stands_on_it(in_company, manager):
    lead = LeadFactory(created_by=manager, source="a", score=41)
    more = Lead.objects.filter(pk=Slot("pk", UUIDField())).select_related("created_by").annotate(next=F("score") + 1)
    with unscoped("a test"):
        found = KeptQuery(lambda: more).first(pk=lead.pk)
    assert found is not None
    assert (found.next, found.score, found.created_by) == (42, 41, manager)


def test_it_is_compiled_once(in_company):
    built = []

    def build():
        built.append(1)
        return User.objects.filter(pk=Slot("pk", UUIDField()))

    kept = KeptQuery(build)
    lead = LeadFactory()
    with unscoped("a test"):
        for _ in range(3):
            assert kept.first(pk=lead.pk) is None
    assert built == [1]


@pytest.mark.django_db(transaction=True)
def test_each_threads_connection_has_its_own(company):
    kept, found = KeptQuery(lambda: User.objects.filter(pk=Slot("pk", UUIDField()))), []

    def look():
        with unscoped("a test"):
            found.append(kept.first(pk=company.pk))
        connection.close()

    for _ in range(2):
        thread = Thread(target=look)
        thread.start()
        thread.join()
    look()
    assert found == [None, None, None]
