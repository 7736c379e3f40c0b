"""What holds when vendors come at once: real threads, each with a connection of its own."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connection, connections

from crm.accounts.models import Company
from crm.core.tenancy import company_active
from crm.vendors.models import Reservation, Vendor, VendorDay, VendorPost
from crm.vendors.tests.factories import calling, vendor_with_key
from leads.hashes import sha256_hex
from leads.models import Lead

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
PHONE = "+14155552671"
BY_PHONE = {"phone_sha256": sha256_hex(PHONE)}
THREADS = 8


@pytest.fixture(autouse=True)
def _on_postgres(db: None) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("races are tried on PostgreSQL")


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """All start together; the JSON that each was answered."""
    barrier = Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        barrier.wait()
        try:
            return call().json()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def vendors(company: Company, count: int, **fields: Any) -> list[tuple[Vendor, str]]:
    with company_active(company.pk):
        return [vendor_with_key(**fields) for _ in range(count)]


def pinging(key: str) -> Callable[[], Any]:
    return lambda: calling(key).post("/api/v1/leads/ping", BY_PHONE)


def posting(key: str, phone: str = PHONE) -> Callable[[], Any]:
    return lambda: calling(key).post("/api/v1/leads", {"first_name": "Jane", "phone": phone})


def test_of_many_vendors_who_ping_one_phone_at_once_one_has_the_reservation(company: Company) -> None:
    told = at_once(*[pinging(key) for _, key in vendors(company, THREADS)])
    assert sorted(answer["accepted"] for answer in told) == [False] * (THREADS - 1) + [True]
    assert {answer["reason_code"] for answer in told if not answer["accepted"]} == {"reserved"}
    with company_active(company.pk):
        assert Reservation.objects.count() == 1
        assert VendorPost.objects.filter(outcome="accepted").count() == 1


def test_an_ended_reservation_is_taken_over_once(company: Company) -> None:
    made = vendors(company, THREADS + 1)
    pinging(made.pop()[1])()
    with company_active(company.pk):
        Reservation.objects.update(expires_at="2020-01-01T00:00Z")
    told = at_once(*[pinging(key) for _, key in made])
    assert sum(answer["accepted"] for answer in told) == 1


def test_of_many_vendors_who_post_one_person_at_once_one_has_the_lead(company: Company) -> None:
    told = at_once(*[posting(key) for _, key in vendors(company, THREADS)])
    assert sum("id" in answer for answer in told) == 1
    assert {answer["reason_code"] for answer in told if "id" not in answer} <= {"duplicate", "reserved"}
    with company_active(company.pk):
        assert Lead.objects.count() == 1
        assert not Reservation.objects.exists()


def test_a_post_and_a_ping_of_one_person_are_never_both_taken(company: Company) -> None:
    (_, one), (_, other) = vendors(company, 2)
    for number in range(10):
        phone = f"+1415555{3000 + number}"
        ping = {"phone_sha256": sha256_hex(phone)}
        posted, pinged = at_once(posting(one, phone), lambda: calling(other).post("/api/v1/leads/ping", ping))  # noqa: B023
        assert ("id" in posted) != pinged["accepted"], (posted, pinged)


def test_the_daily_cap_is_exact_however_many_are_posted_at_once(company: Company) -> None:
    ((_, key),) = vendors(company, 1, daily_cap=3)
    told = at_once(*[posting(key, f"+1415555{2600 + number}") for number in range(THREADS)])
    assert sum("id" in answer for answer in told) == 3
    assert {answer["reason_code"] for answer in told if "id" not in answer} == {"daily_cap_reached"}
    with company_active(company.pk):
        assert (Lead.objects.count(), VendorDay.objects.get().accepted) == (3, 3)
