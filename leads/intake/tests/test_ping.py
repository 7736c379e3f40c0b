"""Pings: a person by hash, accepted and reserved, or the reason."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils.timezone import now
from rest_framework.test import APIClient

from agents.models import Agent
from crm.accounts.models import User
from crm.core.actors import System
from crm.vendors.actions import update_vendor
from crm.vendors.models import Reservation, VendorPost
from crm.vendors.reservations import RESERVED_FOR
from crm.vendors.tasks import purge_company_reservations, purge_reservations
from crm.vendors.tests.factories import calling, vendor_with_key
from leads.hashes import Sha256Hex, sha256_hex
from leads.intake.actions import hashed
from leads.models import Contact
from leads.tests.factories import ContactFactory, LeadFactory

pytestmark = pytest.mark.usefixtures("in_company")
PHONE, EMAIL = "+14155552671", "jane@example.com"
BY_PHONE, BY_EMAIL = {"phone_sha256": sha256_hex(PHONE)}, {"email_sha256": sha256_hex(EMAIL)}
JANE = {"first_name": "Jane", "phone": PHONE}


@pytest.fixture
def first() -> APIClient:
    return calling(vendor_with_key("FIRST")[1])


@pytest.fixture
def second() -> APIClient:
    return calling(vendor_with_key("SECOND")[1])


def ping(client: APIClient, body: dict[str, str]) -> dict[str, Any]:
    answer = client.post("/api/v1/leads/ping", body)
    assert answer.status_code == 200, answer.content
    told: dict[str, Any] = answer.json()
    return told


def test_an_unknown_person_is_accepted_and_reserved_for_minutes(first: APIClient) -> None:
    told = ping(first, BY_PHONE)
    row = Reservation.objects.get()
    assert told == {"accepted": True, "reason_code": None, "reserved_until": told["reserved_until"]}
    assert abs(row.expires_at - now() - RESERVED_FOR) < timedelta(seconds=30)
    assert (row.vendor.code, row.sha256) == ("FIRST", BY_PHONE["phone_sha256"])
    assert list(VendorPost.objects.values_list("kind", "outcome")) == [("ping", "accepted")]


def test_a_repetition_answers_the_same(first: APIClient, second: APIClient) -> None:
    assert ping(first, BY_PHONE) == ping(first, BY_PHONE)
    assert ping(second, BY_PHONE) == ping(second, BY_PHONE)


def test_another_vendor_is_told_that_it_is_reserved_and_can_not_post(first: APIClient, second: APIClient) -> None:
    ping(first, BY_PHONE)
    told = ping(second, BY_PHONE)
    assert (told["accepted"], told["reason_code"], told["reserved_until"]) == (False, "reserved", None)
    answer = second.post("/api/v1/leads", JANE)
    assert (answer.status_code, answer.json()["reason_code"]) == (409, "reserved")
    assert first.post("/api/v1/leads", JANE).status_code == 201
    assert ping(second, BY_PHONE)["reason_code"] == "duplicate"


def test_a_reservation_by_mail_keeps_a_post_of_phone_and_mail_out(first: APIClient, second: APIClient) -> None:
    ping(first, BY_EMAIL)
    assert second.post("/api/v1/leads", {**JANE, "email": "JANE@Example.com "}).json()["reason_code"] == "reserved"
    assert first.post("/api/v1/leads", {**JANE, "email": EMAIL}).status_code == 201


def test_a_reservation_ends(first: APIClient, second: APIClient) -> None:
    ping(first, BY_PHONE)
    Reservation.objects.update(expires_at=now() - timedelta(seconds=1))
    assert ping(second, BY_PHONE)["accepted"] is True
    assert ping(first, BY_PHONE)["reason_code"] == "reserved"
    assert Reservation.objects.count() == 1


@pytest.mark.parametrize("asked", [BY_PHONE, BY_EMAIL, {**BY_PHONE, **BY_EMAIL}])
def test_a_person_with_an_open_lead_is_a_duplicate(first: APIClient, agent: Agent, asked: Any) -> None:
    contact = ContactFactory(phone_e164=PHONE, email=EMAIL)
    lead = LeadFactory(contact=contact, agent=agent)
    told = ping(first, asked)
    assert told.keys() == {"accepted", "reason_code", "reserved_until", "detail"}
    assert (told["accepted"], told["reason_code"]) == (False, "duplicate")
    assert not Reservation.objects.exists()
    lead.status = "done"
    lead.save(update_fields=["status"])
    assert ping(first, asked)["accepted"] is True


def test_a_person_not_to_be_contacted_is_refused(first: APIClient) -> None:
    ContactFactory(phone_e164=PHONE, do_not_contact=True)
    assert ping(first, BY_PHONE)["reason_code"] == "do_not_contact"


def test_a_deleted_contact_is_unknown(first: APIClient) -> None:
    ContactFactory(phone_e164=PHONE, do_not_contact=True, deleted_at=now())
    assert ping(first, BY_PHONE)["accepted"] is True


def test_a_full_or_paused_vendor_is_told_so() -> None:
    vendor, key = vendor_with_key("FULL", daily_cap=1)
    client = calling(key)
    assert ping(client, BY_PHONE)["accepted"] is True
    assert ping(client, BY_EMAIL)["reason_code"] == "daily_cap_reached"  # its one place is reserved
    assert ping(client, BY_PHONE)["accepted"] is True
    update_vendor(vendor, {"status": "paused"}, by=System("test"))
    assert ping(client, BY_PHONE)["reason_code"] == "vendor_paused"


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        ({}, 400, "missing_field"),
        ({"phone_sha256": PHONE}, 422, "invalid_phone"),
        ({"email_sha256": "g" * 64}, 422, "invalid_email"),
        ({"phone_sha256": 5}, 422, "invalid_phone"),
    ],
)
def test_what_is_no_hash_is_an_error(first: APIClient, body: Any, status: int, reason: str) -> None:
    answer = first.post("/api/v1/leads/ping", body)
    assert (answer.status_code, answer.json()["reason_code"]) == (status, reason)


def test_hashes_may_be_written_in_capitals(first: APIClient) -> None:
    ContactFactory(phone_e164=PHONE, do_not_contact=True)
    assert ping(first, {"phone_sha256": BY_PHONE["phone_sha256"].upper()})["accepted"] is False


def test_only_a_vendor_pings(api: Any, admin: User, agent: Agent) -> None:
    assert [api(user).post("/api/v1/leads/ping", BY_PHONE).status_code for user in (admin, agent.user)] == [403, 403]
    answer = APIClient().post("/api/v1/leads/ping", BY_PHONE)
    assert (answer.status_code, answer.json().keys()) == (401, {"detail"})


def test_the_database_hashes_as_a_vendor_does() -> None:
    strange = 'a\\b"\\x41é@example.com'
    ContactFactory(email=strange, phone_e164=PHONE)
    found = Contact.objects.annotate(mail=Sha256Hex("email"), phone=Sha256Hex("phone_e164")).get()
    assert (found.mail, found.phone) == (sha256_hex(strange), sha256_hex(PHONE))


def test_a_ping_reads_the_indexes_of_the_hashes() -> None:
    people = [Contact(first_name="A", phone_e164=f"+1415{n:07d}", email=f"a{n}@example.com") for n in range(2000)]
    Contact.objects.bulk_create(people)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE leads_contact")
    for field, digest in (("phone_e164", BY_PHONE["phone_sha256"]), ("email", BY_EMAIL["email_sha256"])):
        name = field.removesuffix("_e164")
        assert f"contact_{name}_sha256" in hashed(Contact.objects.alive(), field, digest).explain()
        merged = hashed(Contact.objects.merged(), field, digest).explain()
        assert "contact_merged" in merged
        assert "Seq Scan" not in merged


def test_what_is_over_is_thrown_away(first: APIClient) -> None:
    ping(first, BY_PHONE)
    ping(first, BY_EMAIL)
    Reservation.objects.filter(sha256=BY_PHONE["phone_sha256"]).update(expires_at=now())
    purge_reservations()
    purge_company_reservations()
    assert Reservation.objects.get().sha256 == BY_EMAIL["email_sha256"]
