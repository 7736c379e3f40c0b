"""Vendors by the API: what admins set, and the scorecard for both sides."""

from __future__ import annotations

from typing import Any

import pytest

from crm.accounts.models import User
from crm.core.tenancy import company_active
from crm.vendors.models import Vendor, VendorPost
from crm.vendors.tests.factories import calling, vendor_with_key
from leads.models import Lead
from leads.tests.factories import LeadFactory

pytestmark = pytest.mark.usefixtures("in_company")
NEW = {"vendor_code": "DEMO001", "name": "Demo Publisher", "description": "Test publisher for validation"}
JANE = {"first_name": "Jane", "phone": "(415) 555-2671"}


def test_a_vendor_is_read_and_changed_by_its_code(api: Any, admin: User) -> None:
    client = api(admin)
    made = client.post("/api/v1/vendors", NEW).json()
    read = client.get("/api/v1/vendors/DEMO001")
    assert read.json() == {name: value for name, value in made.items() if name != "api_key"}
    assert read["ETag"]
    change = {"name": "Demo", "daily_cap": 5, "price": 12.5, "field_mapping": {"mobile": "phone"}, "status": "Paused"}
    changed = client.patch("/api/v1/vendors/DEMO001", change).json()
    assert {name: changed[name] for name in change} == {**change, "status": "paused"}
    assert client.patch("/api/v1/vendors/DEMO001", {"daily_cap": None}).json()["daily_cap"] is None
    stale = client.patch("/api/v1/vendors/DEMO001", {"name": "x"}, headers={"If-Match": read["ETag"]})
    assert stale.status_code == 412


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"vendor_code": "A"}, 400),
        ({"vendor_code": "a b", "name": "A"}, 422),
        ({"vendor_code": "DEMO001", "name": "A"}, 400),
        ({"vendor_code": "B", "name": "A", "daily_cap": -1}, 422),
        ({"vendor_code": "B", "name": "A", "price": -1}, 422),
        ({"vendor_code": "B", "name": "A", "field_mapping": {"x": "stage"}}, 422),
        ({"vendor_code": "B", "name": "A", "field_mapping": []}, 422),
        ({"vendor_code": "B", "name": "A", "status": "off"}, 422),
    ],
)
def test_a_bad_vendor_is_refused(api: Any, admin: User, body: Any, status: int) -> None:
    vendor_with_key("DEMO001")
    assert api(admin).post("/api/v1/vendors", body).status_code == status
    assert Vendor.objects.count() == 1


def test_codes_are_looked_up_in_ones_own_company_and_ids_told_apart(api: Any, admin: User, stranger: User) -> None:
    with company_active(stranger.company_id):
        theirs, _ = vendor_with_key("THEIRS")
    client = api(admin)
    assert client.get("/api/v1/vendors/THEIRS").status_code == 404
    assert client.get(f"/api/v1/vendors/{theirs.pk}").status_code == 403
    assert client.post("/api/v1/vendors/THEIRS/regenerate-key").status_code == 404
    assert client.get("/api/v1/vendors").json()["vendors"] == []


def test_a_key_can_be_taken_away(api: Any, admin: User) -> None:
    _, key = vendor_with_key("DEMO001")
    assert api(admin).post("/api/v1/vendors/DEMO001/revoke-key").json()["key_prefix"] is None
    assert api(admin).post("/api/v1/vendors/DEMO001/revoke-key").status_code == 409
    assert calling(key).post("/api/v1/leads", JANE).status_code == 401


