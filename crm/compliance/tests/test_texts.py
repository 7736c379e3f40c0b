"""Texts that come in: signed, taken once, answered in plain words, and shut before the next tick."""

from __future__ import annotations

from typing import Any
from uuid import uuid4
from xml.etree import ElementTree

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now

from agents.tests.factories import VoiceAgentFactory
from crm.accounts.models import Company, User
from crm.accounts.tests.factories import CompanyFactory
from crm.audit.models import AuditEntry
from crm.compliance.gate import decide
from crm.compliance.models import ConsentEvent, IncomingText, Suppression
from crm.core.actors import System
from crm.core.tenancy import company_active
from crm.providers.actions import connect
from crm.providers.ports import TextReceived
from crm.providers.simulator import wire
from crm.providers.twilio.tests.stand_in import SID, TOKEN, sign
from leads.models import Contact
from leads.tests.factories import ContactFactory, LeadFactory

pytestmark = pytest.mark.django_db
PHONE, OURS = "+14155552671", "+14155550100"


@pytest.fixture(autouse=True)
def _account(settings: Any) -> None:
    settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN = SID, TOKEN


@pytest.fixture
def contact(in_company: Company) -> Contact:
    return ContactFactory(first_name="Ada", phone_e164=PHONE)


@pytest.fixture
def elsewhere(db: None) -> Company:
    return CompanyFactory(name="Elsewhere")


def bring(settings: Any, body: str = "STOP", *, signed: bool = True, **more: str) -> Any:
    """As Twilio brings a text."""
    form = {"MessageSid": f"SM{uuid4().hex}", "AccountSid": SID, "From": PHONE, "To": OURS, "Body": body, **more}
    path = reverse("text_hooks:text", args=["twilio"])
    signature = sign(settings.PUBLIC_URL + path, form, TOKEN if signed else TOKEN + "x")
    return Client().post(path, form, headers={"x-twilio-signature": signature})


def words(response: Any) -> list[str | None]:
    assert response.status_code == 200
    assert response["Content-Type"] == "text/xml"
    return [message.text for message in ElementTree.fromstring(response.content)]


def closed(contact: Contact) -> set[str]:
    fresh = Contact.objects.get(pk=contact.pk)
    verdicts = {name: decide(fresh, name, at=now(), actor=System("test")) for name in ("voice", "sms", "whatsapp")}
    return {name for name, verdict in verdicts.items() if any("consent" in rule.code for rule in verdict.denials)}


def test_stop_is_answered_by_name_and_closes_texts_at_once(contact: Contact, settings: Any) -> None:
    [answer] = words(bring(settings, "Stop."))
    assert answer is not None
    assert answer.startswith("Copperline: you will get no more messages from us.")
    assert {line.channel for line in ConsentEvent.objects.filter(contact=contact)} == {"sms", "whatsapp"}
    line = ConsentEvent.objects.filter(channel="sms").get()
    assert (line.state, line.source, line.wording, line.address) == ("revoked", "reply", "Stop.", PHONE)
    assert closed(contact) == {"sms", "whatsapp"}


def test_a_plain_request_closes_calls_as_well(contact: Contact, settings: Any) -> None:
    words(bring(settings, "Please stop calling me"))
    assert closed(contact) == {"voice", "sms", "whatsapp"}


def test_start_opens_again_and_help_only_answers(contact: Contact, settings: Any) -> None:
    bring(settings)
    [answer] = words(bring(settings, "START"))
    assert "again" in str(answer)
    assert closed(contact) == set()
    [answer] = words(bring(settings, "Help"))
    assert "reply STOP" in str(answer)
    assert ConsentEvent.objects.filter(contact=contact).count() == 4


def test_a_repeat_changes_nothing_and_is_answered_alike(contact: Contact, settings: Any) -> None:
    first = bring(settings, MessageSid="SM1")
    bring(settings, "START", MessageSid="SM2")
    assert words(bring(settings, MessageSid="SM1")) == words(first)
    assert closed(contact) == set()
    assert IncomingText.objects.count() == 2
    assert AuditEntry.objects.filter(action="text.received").count() == 2


def test_what_twilio_has_answered_itself_is_not_answered_twice(contact: Contact, settings: Any) -> None:
    """Its own opt-out knows keywords that an account has chosen."""
    assert words(bring(settings, "ENOUGH", OptOutType="STOP")) == []
    assert closed(contact) == {"sms", "whatsapp"}
    assert words(bring(settings, "HELP", OptOutType="HELP")) == []


def test_any_other_text_stands_in_the_timeline_as_what_it_is(
    contact: Contact, settings: Any, admin: User, api: Any
) -> None:
    lead = LeadFactory(contact=contact)
    said = "We have to stop this project \U0001f642"
    assert words(bring(settings, said)) == []
    assert (closed(contact), ConsentEvent.objects.count()) == (set(), 0)
    [entry] = api(admin).get(f"/api/v1/leads/{lead.pk}/timeline").json()["timeline"]
    assert (entry["action"], entry["actor"], entry["text"]) == ("text.received", "contact", said)
    client = Client()
    client.force_login(admin)
    page = client.get(reverse("leads:detail", args=[lead.pk])).content.decode()
    assert "sent a text message" in page
    assert said in page
    log = AuditEntry.objects.get(action="text.received")
    assert said not in str(log.data) + str(log.changes)
    assert PHONE not in str(log.data)


