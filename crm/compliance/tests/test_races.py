"""The same text, brought by several workers of the web at once: real threads, each with a connection of its own."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection, connections
from django.utils.timezone import now

from crm.accounts.models import Company
from crm.audit.models import AuditEntry
from crm.compliance.actions import take_text
from crm.compliance.models import ConsentEvent, IncomingText, Suppression
from crm.core.actors import System
from crm.core.tenancy import company_active
from crm.providers.ports import TextReceived
from leads.tests.factories import ContactFactory

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
PHONE = "+14155552671"
THREADS = 8


@pytest.fixture(autouse=True)
def _on_postgres(db: None) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("races are tried on PostgreSQL")


def brought_at_once(company: Company) -> set[str]:
    text = TextReceived("twilio", "SM1", PHONE, "+14155550100", "STOP", now())
    barrier = Barrier(THREADS)

    def take(_: int) -> str:
        barrier.wait()
        try:
            with company_active(company.pk):
                return take_text(text, by=System("contact"))
        finally:
            connections.close_all()

    with ThreadPoolExecutor(THREADS) as pool:
        return set(pool.map(take, range(THREADS)))


def test_a_text_that_is_brought_by_all_at_once_is_taken_once(company: Company) -> None:
    with company_active(company.pk):
        ContactFactory(phone_e164=PHONE)
    [answer] = brought_at_once(company)
    assert answer.startswith("Copperline: ")
    with company_active(company.pk):
        assert IncomingText.objects.count() == 1
        assert ConsentEvent.objects.count() == 2
        assert AuditEntry.objects.filter(action="text.received").count() == 1


def test_a_stop_of_nobody_that_is_brought_by_all_at_once_is_held_once(company: Company) -> None:
    [answer] = brought_at_once(company)
    assert answer.startswith("Copperline: ")
    with company_active(company.pk):
        assert (IncomingText.objects.count(), Suppression.objects.count()) == (1, 1)
        assert AuditEntry.objects.filter(action="suppression.added").count() == 1
