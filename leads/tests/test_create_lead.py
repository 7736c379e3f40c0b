"""Creating leads: the contact found or made, duplicates, phone numbers, and the event."""

from __future__ import annotations

from uuid import uuid4

import pytest

from agents.models import Agent
from crm.accounts.models import Company, DuplicatePolicy, User
from crm.audit.models import AuditEntry
from crm.core.actors import System, VendorActor
from crm.core.errors import InvalidField, Missing, MissingField
from crm.core.tenancy import company_active
from crm.vendors.models import Vendor
from leads.actions import NewLead, create_lead, delete_contact, set_disposition
from leads.assignment.errors import CapacityExceeded
from leads.errors import DuplicateLead, InvalidPhone
from leads.models import Contact, Lead, Priority
from leads.tests.factories import ContactFactory, LeadFactory

pytestmark = pytest.mark.usefixtures("in_company")
JOHN = {"first_name": "John", "phone_e164": "+14155552671"}


def entries(obj: Contact | Lead) -> list[str]:
    return list(AuditEntry.objects.filter(object_id=obj.pk).order_by("id").values_list("action", flat=True))


def test_a_new_lead_makes_its_contact_and_both_are_recorded(manager: User, company: Company) -> None:
    lead = create_lead({**JOHN, "last_name": "Ångström", "source": "website", "tags": ["a"]}, by=manager)
    lead.refresh_from_db()
    assert (lead.status, lead.stage, lead.score, lead.priority) == ("new", "lead", 0, Priority.NORMAL)
    assert (lead.source, lead.tags, lead.agent_id, lead.created_by_id) == ("website", ["a"], None, manager.pk)
    assert (lead.last_name_key, lead.search_text) == ("angstrom", "john angstrom +14155552671")
    assert (lead.company_id, lead.is_duplicate, lead.is_open) == (company.pk, False, True)
    contact = lead.contact
    assert (contact.first_name, contact.phone_e164, contact.created_by_id) == ("John", "+14155552671", manager.pk)
    assert contact.zones == ("America/Los_Angeles",)
    assert entries(contact) == ["contact.created"]
    assert entries(lead) == ["lead.created"]
    entry = AuditEntry.objects.get(object_id=lead.pk)
    assert entry.data == {"contact_id": str(contact.pk), "contact_is_new": True}
    assert {change["field"]: change["after"] for change in entry.changes} == {"source": "website", "tags": ["a"]}
    assert "John" not in str(AuditEntry.objects.values_list("changes", "data"))


def test_a_national_number_is_read_in_the_companys_country(manager: User, company: Company) -> None:
    company.default_country = "GB"
    company.save()
    manager.company = company
    assert create_lead({"name": "Ada Byron", "phone": "020 7183 8750 ext 3"}, by=manager).contact.phone_e164 == (
        "+442071838750"
    )
    assert Contact.objects.get().last_name == "Byron"


@pytest.mark.parametrize("phone", ["12", "+1 395 557 1028", "(415) 555-invalid", "call me"])
def test_an_impossible_number_is_refused_and_nothing_is_made(manager: User, phone: str) -> None:
    with pytest.raises(InvalidPhone, match="Invalid phone number format"):
        create_lead({"first_name": "A", "phone": phone}, by=manager)
    assert not Contact.objects.exists()
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize(
    ("data", "field"), [({"first_name": "A"}, "phone_e164"), ({"phone_e164": "+14155552671"}, "first_name")]
)
def test_a_new_contact_needs_a_name_and_an_address(manager: User, data: dict[str, str], field: str) -> None:
    with pytest.raises(MissingField) as refusal:
        create_lead(data, by=manager)
    assert refusal.value.field == field
    assert not Contact.objects.exists()


def test_a_second_lead_without_an_agent_is_refused_with_the_first_ones_id(manager: User) -> None:
    first = create_lead(JOHN, by=manager)
    with pytest.raises(DuplicateLead) as refusal:
        create_lead({**JOHN, "first_name": "Jim"}, by=manager)
    assert refusal.value.message == "Lead with this phone number already exists for this agent"
    assert refusal.value.extra == {"existing_lead_id": str(first.pk)}
    assert Lead.objects.get() == first
    assert Contact.objects.get().first_name == "John"


def test_who_may_not_see_the_first_lead_does_not_learn_its_id(manager: User, agent: Agent) -> None:
    create_lead(JOHN, by=manager)
    for asker in (agent.user, System("routing")):
        with pytest.raises(DuplicateLead) as refusal:
            create_lead(JOHN, by=asker)
        assert refusal.value.extra == {}


def test_a_company_may_have_duplicates_flagged_instead(manager: User, company: Company) -> None:
    create_lead(JOHN, by=manager)
    Company.objects.filter(pk=company.pk).update(duplicate_policy=DuplicatePolicy.FLAG)
    second = create_lead(JOHN, by=User.objects.get(pk=manager.pk))
    assert Lead.objects.get(pk=second.pk).is_duplicate
    assert Contact.objects.count() == 1


def test_one_open_lead_for_each_agent_and_the_closed_do_not_count(
    manager: User, agent: Agent, other_agent: Agent
) -> None:
    first = create_lead(JOHN, by=manager, agent=agent)
    assert Lead.objects.get(pk=first.pk).agent == agent
    assert create_lead(JOHN, by=manager).agent is None
    assert create_lead(JOHN, by=manager, agent=other_agent).agent == other_agent
    with pytest.raises(DuplicateLead) as refusal:
        create_lead(JOHN, by=agent.user, agent=agent)
    assert refusal.value.extra == {"existing_lead_id": str(first.pk)}
    set_disposition(first, "completed", by=manager)
    create_lead(JOHN, by=manager, agent=agent)
    assert Lead.objects.count() == 4
    assert Contact.objects.count() == 1


