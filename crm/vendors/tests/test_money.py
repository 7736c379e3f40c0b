"""Amounts of money that no column holds are refused by every door, and what is taken is read again."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from crm.accounts.models import User
from crm.vendors.models import Vendor
from crm.vendors.tests.factories import calling, vendor_with_key
from leads.models import Lead
from leads.tests.factories import LeadFactory

pytestmark = pytest.mark.usefixtures("in_company")
NO_JSON = ["NaN", "Infinity", "-Infinity", "1e400", "-1e400"]
TOO_MUCH = ["1234567890" * 4, "1e300", "999999999999.995", "1000000000000"]
WRONG = [*TOO_MUCH, "-1", "-0.01", '"12"', '"NaN"', "true", "[]", "{}"]
# Where an amount is named: method, path, the body around it, and how many digits its column has before the point.
DOORS = {
    "a new vendor": ("post", "vendors", '{"vendor_code": "NEW", "name": "New", "price": %s}', 10),
    "a vendor": ("patch", "vendors/DEMO001", '{"price": %s}', 10),
    "a new lead": ("post", "leads", '{"first_name": "A", "email": "a@example.org", "deal_value": %s}', 12),
    "a lead": ("patch", "leads/{lead}", '{"deal_value": %s}', 12),
    "its value": ("put", "leads/{lead}/deal-value", '{"deal_value": %s}', 12),
    "many leads": ("post", "leads/bulk-update", '{"lead_ids": ["{lead}"], "updates": {"deal_value": %s}}', 12),
}


@pytest.fixture
def lead() -> Lead:
    vendor_with_key("DEMO001")
    return LeadFactory()


def send(client: Any, door: str, lead: Lead, amount: str) -> Any:
    method, path, body, _ = DOORS[door]
    path, body = (text.replace("{lead}", str(lead.pk)) for text in (path, body))
    return client.generic(method.upper(), f"/api/v1/{path}", body % amount, content_type="application/json")


@pytest.mark.parametrize("door", DOORS)
def test_what_no_column_holds_is_refused_and_nothing_written(api: Any, admin: User, lead: Lead, door: str) -> None:
    client, digits = api(admin), DOORS[door][3]
    for amount in (*WRONG, f"1{'0' * digits}", f"{'9' * digits}.999"):
        answer = send(client, door, lead, amount)
        assert answer.status_code == 422, f"{amount}: {answer.content}"
        [problem] = answer.json()["detail"]
        assert problem["loc"][-1] in ("price", "deal_value"), amount
    for amount in NO_JSON:
        assert send(client, door, lead, amount).status_code == 400, amount
    assert Vendor.objects.get().price is None and Lead.objects.get().deal_value is None
    assert client.get("/api/v1/vendors").status_code == client.get("/api/v1/leads").status_code == 200


@pytest.mark.parametrize("door", DOORS)
def test_the_largest_amount_and_the_smallest_are_kept_to_the_cent(api: Any, admin: User, lead: Lead, door: str) -> None:
    client, digits = api(admin), DOORS[door][3]
    for amount, kept in ((f"{'9' * digits}.99", float(f"{'9' * digits}.99")), ("0.005", 0.01), ("0", 0.0)):
        Vendor.objects.filter(code="NEW").delete()
        Lead.objects.exclude(pk=lead.pk).update(status="done")
        answer = send(client, door, lead, amount)
        assert answer.status_code in (200, 201), answer.content
        vendors = {row["vendor_code"]: row["price"] for row in client.get("/api/v1/vendors").json()["vendors"]}
        leads = [row["deal_value"] for row in client.get("/api/v1/leads").json()["leads"]]
        assert kept in (*vendors.values(), *leads)


@pytest.mark.parametrize("cap", [*NO_JSON, "1234567890" * 4, "1e300", "-1", "1.5", '"5"', "true"])
def test_a_cap_is_a_whole_number(api: Any, admin: User, cap: str) -> None:
    vendor_with_key("DEMO001")
    body = '{"daily_cap": %s}' % cap  # noqa: UP031 - as it is sent
    answer = api(admin).generic("PATCH", "/api/v1/vendors/DEMO001", body, content_type="application/json")
    assert answer.status_code == (400 if cap in NO_JSON else 422), answer.content
    assert Vendor.objects.get().daily_cap is None


@pytest.mark.parametrize("amount", [*NO_JSON, *TOO_MUCH, "-1"])
def test_a_vendors_own_post_is_refused_with_a_reason(amount: str) -> None:
    body = '{"first_name": "A", "email": "a@example.org", "deal_value": %s}' % amount  # noqa: UP031
    client = calling(vendor_with_key()[1])
    answer = client.generic("POST", "/api/v1/leads", body, content_type="application/json")
    assert answer.json()["reason_code"] == ("malformed" if amount in NO_JSON else "invalid_field")
    assert answer.status_code == (400 if amount in NO_JSON else 422) and not Lead.objects.exists()


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "1e400", "1234567890" * 4, "99999999999", "-1", "1.234"])
def test_the_page_says_what_is_wrong(client: Client, admin: User, lead: Lead, amount: str) -> None:
    client.force_login(admin)
    vendor = Vendor.objects.get()
    form = {"name": "Demo", "status": "active", "price": amount}
    answer = client.post(reverse("vendors:edit", args=[vendor.pk]), form)
    assert answer.status_code == 422 and "price" in answer.context["form"].errors
    assert client.get(reverse("vendors:list")).status_code == 200
    vendor.refresh_from_db()
    assert vendor.price is None


@pytest.mark.parametrize("query", ["min_deal_value=NaN", "max_deal_value=1e400", "min_deal_value=" + "9" * 40])
def test_a_filter_by_an_impossible_amount_is_refused(api: Any, admin: User, lead: Lead, query: str) -> None:
    assert api(admin).get(f"/api/v1/leads?{query}").status_code == 422
