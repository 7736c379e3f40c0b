"""The gate's answers: every rule by itself, and the next moment that all of them permit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from crm.compliance.gate import decide, decide_many, keep, keep_many
from crm.compliance.models import ContactDecision
from crm.compliance.tests.factories import ConsentFactory, SuppressionFactory
from crm.core.actors import System
from leads.tests.factories import ContactFactory, LeadFactory

pytestmark = pytest.mark.usefixtures("in_company")
BY = System("test")
NOON = datetime(2026, 3, 3, 20, tzinfo=UTC)  # a Tuesday, noon in California
NIGHT = datetime(2026, 3, 3, 10, tzinfo=UTC)


def voice(contact: Any, at: datetime = NOON, channel: str = "voice") -> Any:
    return decide(contact, channel, at=at, actor=BY)


def denied(verdict: Any) -> list[str]:
    return [rule.code for rule in verdict.denials]


def test_a_contact_whom_nothing_forbids_may_be_called_now() -> None:
    verdict = voice(ContactFactory())
    assert verdict.allowed
    assert verdict.next_permitted_at == NOON
    assert denied(verdict) == []
    assert all(rule.text and rule.source for rule in verdict.rules)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"do_not_contact": True}, "do_not_contact"),
        ({"opt_in_status": "opted_out"}, "consent"),
        ({"phone_e164": ""}, "address"),
        ({"deleted_at": NOON}, "deleted"),
        ({"phone_e164": "+8823456789", "timezone": ""}, "zone"),
    ],
)
def test_what_only_a_person_can_change_denies_without_a_next_moment(fields: dict[str, Any], code: str) -> None:
    contact = ContactFactory(**{"timezone": "America/Los_Angeles"} | fields)
    verdict = voice(contact)
    assert (verdict.allowed, denied(verdict), verdict.next_permitted_at) == (False, [code], None)


@pytest.mark.parametrize("channel", ["voice", "sms", "whatsapp"])
def test_at_night_it_waits_for_the_morning_there(channel: str) -> None:
    verdict = voice(ContactFactory(phone_e164="+14155552671"), NIGHT, channel)
    assert not verdict.allowed
    assert verdict.next_permitted_at == datetime(2026, 3, 3, 16, tzinfo=UTC)


def test_an_e_mail_has_no_hours() -> None:
    verdict = voice(ContactFactory(phone_e164=""), NIGHT, "email")
    assert (verdict.allowed, verdict.next_permitted_at) == (True, NIGHT)


def test_a_suppressed_number_is_reached_by_no_channel_that_the_entry_covers() -> None:
    contact = ContactFactory(phone_e164="+14155552671", email="ada@example.org")
    SuppressionFactory(value="+14155552671", channels=["sms"])
    assert denied(voice(contact, channel="sms")) == ["suppressed"]
    assert voice(contact).allowed
    assert voice(contact, channel="email").allowed


def test_the_last_word_on_a_channel_counts() -> None:
    contact = ContactFactory()
    ConsentFactory(contact=contact, channel="sms", state="revoked", at=NOON - timedelta(days=2))
    assert denied(voice(contact, channel="sms")) == ["consent"]
    assert voice(contact).allowed
    ConsentFactory(contact=contact, channel="sms", state="granted", at=NOON - timedelta(days=1))
    ConsentFactory(contact=contact, channel="sms", state="revoked", at=NOON - timedelta(days=3))
    assert voice(contact, channel="sms").allowed


def test_a_verdict_is_kept_with_every_rule() -> None:
    lead = LeadFactory(contact=ContactFactory(phone_e164="+14155552671"))
    verdict = decide(lead.contact, "voice", at=NIGHT, actor=BY, lead=lead)
    keep(verdict)
    row = ContactDecision.objects.get()
    assert (row.contact_id, row.lead_id, row.channel) == (lead.contact_id, lead.pk, "voice")
    assert (row.allowed, row.at, row.actor_label) == (False, NIGHT, "test")
    assert row.next_permitted_at == verdict.next_permitted_at
    assert row.rules == [rule.as_json() for rule in verdict.rules]
    assert [rule["code"] for rule in row.reasons] == denied(verdict)


@pytest.mark.parametrize("many", [1, 30])
def test_a_set_costs_as_many_statements_as_one(many: int, django_assert_num_queries: Any) -> None:
    contacts = ContactFactory.create_batch(many)
    with django_assert_num_queries(4):
        verdicts = decide_many(contacts, "voice", at=NOON, actor=BY)
    assert {pk: v.allowed for pk, v in verdicts.items()} == {contact.pk: True for contact in contacts}
    with django_assert_num_queries(2):
        rows = keep_many(verdicts.values())
    assert [row.contact_id for row in rows] == [contact.pk for contact in contacts]
