"""What the tests of assignment share: threads that really race, and a batch of leads made quickly."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from agents.models import Agent
from crm.core.errors import Refused
from crm.core.tenancy import company_active
from leads.models import Contact, Lead

on_postgres = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.postgres,
    pytest.mark.skipif(
        connection.vendor != "postgresql", reason="SQLite lets one writer in at a time: there is no race to see"
    ),
]


def race(company_id: UUID, works: Sequence[Callable[[], Any]]) -> list[Any]:
    """Run all at once, each in a thread and a connection of its own; a refusal is a result, an error raises."""
    barrier = Barrier(len(works))

    def run(work: Callable[[], Any]) -> Any:
        try:
            with company_active(company_id):
                connection.ensure_connection()
                barrier.wait(30)
                return work()
        except Refused as refusal:
            return refusal
        finally:
            connection.close()

    with ThreadPoolExecutor(len(works)) as pool:
        return [future.result(60) for future in [pool.submit(run, work) for work in works]]


def make_leads(count: int, start: int = 0, **fields: Any) -> list[Lead]:
    """In the active company, each with a contact of its own."""
    contacts = Contact.objects.bulk_create(
        Contact(first_name=f"Ada{n}", email=f"ada{n}@example.org", phone_e164=f"+1415{5550000 + n}")
        for n in range(start, start + count)
    )
    return Lead.objects.bulk_create(Lead(contact=contact, **fields) for contact in contacts)


def held(agent: Agent) -> int:
    return Lead.objects.open().filter(agent=agent).count()
