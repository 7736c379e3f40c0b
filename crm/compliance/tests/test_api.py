"""Consent, decisions and suppressed addresses by the API."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils.timezone import now

from agents.models import Agent
from crm.accounts.models import User
from crm.audit.models import AuditEntry
from crm.compliance.models import ConsentEvent, Suppression
from crm.compliance.tests.factories import ConsentFactory, SuppressionFactory
from crm.core.tenancy import company_active
from leads.hashes import sha256_hex
from leads.models import Contact
from leads.tests.factories import ContactFactory, LeadFactory

pytestmark = pytest.mark.usefixtures("in_company")
PHONE = "+14155552671"
SUPPRESSIONS = "/api/v1/suppressions"


@pytest.fixture
def contact() -> Contact:
    return ContactFactory(phone_e164=PHONE, email="ada@example.org")


def path(contact: Contact, what: str) -> str:
    return f"/api/v1/contacts/{contact.pk}/{what}"


def test_consent_is_recorded_and_read(api: Any, admin: User, contact: Contact) -> None:
    client = api(admin)
    body = {"channel": "sms", "granted": False, "wording": "Please no texts", "source": "web form"}
    answer = client.post(path(contact, "consent"), body)
    assert answer.status_code == 201
    told = answer.json()
    entry = told["entries"][0]
    assert (entry["channel"], entry["state"], entry["granted"]) == ("sms", "revoked", False)
    assert (entry["wording"], entry["origin"], entry["source"]) == ("Please no texts", "web form", "api")
    assert (entry["address"], entry["ip"], entry["actor"]) == (PHONE, "127.0.0.1", admin.name)
    assert told["channels"] == {"voice": None, "sms": "revoked", "whatsapp": None, "email": None}
    assert ConsentEvent.objects.get().user == admin
    read = client.get(path(contact, "consent")).json()
    assert read["entries"] == [entry]
    assert (read["total"], read["channels"], read["do_not_contact"]) == (1, told["channels"], False)
    assert AuditEntry.objects.filter(action="consent.revoked", object_id=contact.pk).count() == 1


def test_a_complaint_that_is_passed_on_stands_in_the_ledger_as_one(api: Any, admin: User, contact: Contact) -> None:
    client, url = api(admin), path(contact, "consent")
    body = {"channel": "email", "granted": False, "complaint": True, "source": "Mail provider", "wording": "Spam!"}
    [entry] = client.post(url, body).json()["entries"]
    assert (entry["channel"], entry["state"], entry["source"]) == ("email", "revoked", "complaint")
    assert (entry["origin"], entry["wording"], entry["actor"]) == ("Mail provider", "Spam!", admin.name)
    assert client.post(url, body | {"granted": True}).status_code == 422
    nobody = client.post(url, body | {"source": " "})
    assert (nobody.status_code, nobody.json()["detail"][0]["loc"]) == (400, ["body", "source"])
    assert client.post(url, body | {"complaint": "loud"}).status_code == 422
    assert ConsentEvent.objects.count() == 1


def test_all_channels_revoked_mark_the_contact(api: Any, admin: User, contact: Contact) -> None:
    told = api(admin).post(path(contact, "consent"), {"channel": "all", "granted": False}).json()
    assert (told["opt_in_status"], told["do_not_contact"]) == ("opted_out", True)
    shown = api(admin).get(f"/api/v1/contacts/{contact.pk}").json()
    assert (shown["opt_in_status"], shown["do_not_contact"]) == ("opted_out", True)


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"granted": True}, 400, "channel"),
        ({"channel": "sms"}, 400, "granted"),
        ({"channel": "fax", "granted": True}, 422, "channel"),
        ({"channel": "sms", "granted": "yes"}, 422, "granted"),
        ({"channel": "sms", "granted": True, "wording": "x" * 2001}, 422, "wording"),
    ],
)
def test_what_is_no_consent_is_refused_by_field(
    body: Any, status: int, field: str, api: Any, admin: User, contact: Contact
) -> None:
    answer = api(admin).post(path(contact, "consent"), body)
    assert answer.status_code == status
    assert [problem["loc"] for problem in answer.json()["detail"]] == [["body", field]]
    assert not ConsentEvent.objects.exists()


def test_an_agent_records_consent_of_its_own_contacts_alone(api: Any, agent: Agent, contact: Contact) -> None:
    body = {"channel": "voice", "granted": False}
    assert api(agent.user).post(path(contact, "consent"), body).status_code == 403
    LeadFactory(contact=contact, agent=agent)
    assert api(agent.user).post(path(contact, "consent"), body).status_code == 201
    assert api(agent.user).get(path(contact, "consent")).json()["total"] == 1


def test_a_stranger_sees_and_writes_nothing(api: Any, stranger: User, contact: Contact) -> None:
    for what in ("consent", "decision"):
        assert api(stranger).get(path(contact, what)).status_code == 403
    assert api(stranger).post(path(contact, "consent"), {"channel": "sms", "granted": True}).status_code == 403
    assert not ConsentEvent.objects.exists()


@pytest.mark.parametrize("many", [1, 30])
def test_the_ledger_costs_the_same_however_long_it_is(
    many: int, api: Any, admin: User, contact: Contact, django_assert_num_queries: Any
) -> None:
    ConsentFactory.create_batch(many, contact=contact)
    client = api(admin)
    with django_assert_num_queries(4):
        assert client.get(f"{path(contact, 'consent')}?per_page=100").json()["total"] == many


def test_a_decision_names_every_rule_and_the_next_moment(api: Any, admin: User, contact: Contact) -> None:
    told = api(admin).get(f"{path(contact, 'decision')}?channel=voice&at=2026-03-03T10:00:00Z").json()
    assert (told["allowed"], told["next_permitted_at"]) == (False, "2026-03-03T16:00:00Z")
    assert (told["time_zones"], told["places"]) == (["America/Los_Angeles"], ["US-CA"])
    assert told["reason"].startswith("Federal calling hours: 08:00–21:00, and it is 02:00")
    assert "not legal advice" in told["notice"]
    federal = next(rule for rule in told["rules"] if rule["code"] == "us_federal_hours")
    assert (federal["outcome"], federal["source"]) == ("deny", "47 CFR § 64.1200(c)(1); 16 CFR § 310.4(c)")
    email = api(admin).get(f"{path(contact, 'decision')}?channel=email&at=2026-03-03T10:00:00Z").json()
    assert email["allowed"] is True


@pytest.mark.parametrize("query", ["channel=fax", "at=soon", "when=now"])
def test_a_decision_of_nonsense_is_refused(query: str, api: Any, admin: User, contact: Contact) -> None:
    answer = api(admin).get(f"{path(contact, 'decision')}?{query}")
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["query", query.partition("=")[0]]


# --- suppressions --------------------------------------------------------------------------------------------------


def test_an_address_is_suppressed_listed_and_lifted(api: Any, admin: User, contact: Contact) -> None:
    client = api(admin)
    body = {"phone": "(415) 555-2671", "channels": ["sms", "voice"], "reason": "By letter", "source": "mail"}
    answer = client.post(SUPPRESSIONS, body)
    assert answer.status_code == 201
    made = answer.json()
    assert (made["kind"], made["address"], made["sha256"]) == ("phone", PHONE, sha256_hex(PHONE))
    assert (made["channels"], made["reason"], made["source"]) == (["voice", "sms"], "By letter", "mail")
    denied = client.get(path(contact, "decision")).json()
    assert "suppressed" in [rule["code"] for rule in denied["rules"] if rule["outcome"] == "deny"]
    assert client.get(f"{SUPPRESSIONS}?search=415-555-2671").json()["suppressions"] == [made]
    assert client.get(f"{SUPPRESSIONS}?search=415-555-9999").json()["total"] == 0
    assert client.get(f"{SUPPRESSIONS}?channel=whatsapp").json()["total"] == 0
    assert client.delete(f"{SUPPRESSIONS}/{made['id']}").json() == {"message": "Suppression lifted"}
    assert client.get(SUPPRESSIONS).json()["total"] == 0
    actions = AuditEntry.objects.filter(object_id=made["id"]).order_by("id").values_list("action", flat=True)
    assert list(actions) == ["suppression.added", "suppression.lifted"]


def test_one_that_is_there_is_widened_and_never_narrowed(api: Any, admin: User) -> None:
    client = api(admin)
    until = (now() + timedelta(days=9)).isoformat()
    assert client.post(SUPPRESSIONS, {"phone": PHONE, "channels": ["sms"], "expires_at": until}).status_code == 201
    again = client.post(SUPPRESSIONS, {"phone": PHONE, "channels": ["voice"]})
    assert again.status_code == 200
    assert (again.json()["channels"], again.json()["expires_at"]) == (["voice", "sms"], None)
    client.post(SUPPRESSIONS, {"phone": PHONE, "channels": ["voice"], "expires_at": until})
    row = Suppression.objects.get()
    assert (row.channels, row.expires_at) == (["voice", "sms"], None)


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({}, 422, "phone"),
        ({"phone": PHONE, "email": "a@example.org"}, 422, "phone"),
        ({"email": "nobody"}, 422, "email"),
        ({"phone": PHONE, "channels": ["fax"]}, 422, "channels"),
        ({"phone": PHONE, "channels": ["email"]}, 422, "channels"),
        ({"phone": PHONE, "expires_at": "2020-01-01"}, 422, "expires_at"),
    ],
)
def test_what_is_no_suppression_is_refused(body: Any, status: int, field: str, api: Any, admin: User) -> None:
    answer = api(admin).post(SUPPRESSIONS, body)
    assert answer.status_code == status
    assert answer.json()["detail"][0]["loc"][:2] == ["body", field]
    assert not Suppression.objects.exists()


def test_a_bad_number_is_400(api: Any, admin: User) -> None:
    answer = api(admin).post(SUPPRESSIONS, {"phone": "12"})
    assert (answer.status_code, answer.json()["detail"]) == (400, "Invalid phone number format")


def test_a_manager_sees_addresses_masked_and_an_agent_none(api: Any, manager: User, agent: Agent) -> None:
    SuppressionFactory(value=PHONE)
    SuppressionFactory(kind="email", value="ada@example.org", channels=["email"])
    shown = {row["address"] for row in api(manager).get(SUPPRESSIONS).json()["suppressions"]}
    assert shown == {"+1•••2671", "a•••@example.org"}
    assert api(agent.user).get(SUPPRESSIONS).status_code == 403
    assert api(agent.user).post(SUPPRESSIONS, {"phone": PHONE}).status_code == 403


def test_anothers_suppression_stays(api: Any, admin: User, stranger: User) -> None:
    with company_active(stranger.company_id):
        theirs = SuppressionFactory()
    assert api(admin).delete(f"{SUPPRESSIONS}/{theirs.pk}").status_code == 403
    assert api(admin).get(SUPPRESSIONS).json()["total"] == 0


def test_the_export_names_hashes_and_no_address(api: Any, admin: User) -> None:
    SuppressionFactory(value=PHONE)
    answer = api(admin).get(f"{SUPPRESSIONS}/export?format=csv")
    text = b"".join(answer.streaming_content).decode() if answer.streaming else answer.content.decode()
    assert sha256_hex(PHONE) in text
    assert PHONE not in text


def test_a_leads_reasons_say_whether_it_may_be_called(api: Any, admin: User, contact: Contact) -> None:
    lead = LeadFactory(contact=contact)
    contact.do_not_contact = True
    contact.save()
    asked = api(admin).get(f"/api/v1/leads/{lead.pk}/why").json()
    section = next(one for one in asked["sections"] if one["name"] == "contact")
    assert section["answer"] == "They may not be called now."
    assert "do_not_contact" in [cause["code"] for cause in section["causes"]]
