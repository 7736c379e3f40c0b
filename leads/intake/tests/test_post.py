"""Leads that vendors post."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from rest_framework.test import APIClient

from agents.models import Agent
from crm.accounts.models import Company, DuplicatePolicy, User
from crm.audit.models import AuditEntry
from crm.core.actors import System
from crm.core.tenancy import company_active
from crm.vendors.actions import update_vendor
from crm.vendors.models import Reservation, Vendor, VendorDay, VendorPost
from crm.vendors.tests.factories import calling, vendor_with_key
from leads.actions import create_lead
from leads.models import Contact, Lead
from leads.tests.factories import ContactFactory, LeadFactory

pytestmark = pytest.mark.usefixtures("in_company")
JANE = {"first_name": "Jane", "phone": "(415) 555-2671"}


@pytest.fixture
def vendor() -> tuple[Vendor, APIClient]:
    made, key = vendor_with_key("DEMO001", price=Decimal("12.50"))
    return made, calling(key)


def outcomes() -> list[tuple[str, str]]:
    return list(VendorPost.objects.order_by("pk").values_list("outcome", "reason_code"))


def test_a_post_makes_the_vendors_lead_and_answers_what_was_sent(vendor: Any) -> None:
    made, client = vendor
    sent = {**JANE, "zip": "94105", "agent_id": "priya@copperline.example", "stage": "customer"}
    answer = client.post("/api/v1/leads", sent)
    assert answer.status_code == 201
    lead = Lead.objects.select_related("contact").get()
    assert answer.json() == {
        **sent,
        "id": str(lead.pk),
        "status": "new",
        "created_at": answer.json()["created_at"],
        "vendor_code": "DEMO001",
    }
    assert (lead.vendor, lead.agent, lead.stage, lead.created_by) == (made, None, "lead", None)
    assert (lead.custom_fields, lead.contact.phone_e164) == ({"zip": "94105"}, "+14155552671")
    post = VendorPost.objects.get()
    assert (post.outcome, post.lead_id, post.cost) == ("accepted", lead.pk, Decimal("12.50"))
    entry = AuditEntry.objects.get(action="lead.created")
    assert (entry.actor_kind, entry.actor_label) == ("vendor", "DEMO001")
    assert VendorDay.objects.get().accepted == 1
    assert not Reservation.objects.exists()


def test_the_vendors_own_names_are_read(vendor: Any) -> None:
    made, client = vendor
    update_vendor(made, {"field_mapping": {"mobile": "phone", "nm": "name"}}, by=System("test"))
    sent = {"mobile": "(415) 555-2671", "nm": "Jane Doe"}
    answer = client.post("/api/leads/", sent)
    assert {name: answer.json()[name] for name in sent} == sent
    contact = Contact.objects.get()
    assert (contact.name, contact.phone_e164) == ("Jane Doe", "+14155552671")


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        ({}, 400, "missing_field"),
        ({"first_name": "Jane"}, 400, "missing_field"),
        ({**JANE, "phone": "12"}, 400, "invalid_phone"),
        ({"first_name": "Jane", "phone_e164": "415"}, 422, "invalid_phone"),
        ({**JANE, "email": "nobody"}, 422, "invalid_email"),
        ({**JANE, "priority": "huge"}, 422, "invalid_field"),
        ({**JANE, "custom_fields": []}, 422, "invalid_field"),
        ({**JANE, "phone": 4155552671}, 422, "invalid_phone"),
    ],
)
def test_a_refusal_has_a_reason_code_and_no_id(vendor: Any, body: Any, status: int, reason: str) -> None:
    answer = vendor[1].post("/api/v1/leads", body)
    assert (answer.status_code, answer.json()["reason_code"]) == (status, reason)
    assert answer.json().keys() == {"detail", "reason_code"}
    assert outcomes() == [("refused", reason)]
    assert not Lead.objects.exists()
    assert not Contact.objects.exists()
    assert not Reservation.objects.exists()


def test_what_cant_be_read_has_a_reason_code_too(vendor: Any) -> None:
    for body, status in ((b"{", 400), (b"[]", 422), (b'{"a": "\\u0000"}', 422)):
        answer = vendor[1].generic("POST", "/api/v1/leads", body, content_type="application/json")
        assert (answer.status_code, "reason_code" in answer.json()) == (status, True)


def test_a_second_post_of_the_person_is_a_duplicate_for_every_vendor(vendor: Any) -> None:
    _, other = vendor_with_key()
    assert vendor[1].post("/api/v1/leads", JANE).status_code == 201
    for client in (vendor[1], calling(other)):
        answer = client.post("/api/v1/leads", JANE)
        assert (answer.status_code, answer.json()["reason_code"]) == (400, "duplicate")
        assert answer.json().keys() == {"detail", "reason_code"}
    assert outcomes() == [("accepted", ""), ("refused", "duplicate"), ("refused", "duplicate")]
    assert VendorDay.objects.get().accepted == 1


def test_a_person_who_is_worked_already_is_a_duplicate(vendor: Any, agent: Agent) -> None:
    LeadFactory(contact=ContactFactory(phone_e164="+14155552671"), agent=agent)
    assert vendor[1].post("/api/v1/leads", JANE).json()["reason_code"] == "duplicate"


def test_a_company_that_flags_duplicates_takes_them(vendor: Any, company: Company) -> None:
    Company.objects.filter(pk=company.pk).update(duplicate_policy=DuplicatePolicy.FLAG)
    assert [vendor[1].post("/api/v1/leads", JANE).status_code for _ in range(2)] == [201, 201]
    assert Lead.objects.filter(is_duplicate=True).count() == 1


def test_whoever_is_not_to_be_contacted_is_refused(vendor: Any) -> None:
    ContactFactory(phone_e164="+14155552671", do_not_contact=True)
    answer = vendor[1].post("/api/v1/leads", JANE)
    assert (answer.status_code, answer.json()["reason_code"]) == (409, "do_not_contact")
    assert not Lead.objects.exists()


def test_a_paused_vendor_is_refused(vendor: Any) -> None:
    update_vendor(vendor[0], {"status": "paused"}, by=System("test"))
    answer = vendor[1].post("/api/v1/leads", JANE)
    assert (answer.status_code, answer.json()["reason_code"]) == (403, "vendor_paused")


def test_the_daily_cap_counts_what_was_accepted(vendor: Any) -> None:
    update_vendor(vendor[0], {"daily_cap": 1}, by=System("test"))
    assert vendor[1].post("/api/v1/leads", {**JANE, "phone": "12"}).status_code == 400
    assert vendor[1].post("/api/v1/leads", JANE).status_code == 201
    answer = vendor[1].post("/api/v1/leads", {"first_name": "Ann", "phone": "(415) 555-2672"})
    assert (answer.status_code, answer.json()["reason_code"]) == (409, "daily_cap_reached")
    VendorDay.objects.update(day="2020-01-01")
    assert vendor[1].post("/api/v1/leads", {"first_name": "Ann", "phone": "(415) 555-2672"}).status_code == 201


def test_the_same_idempotency_key_gives_the_same_answer_and_one_lead(vendor: Any) -> None:
    headers = {"Idempotency-Key": "one"}
    answers = [vendor[1].post("/api/v1/leads", JANE, headers=headers) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert (Lead.objects.count(), outcomes()) == (1, [("accepted", "")])
    refused = [vendor[1].post("/api/v1/leads", JANE, headers={"Idempotency-Key": "two"}) for _ in range(2)]
    assert [answer.json()["reason_code"] for answer in refused] == ["duplicate", "duplicate"]
    assert outcomes() == [("accepted", ""), ("refused", "duplicate")]
    assert vendor[1].post("/api/v1/leads", {**JANE, "a": 1}, headers=headers).json()["reason_code"] == "refused"


def test_a_key_counts_against_the_companys_rate_limit(vendor: Any, api: Any, admin: User, settings: Any) -> None:
    settings.RATE_LIMIT_PER_MINUTE = 2
    assert vendor[1].post("/api/v1/leads", JANE)["X-RateLimit-Remaining"] == "1"
    assert api(admin).get("/api/v1/leads").status_code == 200
    answer = vendor[1].post("/api/v1/leads", JANE)
    assert (answer.status_code, answer.json()["reason_code"]) == (429, "rate_limited")


def test_a_key_works_in_its_own_company_alone(vendor: Any, stranger: User) -> None:
    with company_active(stranger.company_id):
        _, key = vendor_with_key("DEMO001")
    assert calling(key).post("/api/v1/leads", JANE).status_code == 201
    assert not Lead.objects.exists()
    with company_active(stranger.company_id):
        assert Lead.objects.get().vendor.code == "DEMO001"
    assert vendor[1].post("/api/v1/leads", JANE).status_code == 201


def test_the_vendor_learns_nothing_of_a_known_contact(vendor: Any) -> None:
    ContactFactory(phone_e164="+14155552671", first_name="Janet", last_name="Secret", email="janet@example.com")
    answer = vendor[1].post("/api/v1/leads", JANE)
    assert answer.status_code == 201
    assert "secret" not in answer.content.decode().lower()
    assert "janet" not in answer.content.decode().lower()


def test_a_user_may_still_enter_a_lead_beside_a_held_one(manager: User, agent: Agent) -> None:
    contact = ContactFactory(phone_e164="+14155552671")
    LeadFactory(contact=contact, agent=agent)
    assert create_lead({"contact_id": contact.pk}, by=manager).agent is None


@pytest.mark.parametrize(
    "body",
    [
        b'{"first_name": "A", "phone": "(415) 555-2671", "n": 123456789012345678901234567890}',
        b'{"first_name": "A", "phone": "(415) 555-2671", "x": {"y": [1, {"z": null}]}, "": 1}',
        b'{"first_name": {"a": 1}, "phone": ["x"], "email": 5}',
        b'{"first_name": "\\ud800", "phone": "(415) 555-2671"}',
        b'{"first_name": "A", "phone": "(415) 555-2671", "k": NaN}',
        b'{"first_name": "A", "phone": "(415) 555-2671", "id": "x", "status": 5, "created_at": []}',
        b'{"first_name": "A", "phone": "(415) 555-2671", "x": ' + b"[" * 1000 + b"]" * 1000 + b"}",
        b'{"first_name": "A", "phone": "(415) 555-2671", ' + b", ".join(b'"k%d": 1' % n for n in range(600)) + b"}",
    ],
)
def test_nothing_that_a_vendor_sends_breaks_the_route(vendor: Any, body: bytes) -> None:
    answer = vendor[1].generic("POST", "/api/v1/leads", body, content_type="application/json")
    assert answer.status_code in (201, 400, 422), answer.content
    assert ("reason_code" in answer.json()) == (answer.status_code != 201)
    assert answer.status_code == 201 or not Lead.objects.exists()