def test_naming_an_agent_assigns_with_a_clock(manager: User, agent: Agent) -> None:
    lead = create_lead(JOHN, by=manager, agent=agent)
    lead.refresh_from_db()
    assert lead.assigned_at is not None
    assert lead.deadline is not None
    assert entries(lead) == ["lead.created", "lead.assigned"]
    assert lead.assignments.get().to_agent == agent


def test_a_full_agent_gets_nothing_and_nothing_is_made(manager: User, agent: Agent) -> None:
    Agent.objects.filter(pk=agent.pk).update(max_capacity=0)
    with pytest.raises(CapacityExceeded):
        create_lead(JOHN, by=manager, agent=agent)
    assert not Lead.objects.exists()
    assert not Contact.objects.exists()


def test_a_matched_contacts_blanks_are_filled_and_nothing_is_renamed(manager: User) -> None:
    known = ContactFactory(first_name="Ada", last_name="", email="", phone_e164="+14155552671", title="Countess")
    older = LeadFactory(contact=known, status="done")
    given = {"first_name": "ADA", "email": "Ada@Example.org ", "organization": "Engines", "title": "Dr"}
    lead = create_lead({**given, "phone": "415 555 2671"}, by=manager)
    known.refresh_from_db()
    assert lead.contact_id == known.pk
    assert (known.first_name, known.email, known.organization, known.title) == (
        "Ada",
        "ada@example.org",
        "Engines",
        "Countess",
    )
    older.refresh_from_db()
    assert older.search_text == known.search_text == "ada ada@example.org +14155552671 engines"
    entry = AuditEntry.objects.get(object_id=known.pk, action="contact.updated")
    assert {change["field"] for change in entry.changes} == {"email", "organization"}


def test_an_email_matches_in_any_case_where_the_phone_is_unknown(manager: User) -> None:
    known = ContactFactory(email="ada@example.org", phone_e164="")
    lead = create_lead({"first_name": "X", "email": "ADA@example.org", "phone_e164": "+14155552671"}, by=manager)
    assert lead.contact_id == known.pk
    assert Contact.objects.get().phone_e164 == "+14155552671"


def test_phone_of_one_and_email_of_another_takes_the_phones_contact(manager: User) -> None:
    of_phone = ContactFactory(phone_e164="+14155552671", email="")
    of_email = ContactFactory(email="other@example.org")
    lead = create_lead({**JOHN, "email": "other@example.org"}, by=manager)
    assert lead.contact_id == of_phone.pk
    of_phone.refresh_from_db()
    assert of_phone.email == ""
    assert AuditEntry.objects.get(action="lead.created").data["other_contact_id"] == str(of_email.pk)


def test_by_contact_id_with_a_phone_that_another_has(manager: User) -> None:
    known, other = ContactFactory(phone_e164="", city=""), ContactFactory(phone_e164="+14155552671")
    lead = create_lead({"contact_id": known.pk, "phone_e164": other.phone_e164, "city": "Rome"}, by=manager)
    known.refresh_from_db()
    assert (lead.contact_id, known.phone_e164, known.city) == (known.pk, "", "Rome")


def test_an_unknown_deleted_or_foreign_contact_is_refused_alike(manager: User, stranger: User) -> None:
    gone = ContactFactory()
    delete_contact(gone, by=manager)
    with company_active(stranger.company_id):
        foreign = ContactFactory()
    for pk in (uuid4(), gone.pk, foreign.pk):
        with pytest.raises(InvalidField) as refusal:
            create_lead({"contact_id": pk}, by=manager)
        assert (refusal.value.field, refusal.value.status) == ("contact_id", 422)


def test_another_companys_contact_of_the_same_phone_is_not_matched(manager: User, stranger: User) -> None:
    with company_active(stranger.company_id):
        foreign = ContactFactory(phone_e164="+14155552671")
    lead = create_lead(NewLead(**JOHN), by=manager)
    assert lead.contact_id != foreign.pk


def test_a_deleted_contacts_phone_is_free_again(manager: User) -> None:
    gone = ContactFactory(phone_e164="+14155552671")
    delete_contact(gone, by=manager)
    assert create_lead(JOHN, by=manager).contact_id != gone.pk


def test_vendors_are_named_by_code_or_by_their_key(manager: User) -> None:
    vendor = Vendor.objects.create(code="DEMO001", name="Demo")
    assert create_lead({**JOHN, "vendor_code": "DEMO001"}, by=manager).vendor == vendor
    by_key = create_lead({"first_name": "B", "email": "b@example.org"}, by=VendorActor(vendor.pk, vendor.code))
    assert (by_key.vendor_id, by_key.created_by_id) == (vendor.pk, None)
    with pytest.raises(Missing):
        create_lead({"first_name": "C", "email": "c@example.org", "vendor_code": "NOPE"}, by=manager)


def test_a_lead_may_begin_closed(manager: User) -> None:
    lead = create_lead({**JOHN, "stage": "customer"}, by=manager)
    assert (lead.status, lead.is_open, lead.contact.lifecycle_stage) == ("done", False, "customer")
    assert lead.closed_at is not None
    assert create_lead(JOHN, by=manager).is_open