def test_whatsapp_is_known_by_its_address(contact: Contact, settings: Any) -> None:
    bring(settings, "Hello", From=f"whatsapp:{PHONE}", To=f"whatsapp:{OURS}")
    text = IncomingText.objects.get()
    assert (text.channel, text.contact, text.text) == ("whatsapp", contact, "Hello")


def test_of_a_number_that_nobody_has_a_stop_alone_is_kept(in_company: Company, settings: Any) -> None:
    assert words(bring(settings, "Who are you?")) == []
    assert IncomingText.objects.count() == 0
    assert len(words(bring(settings, "STOP"))) == 1
    text, held = IncomingText.objects.get(), Suppression.objects.get()
    assert (text.contact, text.text, text.meaning) == (None, "", "stop")
    assert (held.value, held.channels) == (PHONE, ["sms", "whatsapp"])


def test_who_was_merged_with_another_is_known_by_the_old_number(contact: Contact, settings: Any, admin: User) -> None:
    from leads.duplicates.merging import merge_contacts

    other = ContactFactory(phone_e164="+14155550177")
    merge_contacts(contact, other, by=admin)
    bring(settings, From="+14155550177")
    assert closed(contact) == {"sms", "whatsapp"}
    assert IncomingText.objects.get().contact == contact


def test_what_is_not_signed_or_is_nonsense_changes_nothing(contact: Contact, settings: Any) -> None:
    assert bring(settings, signed=False).status_code == 403
    assert bring(settings, MessageSid="").status_code == 400
    assert Client().get(reverse("text_hooks:text", args=["twilio"])).status_code == 405
    assert Client().post(reverse("text_hooks:text", args=["pigeon"])).status_code == 404
    assert bring(settings, "STOP\x00").status_code == 200
    assert closed(contact) == {"sms", "whatsapp"}
    assert IncomingText.objects.count() == 1


def test_the_number_says_whose_it_is_where_companies_share_an_account(
    contact: Contact, elsewhere: Company, settings: Any
) -> None:
    with company_active(elsewhere.pk):
        theirs = ContactFactory(phone_e164=PHONE)
        VoiceAgentFactory(caller_number="+14155550155")
    VoiceAgentFactory(caller_number=OURS)
    [answer] = words(bring(settings))
    assert str(answer).startswith("Copperline:")
    with company_active(elsewhere.pk):
        assert closed(theirs) == set()
    [answer] = words(bring(settings, To="+14155550155"))
    assert str(answer).startswith("Elsewhere:")
    with company_active(elsewhere.pk):
        assert closed(theirs) == {"sms", "whatsapp"}


def test_a_stop_to_a_number_that_companies_share_holds_for_each_that_knows_the_person(
    contact: Contact, elsewhere: Company, settings: Any
) -> None:
    with company_active(elsewhere.pk):
        theirs = ContactFactory(phone_e164=PHONE)
    CompanyFactory(name="A third")
    assert len(words(bring(settings))) == 1
    assert closed(contact) == {"sms", "whatsapp"}
    with company_active(elsewhere.pk):
        assert closed(theirs) == {"sms", "whatsapp"}
    assert words(bring(settings, From="+14155550188")) == []
    assert Suppression.objects.count() == 0


def test_the_simulators_people_write_to_the_company_that_called_them(
    contact: Contact, elsewhere: Company, settings: Any
) -> None:
    text = TextReceived("simulator", "sim-1", PHONE, OURS, "STOP", now(), companies=(contact.company_id,))
    url = settings.PUBLIC_URL + reverse("text_hooks:text", args=["simulator"])
    wire.bring(url, text)
    wire.bring(url, text)
    assert closed(contact) == {"sms", "whatsapp"}
    assert IncomingText.objects.count() == 1
    answer = Client().post(reverse("text_hooks:text", args=["simulator"]), b"{}", content_type="application/json")
    assert answer.status_code == 403


def test_a_text_to_a_companys_own_account_is_that_companys(
    contact: Contact, elsewhere: Company, settings: Any, admin: User
) -> None:
    settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN = "AC" + "9" * 32, "token-of-the-installation"
    with company_active(elsewhere.pk):
        theirs = ContactFactory(phone_e164=PHONE)
    assert bring(settings).status_code == 403, "nobody has this account yet"
    connect("twilio", {"account": SID, "secret": TOKEN}, by=admin)
    [answer] = words(bring(settings))
    assert str(answer).startswith("Copperline:")
    assert closed(contact) == {"sms", "whatsapp"}
    with company_active(elsewhere.pk):
        assert closed(theirs) == set()
        connect("twilio", {"account": SID, "secret": "a-token-of-another"}, by=System("test"))
    assert bring(settings).status_code == 200
    with company_active(elsewhere.pk):
        assert (closed(theirs), IncomingText.objects.count()) == (set(), 0), "its token has not signed it"


def test_what_comes_to_the_installations_account_is_no_company_with_its_own(
    contact: Contact, elsewhere: Company, settings: Any, admin: User
) -> None:
    with company_active(elsewhere.pk):
        theirs = ContactFactory(phone_e164=PHONE)
    connect("twilio", {"account": "AC" + "8" * 32, "secret": "a-token-of-their-own"}, by=admin)
    [answer] = words(bring(settings))
    assert str(answer).startswith("Elsewhere:")
    assert closed(contact) == set()
    with company_active(elsewhere.pk):
        assert closed(theirs) == {"sms", "whatsapp"}
