from __future__ import annotations

import pytest

from crm.accounts.tests.factories import UserFactory
from crm.audit.labels import label_of, labels
from crm.audit.recording import Event, record, record_many
from crm.audit.timeline import entries_for
from crm.core.actors import System
from crm.core.tenancy import company_active
from leads.tests.factories import LeadFactory


def test_what_happened_to_a_lead_and_its_contact_newest_first(in_company, admin):
    lead, other = LeadFactory(), LeadFactory()
    first = record("contact.created", lead.contact, by=System("routing"))
    record("lead.created", other, by=admin)
    second = record("lead.updated", lead, by=admin, changes={"score": (0, 7)}, data={"n": 1})
    told = entries_for([lead.pk, lead.contact_id])
    assert [(one.id, one.at, one.label, one.actor) for one in told] == [
        (second.pk, second.at, "Lead updated", admin.name),
        (first.pk, first.at, "Contact created", "routing"),
    ]
    assert (told[0].changes, told[0].data) == ([{"field": "score", "before": 0, "after": 7}], {"n": 1})
    assert (told[0].object_type, told[0].object_id, told[0].action) == ("lead", lead.pk, "lead.updated")


def test_what_happened_in_one_batch_keeps_its_order(in_company, admin):
    lead = LeadFactory()
    names = [f"lead.step_{n}" for n in range(50)]
    record_many(Event(name, lead, admin) for name in names[:25])
    for name in names[25:]:
        record(name, lead, by=admin)
    assert [one.action for one in entries_for([lead.pk], limit=50)] == names[::-1]


@pytest.mark.parametrize("number", [1, 30])
def test_a_page_of_it_is_one_query_and_continues_after_the_last(in_company, number, django_assert_num_queries):
    lead = LeadFactory()
    entries = record_many(Event("lead.updated", lead, UserFactory()) for _ in range(number))
    with django_assert_num_queries(1):
        first = entries_for([lead.pk], limit=20)
    assert [one.id for one in first] == [entry.pk for entry in entries[::-1][:20]]
    rest = entries_for([lead.pk], limit=20, before_id=first[-1].id)
    assert [one.id for one in rest] == [entry.pk for entry in entries[::-1][20:]]


def test_another_companys_entries_are_not_there(in_company, admin, stranger):
    lead = LeadFactory()
    record("lead.updated", lead, by=admin)
    with company_active(stranger.company_id):
        assert entries_for([lead.pk]) == []


def test_every_apps_events_have_words():
    found = labels()
    assert {"lead.assigned", "lead.mail_resent", "company.updated", "contact.created"} <= found.keys()
    assert all(found.values()) and list(found) == sorted(found)
    assert label_of("lead.called_back") == "Lead called back"
