"""The ledger: whatever the way, the same lines and events, the contact's fields with them, the gate shut at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils.timezone import now

from crm.accounts.models import User
from crm.audit.models import AuditEntry
from crm.compliance.actions import (
    Statement,
    record_consent,
    record_consents,
    take_complaint,
    take_reply,
    take_transcript,
)
from crm.compliance.gate import decide
from crm.compliance.models import ConsentEvent, ConsentSource, ConsentState, Suppression
from crm.compliance.replies import Meaning
from crm.core.actors import System, VendorActor
from crm.core.errors import InvalidField
from crm.core.ids import uuid7
from crm.jobs.models import Job  # noqa: F401 - its kinds are registered
from leads import actions as lead_actions
from leads.models import Contact
from leads.tests.factories import ContactFactory, LeadFactory

pytestmark = pytest.mark.usefixtures("in_company")
BY = System("test")
AT = datetime(2026, 3, 3, 20, tzinfo=UTC)  # noon in California
CHANNELS = ("voice", "sms", "whatsapp", "email")
PHONE = "+14155552671"


@pytest.fixture
def contact() -> Contact:
    return ContactFactory(phone_e164=PHONE, email="ada@example.org")


def open_to(contact: Contact) -> set[str]:
    """The channels that the gate lets through, asked afresh."""
    contact = Contact.objects.get(pk=contact.pk)
    return {channel for channel in CHANNELS if decide(contact, channel, at=AT, actor=BY).allowed}


def ledger(contact: Contact) -> list[tuple[str, str, str]]:
    rows = ConsentEvent.objects.filter(contact=contact).order_by("at", "id")
    return [(row.channel, row.state, row.source) for row in rows]


def consent_events(contact: Contact) -> list[tuple[str, Any]]:
    rows = AuditEntry.objects.filter(object_id=contact.pk, action__startswith="consent.").order_by("id")
    return [(row.action, row.data["channels"]) for row in rows]


def fields(contact: Contact) -> tuple[str, bool]:
    contact.refresh_from_db()
    return contact.opt_in_status, contact.do_not_contact


def test_a_revocation_closes_its_channel_and_is_kept_with_all_that_proves_it(contact: Contact, admin: User) -> None:
    made = record_consent(
        contact,
        "sms",
        granted=False,
        source=ConsentSource.AGENT,
        by=admin,
        wording="No texts, she said",
        origin="lead page",
    )
    row = ConsentEvent.objects.get()
    assert [line.pk for line in made] == [row.pk]
    assert (row.channel, row.state, row.wording, row.origin) == ("sms", "revoked", "No texts, she said", "lead page")
    assert (row.address, row.user, row.source) == (PHONE, admin, "agent")
    assert abs(row.at - now()) < timedelta(minutes=1)
    assert open_to(contact) == {"voice", "whatsapp", "email"}
    assert consent_events(contact) == [("consent.revoked", ["sms"])]
    assert fields(contact) == ("unknown", False)


def test_everything_revoked_bars_the_person_and_everything_granted_lets_them_be_reached(contact: Contact) -> None:
    record_consent(contact, "all", granted=False, source=ConsentSource.API, by=BY)
    assert fields(contact) == ("opted_out", True)
    assert open_to(contact) == set()
    assert len(ledger(contact)) == 5
    assert len({row.act for row in ConsentEvent.objects.all()}) == 1
    record_consent(contact, "sms", granted=True, source=ConsentSource.API, by=BY)
    assert fields(contact) == ("opted_in", True)
    assert open_to(contact) == set()
    record_consent(contact, "all", granted=True, source=ConsentSource.API, by=BY)
    assert fields(contact) == ("opted_in", False)
    assert open_to(contact) == set(CHANNELS)


def test_a_channel_that_there_is_not_is_refused_and_nothing_is_written(contact: Contact) -> None:
    with pytest.raises(InvalidField, match="Must be one of"):
        record_consent(contact, "fax", granted=False, source=ConsentSource.API, by=BY)
    assert ledger(contact) == []


def test_what_is_said_earlier_and_arrives_later_changes_nothing(contact: Contact) -> None:
    take_reply(PHONE, "START", at=AT, by=BY)
    take_reply(PHONE, "STOP", at=AT - timedelta(hours=1), by=BY)
    assert open_to(contact) == set(CHANNELS)
    assert fields(contact) == ("opted_in", False)
    assert len(ledger(contact)) == 4


def test_stop_closes_texts_start_opens_them_and_help_changes_nothing(contact: Contact, in_company: Any) -> None:
    stopped = take_reply(PHONE, "Stop!", at=AT, by=System("sms"))
    assert stopped.meaning is Meaning.STOP
    assert stopped.contact == contact
    assert stopped.answer.startswith(f"{in_company.name}: you will get no more messages")
    assert open_to(contact) == {"voice", "email"}
    row = ConsentEvent.objects.filter(channel="sms").get()
    assert (row.source, row.wording, row.address, row.at, row.actor_label) == ("reply", "Stop!", PHONE, AT, "sms")
    helped = take_reply(PHONE, "help", at=AT, by=BY)
    assert (helped.meaning, helped.lines) == (Meaning.HELP, ())
    assert "STOP" in helped.answer
    take_reply(PHONE, "START", at=AT + timedelta(hours=1), by=BY)
    assert open_to(contact) == set(CHANNELS)
    assert consent_events(contact) == [
        ("consent.revoked", ["sms", "whatsapp"]),
        ("consent.granted", ["sms", "whatsapp"]),
    ]


def test_a_sentence_with_the_word_in_it_changes_nothing(contact: Contact) -> None:
    taken = take_reply(PHONE, "We have to stop this project", at=AT, by=BY)
    assert (taken.meaning, taken.contact, taken.answer) == (None, contact, "")
    assert ledger(contact) == []
    assert open_to(contact) == set(CHANNELS)


def test_a_stop_of_a_number_that_nobody_has_holds_for_whoever_gets_it() -> None:
    take_reply("+14155559999", "STOP", at=AT, by=BY)
    row = Suppression.objects.get()
    assert (row.value, row.channels, row.source) == ("+14155559999", ["sms", "whatsapp"], "text reply")
    later = ContactFactory(phone_e164="+14155559999")
    assert open_to(later) == {"voice", "email"}
    later.delete()
    take_reply("+14155559999", "START", at=AT, by=BY)
    assert Suppression.objects.count() == 0


def test_a_request_in_a_call_closes_what_it_covers_once(contact: Contact) -> None:
    lead = LeadFactory(contact=contact)
    said = [
        {"speaker": "agent", "text": "Shall I call again?"},
        {"speaker": "contact", "text": "Do not call me again."},
    ]
    assert len(take_transcript(lead, said, at=AT, by=BY, origin="call 1")) == 3
    assert take_transcript(lead, said, at=AT, by=BY, origin="call 1") == []
    assert open_to(contact) == {"email"}
    row = ConsentEvent.objects.filter(channel="voice").get()
    assert (row.source, row.wording, row.origin, row.lead) == ("transcript", "Do not call me again", "call 1", lead)
    assert take_transcript(lead, "We have to stop this project", at=AT, by=BY) == []


def test_take_me_off_your_list_bars_the_person(contact: Contact) -> None:
    lead = LeadFactory(contact=contact)
    take_transcript(lead, "Contact: take me off your list", at=AT, by=BY)
    assert fields(contact) == ("opted_out", True)
    assert open_to(contact) == set()


def test_a_complaint_closes_its_channel(contact: Contact) -> None:
    take_complaint(contact, "email", at=AT, by=System("smtp"), origin="spam report")
    assert open_to(contact) == {"voice", "sms", "whatsapp"}
    assert ledger(contact) == [("email", "revoked", "complaint")]


# --- the contact's own fields --------------------------------------------------------------------------------------


def test_do_not_call_binds_the_person_and_taking_it_back_sets_them_free(contact: Contact, admin: User) -> None:
    lead = LeadFactory(contact=contact)
    lead_actions.set_disposition(lead, "do_not_call", by=admin)
    assert ledger(contact) == [("all", "revoked", "disposition")]
    assert open_to(contact) == set()
    assert consent_events(contact) == [("consent.revoked", ["all"])]
    lead_actions.update_contact(contact, {"do_not_contact": False}, by=admin)
    assert ledger(contact)[1:] == [("all", "cleared", "status")]
    assert open_to(contact) == set(CHANNELS)


def test_do_not_call_on_many_leads_is_taken_by_set(admin: User, django_assert_num_queries: Any) -> None:
    from crm.audit.events import events_recorded
    from crm.compliance.receivers import on_events

    leads = LeadFactory.create_batch(30)
    for lead in leads:
        lead_actions.set_disposition(lead, "do_not_call", by=admin)
    entries = list(AuditEntry.objects.filter(action="lead.disposition_set").select_related("user"))
    assert len(entries) == 30
    assert events_recorded.receivers
    with django_assert_num_queries(5):  # two of them begin and end a savepoint; nothing is missing any more
        on_events(entries)
    assert ConsentEvent.objects.count() == 30


@pytest.mark.parametrize(
    ("status", "states", "reached"),
    [("opted_out", {"revoked"}, set()), ("opted_in", {"granted"}, set(CHANNELS))],
)
def test_a_status_given_with_the_contact_is_written_down(status: str, states: set[str], reached: set[str]) -> None:
    given = {"first_name": "Ada", "phone": PHONE, "email": "a@example.org", "opt_in_status": status}
    made = lead_actions.create_contact(given, by=BY)
    assert {row.state for row in ConsentEvent.objects.filter(contact=made)} == states
    assert len(ledger(made)) == 4
    assert open_to(made) == reached


def test_a_contact_of_whom_nothing_is_said_has_no_line() -> None:
    made = lead_actions.create_contact({"first_name": "Ada", "phone": PHONE}, by=BY)
    assert ledger(made) == []


def test_what_a_vendor_says_is_the_vendors_word() -> None:
    vendor = VendorActor(uuid7(), "V1")
    made = lead_actions.create_contact({"first_name": "Ada", "phone": PHONE, "opt_in_status": "opted_in"}, by=vendor)
    rows = list(ConsentEvent.objects.filter(contact=made))
    assert {(row.source, row.actor_label) for row in rows} == {("vendor", "V1")}


def test_a_field_does_not_overrule_what_the_person_said_of_a_channel(contact: Contact, admin: User) -> None:
    take_reply(PHONE, "STOP", at=AT, by=BY)
    lead_actions.update_contact(contact, {"opt_in_status": "opted_in"}, by=admin)
    assert open_to(contact) == {"voice", "email"}
    lead_actions.update_contact(contact, {"opt_in_status": "unknown"}, by=admin)
    assert open_to(contact) == {"voice", "email"}
    lead_actions.update_contact(contact, {"opt_in_status": "opted_out"}, by=admin)
    assert open_to(contact) == set()
    lead_actions.update_contact(contact, {"opt_in_status": "unknown"}, by=admin)
    assert open_to(contact) == {"voice", "email"}


def test_what_the_fields_said_before_the_ledger_is_not_lost(contact: Contact) -> None:
    """As in companies from before: opted out, with no line; then the person wants texts again, and texts alone."""
    Contact.objects.update(opt_in_status="opted_out")
    take_reply(PHONE, "START", at=now(), by=BY)
    assert open_to(contact) == {"sms", "whatsapp"}
    assert fields(contact) == ("opted_in", False)


def test_a_wish_outlives_the_contact(contact: Contact, admin: User) -> None:
    record_consent(contact, "voice", granted=False, source=ConsentSource.AGENT, by=admin)
    record_consent(contact, "email", granted=False, source=ConsentSource.AGENT, by=admin)
    lead_actions.delete_contact(contact, by=admin)
    kept = {(row.kind, row.value, tuple(row.channels)) for row in Suppression.objects.all()}
    assert kept == {("phone", PHONE, ("voice",)), ("email", "ada@example.org", ("email",))}
    again = lead_actions.create_contact({"first_name": "Ada", "phone": PHONE, "email": "ada@example.org"}, by=admin)
    assert open_to(again) == {"sms", "whatsapp"}
    plain = ContactFactory()
    lead_actions.delete_contact(plain, by=admin)
    assert Suppression.objects.count() == 2


@pytest.mark.parametrize("many", [1, 30])
def test_many_statements_cost_as_many_statements_as_one(many: int, django_assert_max_num_queries: Any) -> None:
    contacts = ContactFactory.create_batch(many)
    said = [Statement(one.pk, ["email"], ConsentState.REVOKED, ConsentSource.UNSUBSCRIBE) for one in contacts]
    with django_assert_max_num_queries(9):
        record_consents(said, by=BY)
    assert ConsentEvent.objects.count() == many
