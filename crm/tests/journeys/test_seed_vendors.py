"""Requests about vendors, word for word from the customer's documents but for ids, host and token."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.test import APIClient

from crm.accounts.models import User

pytestmark = pytest.mark.usefixtures("in_company")
S1_VENDOR = {
    "vendor_code": "DEMO001",
    "name": "Demo Publisher",
    "description": "Test publisher for validation",
}


@pytest.mark.parametrize("mount", ["/api", "/api/v1"])
def test_an_admin_makes_a_vendor_and_is_shown_its_key(api: Any, admin: User, mount: str) -> None:
    answer = api(admin).post(f"{mount}/vendors", S1_VENDOR)
    assert answer.status_code == 200
    vendor = answer.json()
    assert {name: vendor[name] for name in S1_VENDOR} == S1_VENDOR
    assert vendor["status"] == "active"
    assert len(vendor["api_key"]) >= 32

    listed = api(admin).get(f"{mount}/vendors").json()
    assert [row["vendor_code"] for row in listed["vendors"]] == ["DEMO001"]
    assert "api_key" not in listed["vendors"][0]
    assert vendor["api_key"] not in str(listed)


def test_the_vendor_submits_a_lead_with_its_key_and_the_admin_filters_by_it(api: Any, admin: User) -> None:
    key = api(admin).post("/api/vendors", S1_VENDOR).json()["api_key"]
    sent = {
        "first_name": "Jane",
        "last_name": "Doe",
        "email": "jane@example.com",
        "phone": "(415) 555-2671",
        "accident_state": "CA",
    }
    answer = APIClient(headers={"x-api-key": key}).post("/api/leads", sent)
    assert answer.status_code == 201
    lead = answer.json()
    assert {name: lead[name] for name in sent} == sent
    assert (lead["status"], bool(lead["id"]), bool(lead["created_at"])) == ("new", True, True)

    found = api(admin).get("/api/leads?status=new&vendor_code=DEMO001").json()["leads"]
    assert [row["id"] for row in found] == [lead["id"]]
    assert (found[0]["vendor_code"], found[0]["phone_e164"]) == ("DEMO001", "+14155552671")
    assert found[0]["custom_fields"] == {"accident_state": "CA"}


def test_regenerating_a_key_kills_the_one_before_at_once(api: Any, admin: User) -> None:
    first = api(admin).post("/api/vendors", S1_VENDOR).json()["api_key"]
    answer = api(admin).post("/api/vendors/DEMO001/regenerate-key")
    assert answer.status_code == 200
    second = answer.json()["api_key"]
    person = {"first_name": "Jane", "phone": "(415) 555-2671"}
    dead = APIClient(headers={"x-api-key": first}).post("/api/leads", person)
    assert (dead.status_code, dead.json()["reason_code"]) == (401, "invalid_key")
    assert dead["WWW-Authenticate"]
    assert APIClient(headers={"x-api-key": second}).post("/api/leads", person).status_code == 201


def test_vendors_are_the_admins_alone(api: Any, manager: User, agent: Any, admin: User) -> None:
    for user in (manager, agent.user):
        client = api(user)
        assert client.get("/api/vendors").status_code == 403
        assert client.post("/api/vendors", S1_VENDOR).status_code == 403
    assert APIClient().get("/api/vendors").status_code == 401


def test_a_vendor_may_do_nothing_but_submit(api: Any, admin: User) -> None:
    key = api(admin).post("/api/vendors", S1_VENDOR).json()["api_key"]
    client = APIClient(headers={"x-api-key": key})
    for path in ("leads", "contacts", "agents", "vendors", "users", "audit-logs", "dispositions"):
        assert client.get(f"/api/{path}").status_code == 401, path
    assert client.post("/api/contacts", {"first_name": "Ann", "phone": "(415) 555-2671"}).status_code == 401