def test_the_scorecard_adds_up_for_admin_and_vendor_alike(api: Any, admin: User) -> None:
    vendor, key = vendor_with_key("DEMO001", price="10.00")
    client = calling(key)
    for number in range(4):
        client.post("/api/v1/leads", {"first_name": "Ann", "phone": f"(415) 555-26{70 + number}"})
    client.post("/api/v1/leads", {"first_name": "Ann", "phone": "(415) 555-2670"})
    client.post("/api/v1/leads", {"first_name": "Ann", "phone": "12"})
    client.post("/api/v1/leads/ping", {"phone_sha256": "0" * 64})
    won, back, *_ = Lead.objects.order_by("pk")
    api(admin).put(f"/api/v1/leads/{won.pk}/stage", {"stage": "customer"})
    api(admin).post(f"/api/v1/leads/{back.pk}/return", {"reason": "Wrong number"})
    LeadFactory(vendor=vendor)  # entered for the vendor by hand

    told = api(admin).get("/api/v1/vendors/DEMO001/performance").json()
    assert told == client.get("/api/v1/vendors/DEMO001/performance").json()
    assert told == {
        "vendor_code": "DEMO001",
        "name": "Publisher DEMO001",
        "start_date": None,
        "end_date": None,
        "posted": 6,
        "accepted": 4,
        "refused": 2,
        "refused_by_reason": {"duplicate": 1, "invalid_phone": 1},
        "acceptance_rate": 66.7,
        "duplicates": 1,
        "duplicate_rate": 16.7,
        "pings": 1,
        "pings_accepted": 1,
        "returns": 1,
        "returns_by_reason": {"Wrong number": 1},
        "return_rate": 25.0,
        "leads": 5,
        "converted": 1,
        "conversion_rate": 20.0,
        "spent": 30.0,
        "cost_per_lead": 10.0,
        "cost_per_customer": 30.0,
    }
    row = api(admin).get("/api/v1/vendors").json()["vendors"][0]
    assert (row["accepted_count"], row["rejected_count"]) == (4, 2)


def test_the_scorecard_of_a_period(api: Any, admin: User) -> None:
    vendor, _ = vendor_with_key("DEMO001")
    for day in ("2026-05-31T23:59Z", "2026-06-01T00:00Z", "2026-06-02T23:59Z", "2026-06-03T00:00Z"):
        VendorPost(vendor=vendor, at=day).save()
    url = "/api/v1/vendors/DEMO001/performance"
    assert api(admin).get(f"{url}?start_date=2026-06-01&end_date=2026-06-02").json()["posted"] == 2
    assert api(admin).get(f"{url}?start_date=2026-06-01").json()["posted"] == 3
    for query in ("start_date=x", "end_date=2026-02-30", "end_date=9999-12-31", "since=1"):
        assert api(admin).get(f"{url}?{query}").status_code == 422, query


def test_a_new_vendors_scorecard_divides_by_nothing(api: Any, admin: User) -> None:
    vendor_with_key("DEMO001")
    told = api(admin).get("/api/v1/vendors/DEMO001/performance").json()
    assert (told["posted"], told["acceptance_rate"], told["cost_per_lead"], told["spent"]) == (0, None, None, 0.0)


def test_a_vendor_reads_its_own_scorecard_alone(api: Any, manager: User) -> None:
    _, key = vendor_with_key("DEMO001")
    vendor_with_key("OTHER")
    client = calling(key)
    for code in ("OTHER", "NOBODY"):
        answer = client.get(f"/api/v1/vendors/{code}/performance")
        assert (answer.status_code, answer.json()["reason_code"]) == (403, "forbidden")
    assert client.get("/api/v1/vendors/DEMO001").status_code == 401
    assert client.patch("/api/v1/vendors/DEMO001", {"daily_cap": None}).status_code == 401
    assert api(manager).get("/api/v1/vendors/DEMO001/performance").status_code == 403


@pytest.mark.parametrize("count", [1, 30])
def test_a_list_of_any_length_takes_as_many_statements(
    api: Any, admin: User, django_assert_num_queries: Any, count: int
) -> None:
    for _ in range(count):
        vendor_with_key()
    client = api(admin)
    client.get("/api/v1/vendors")
    with django_assert_num_queries(3):
        client.get("/api/v1/vendors?per_page=100")
