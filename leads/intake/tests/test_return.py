"""Leads that are given back to their vendor."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from agents.models import Agent
from crm.accounts.models import User
from crm.audit.models import AuditEntry
from crm.vendors.models import VendorReturn
from crm.vendors.scorecard import scorecard_of
from crm.vendors.tests.factories import calling, vendor_with_key
from leads.actions import set_stage
from leads.models import Lead
from leads.tests.factories import LeadFactory

pytestmark = pytest.mark.usefixtures("in_company")
REASON = {"reason": "The number is not in service"}


@pytest.fixture
def lead() -> Lead:
    _, key = vendor_with_key("DEMO001", price=Decimal("12.50"))
    sent = calling(key).post("/api/v1/leads", {"first_name": "Jane", "phone": "(415) 555-2671"})
    return Lead.objects.get(pk=sent.json()["id"])


def test_a_returned_lead_is_lost_and_not_paid_for(api: Any, manager: User, lead: Lead) -> None:
    answer = api(manager).post(f"/api/v1/leads/{lead.pk}/return", REASON)
    assert answer.status_code == 200
    told = answer.json()
    assert (told["success"], told["vendor_code"], told["stage"], told["reason"]) == (
        True,
        "DEMO001",
        "lost",
        REASON["reason"],
    )
    lead.refresh_from_db()
    assert (lead.stage, lead.is_open) == ("lost", False)
    row = VendorReturn.objects.get()
    assert (row.lead_id, row.cost, row.user) == (lead.pk, Decimal("12.50"), manager)
    assert AuditEntry.objects.filter(action="lead.returned", object_id=lead.pk).count() == 1
    card = scorecard_of(lead.vendor)
    assert (card.accepted, card.returned, card.spent, card.kept) == (1, 1, Decimal(0), 0)
    assert card.returned_by_reason == {REASON["reason"]: 1}


def test_a_lead_is_returned_once(api: Any, manager: User, lead: Lead) -> None:
    client = api(manager)
    client.post(f"/api/v1/leads/{lead.pk}/return", REASON)
    assert client.post(f"/api/v1/leads/{lead.pk}/return", REASON).status_code == 409
    assert VendorReturn.objects.count() == 1


def test_what_no_vendor_sent_or_what_was_sold_stays(api: Any, manager: User, lead: Lead) -> None:
    own = LeadFactory()
    assert api(manager).post(f"/api/v1/leads/{own.pk}/return", REASON).status_code == 409
    set_stage(lead, "customer", by=manager)
    assert api(manager).post(f"/api/v1/leads/{lead.pk}/return", REASON).status_code == 409
    assert not VendorReturn.objects.exists()
    lead.refresh_from_db()
    assert lead.stage == "customer"


def test_a_return_needs_a_reason_and_the_permission(api: Any, manager: User, agent: Agent, lead: Lead) -> None:
    url = f"/api/v1/leads/{lead.pk}/return"
    assert api(manager).post(url, {}).status_code == 400
    assert api(manager).post(url, {"reason": ""}).status_code == 422
    assert api(manager).post(url, {"reason": "x" * 201}).status_code == 422
    assert api(agent.user).post(url, REASON).status_code == 403
    assert not VendorReturn.objects.exists()


@pytest.mark.parametrize(
    ("body", "closed", "barred"),
    [
        ({"reason": "Wrote to us", "complaint": "complaint"}, {"voice", "sms", "whatsapp", "email", "all"}, True),
        ({"reason": "Complaint"}, {"voice", "sms", "whatsapp", "email", "all"}, True),
        ({"reason": "No calls", "complaint": "do_not_call"}, {"voice", "sms", "whatsapp"}, False),
        ({"reason": "Asked not to be called."}, {"voice", "sms", "whatsapp"}, False),
        ({"reason": "A complaint about the price"}, set(), False),
        ({"reason": "Complained to nobody", "complaint": None}, set(), False),
    ],
)
def test_a_complaint_goes_into_the_ledger(
    api: Any, manager: User, lead: Lead, body: dict[str, Any], closed: set[str], barred: bool
) -> None:
    assert api(manager).post(f"/api/v1/leads/{lead.pk}/return", body).status_code == 200
    lines = lead.contact.consent_events.all()
    assert {line.channel for line in lines} == closed
    assert {(line.state, line.source, line.origin, line.user, line.lead) for line in lines} <= {
        ("revoked", "complaint", "Returned to vendor DEMO001", manager, lead)
    }
    lead.contact.refresh_from_db()
    assert lead.contact.do_not_contact is barred


def test_a_complaint_that_there_is_not_is_refused_and_nothing_is_returned(
    api: Any, manager: User, lead: Lead, client: Client
) -> None:
    body = {"reason": "x", "complaint": "shouted"}
    assert api(manager).post(f"/api/v1/leads/{lead.pk}/return", body).status_code == 422
    client.force_login(manager)
    assert client.post(f"/leads/{lead.pk}/return/", body).status_code == 422
    assert not VendorReturn.objects.exists()
    assert client.post(f"/leads/{lead.pk}/return/", body | {"complaint": "do_not_call"}).status_code == 302
    assert {line.channel for line in lead.contact.consent_events.all()} == {"voice", "sms", "whatsapp"}


def test_the_page_asks_for_the_reason_and_returns(client: Client, manager: User, lead: Lead) -> None:
    client.force_login(manager)
    url = f"/leads/{lead.pk}/return/"
    assert url in client.get(f"/leads/{lead.pk}/").content.decode()
    assert "DEMO001" in client.get(url).content.decode()
    assert client.post(url, {"reason": ""}).status_code == 422
    assert client.post(url, REASON).status_code == 302
    again = client.post(url, REASON)
    assert again.status_code == 422
    assert "returned to its vendor already" in again.content.decode()
    assert "gave it back to its vendor" in client.get(f"/leads/{lead.pk}/").content.decode()


def test_a_lead_of_nobody_offers_no_return(client: Client, manager: User) -> None:
    client.force_login(manager)
    lead = LeadFactory()
    assert "/return/" not in client.get(f"/leads/{lead.pk}/").content.decode()
    assert "came from no vendor" in client.get(f"/leads/{lead.pk}/return/").content.decode()
