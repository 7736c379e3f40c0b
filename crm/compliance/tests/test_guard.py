"""What the database itself refuses, whoever asks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, models, transaction
from django.db.models import Q

from crm.compliance import guard
from crm.compliance.decided import Decided, decided_by, sent_only_if_allowed
from crm.compliance.models import ConsentEvent, ContactDecision
from crm.compliance.tests.factories import ConsentFactory, DecisionFactory
from crm.core.tenancy import TenantKey
from leads.models import Contact
from leads.tests.factories import ContactFactory

pytestmark = pytest.mark.usefixtures("in_company")


def refused(act: Any) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        act()


def test_the_ledger_takes_no_change() -> None:
    event = ConsentFactory(wording="Stop calling me", address="+14155552671", ip="192.0.2.7")
    rows = ConsentEvent.objects.filter(pk=event.pk)
    for change in ({"state": "granted"}, {"wording": "Call me"}, {"address": "x"}, {"channel": "sms"}):
        refused(lambda change=change: rows.update(**change))
    refused(rows.delete)
    again = ConsentEvent.objects.get()
    assert (again.state, again.wording, again.address) == ("revoked", "Stop calling me", "+14155552671")


def test_erasure_may_blank_what_is_personal_and_nothing_else() -> None:
    event = ConsentFactory(wording="Stop calling me", address="+14155552671", ip="192.0.2.7")
    ConsentEvent.objects.filter(pk=event.pk).update(wording="", address="", ip=None)
    again = ConsentEvent.objects.get()
    assert (again.wording, again.address, again.ip, again.state) == ("", "", None, "revoked")


def test_a_decision_stays_as_it_was_taken() -> None:
    decision = DecisionFactory(allowed=False)
    refused(lambda: ContactDecision.objects.update(allowed=True))
    decision.refresh_from_db()
    assert decision.allowed is False


@pytest.fixture
def calling(monkeypatch: Any) -> Iterator[Any]:
    """A model of rows that the product sends, as `calls` has one, with its table and its guards."""

    class Ring(Decided):
        contact = TenantKey(Contact, models.PROTECT, related_name="+")
        by_hand = models.BooleanField(default=False)

        class Meta:
            app_label = "leads"
            constraints = [sent_only_if_allowed("ring_allowed", unless=Q(by_hand=True))]

    editor = connection.schema_editor(collect_sql=True)  # SQLite's refuses to be entered inside a transaction
    editor.deferred_sql = []
    editor.create_model(Ring)
    with connection.cursor() as cursor:
        for statement in editor.collected_sql:
            cursor.execute(statement)
    monkeypatch.setattr(guard, "decided_models", lambda: iter([Ring]))
    guard.put_up(connection)
    yield Ring
    del apps.all_models["leads"]["ring"]  # no other test shall know it
    apps.clear_cache()


def checked(act: Any) -> None:
    """The keys of PostgreSQL are asked at the end of the transaction."""
    with transaction.atomic():
        act()
        connection.check_constraints()


def test_nothing_goes_out_without_a_decision_that_allows_it(calling: Any) -> None:
    contact, other = ContactFactory(), ContactFactory()
    yes, no = DecisionFactory(contact=contact), DecisionFactory(contact=contact, allowed=False)
    calling.objects.create(contact=contact, **decided_by(yes))
    calling.objects.create(contact=contact, by_hand=True)
    for fields in (
        {"contact": contact},
        {"contact": contact, **decided_by(no)},
        {"contact": contact, "decision": no, "decision_allowed": True},  # a lie
        {"contact": other, **decided_by(yes)},  # somebody else's
    ):
        with pytest.raises(IntegrityError):
            checked(lambda fields=fields: calling.objects.create(**fields))
    row = calling.objects.get(by_hand=False)
    checked(lambda: calling.objects.filter(pk=row.pk).update(contact=other))  # contacts may be merged
    checked(lambda: calling.objects.filter(pk=row.pk).update(contact=contact))
    with pytest.raises(IntegrityError):
        checked(lambda: calling.objects.filter(pk=row.pk).update(decision=no))
    assert calling.objects.count() == 2
