"""The pages of the gate: rules, hours of one's own, the suppression list, and the panels on other pages."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils.timezone import override

from agents.models import Agent
from crm.accounts.models import User
from crm.audit.models import AuditEntry
from crm.compliance.actions.hours import set_stricter_hours
from crm.compliance.errors import LaxerThanLaw
from crm.compliance.gate import decide
from crm.compliance.models import ConsentEvent, StricterHours, Suppression
from crm.compliance.tests.factories import ConsentFactory, DecisionFactory, SuppressionFactory
from crm.compliance.why import contact_section
from crm.core.actors import System
from crm.core.errors import InvalidField
from crm.jobs.models import Job, JobError, JobState
from leads.hashes import sha256_hex
from leads.models import Contact
from leads.tests.factories import ContactFactory, LeadFactory

pytestmark = pytest.mark.usefixtures("in_company")
PHONE = "+14155552671"
WEEK = {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def office(admin: User) -> Client:
    return signed_in(admin)


@pytest.fixture
def contact() -> Contact:
    return ContactFactory(first_name="Ada", last_name="Byron", phone_e164=PHONE)


def shown(response: Any, status: int = 200) -> str:
    assert response.status_code == status
    return str(response.content.decode())


@pytest.mark.parametrize("many", [1, 15])
def test_the_rules_say_what_holds_where_and_what_was_decided(
    many: int, office: Client, contact: Contact, django_assert_num_queries: Any
) -> None:
    DecisionFactory.create_batch(many, contact=contact, allowed=False, rules=[
        {"code": "us_fl_hours", "outcome": "deny", "text": "Too late in Miami", "source": "Fla. Stat."}
    ])  # fmt: skip
    with django_assert_num_queries(5):
        page = shown(office.get(reverse("compliance:rules")))
    assert "not legal advice" in page
    assert "Fla. Stat. § 501.616(6)(a)" in page
    assert "Mon–Fri 09:00–18:00, Sat 10:00–17:00, Sun not at all, none on public holidays" in page
    assert page.count("Too late in Miami") == many
    assert "Nothing was decided yet" not in page


def test_decisions_can_be_narrowed_to_the_denied(office: Client, contact: Contact) -> None:
    DecisionFactory(contact=contact, allowed=True)
    assert "Nothing was denied" in shown(office.get(reverse("compliance:rules"), {"show": "denied"}))


def test_who_may_not_manage_is_refused(manager: User, agent: Agent) -> None:
    assert signed_in(manager).get(reverse("compliance:rules")).status_code == 200
    assert signed_in(manager).get(reverse("compliance:new_hours")).status_code == 403
    for name in ("rules", "suppressions", "suppress", "bring_in"):
        assert signed_in(agent.user).get(reverse(f"compliance:{name}")).status_code == 403


# --- stricter hours ------------------------------------------------------------------------------------------------


def test_the_next_permitted_moment_is_told_by_the_readers_clock(admin: User, contact: Contact) -> None:
    lead, at = LeadFactory(contact=contact), datetime(2026, 3, 3, 9, tzinfo=UTC)
    for zone, words in (("America/New_York", "2026-03-03 11:00 EST"), ("UTC", "2026-03-03 16:00 UTC")):
        with override(zone):
            section = contact_section(lead, admin, at)
        assert f"Next permitted at {words}" in [detail.text for cause in section.causes for detail in cause.details]


def test_stricter_hours_are_set_changed_and_removed(office: Client, contact: Contact, admin: User) -> None:
    data = {"country": "US", "region": "ca", "channels": ["voice"], "hours_tue": "10:00–12:00", "note": "Quiet"}
    assert office.post(reverse("compliance:new_hours"), data).status_code == 302
    row = StricterHours.objects.get()
    assert (row.country, row.region, row.channels, row.hours) == ("US", "CA", ["voice"], {"tue": [["10:00", "12:00"]]})
    noon = datetime(2026, 3, 3, 20, tzinfo=UTC)
    verdict = decide(contact, "voice", at=noon, actor=System("test"))
    assert [rule.code for rule in verdict.denials] == ["stricter_hours"]
    assert verdict.next_permitted_at == datetime(2026, 3, 10, 17, tzinfo=UTC)
    assert decide(contact, "sms", at=noon, actor=System("test")).allowed
    page = shown(office.get(reverse("compliance:hours", args=[row.pk])))
    assert "10:00–12:00" in page
    assert office.post(reverse("compliance:remove_hours", args=[row.pk])).status_code == 302
    assert not StricterHours.objects.exists()
    actions = AuditEntry.objects.filter(object_id=row.pk).order_by("id").values_list("action", flat=True)
    assert list(actions) == ["stricter_hours.set", "stricter_hours.removed"]


@pytest.mark.parametrize(
    ("country", "region", "hours", "law"),
    [
        ("US", "FL", {"mon": [["09:00", "20:30"]]}, "Fla. Stat. § 501.616(6)(a)"),
        ("US", "LA", {"sun": [["12:00", "13:00"]]}, "General Order R-29617"),
        ("FR", "", {"mon": [["12:30", "14:30"]]}, "2022-1313"),
        ("DE", "", {"mon": [["07:00", "12:00"]]}, "the product’s own rule"),
    ],
)
def test_hours_wider_than_the_laws_are_refused(country: str, region: str, hours: Any, law: str, admin: User) -> None:
    with pytest.raises(LaxerThanLaw) as refused:
        set_stricter_hours(country, region, hours=hours, channels=["voice"], by=admin)
    assert law in refused.value.message
    assert not StricterHours.objects.exists()


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"country": "XX"}, "country"),
        ({"region": "ZZ"}, "region"),
        ({"channels": ["email"]}, "channels"),
        ({"channels": []}, "channels"),
        ({"hours": {"mon": [["9", "17"]]}}, "hours"),
    ],
)
def test_what_is_malformed_is_refused_by_its_field(fields: Any, named: str, admin: User) -> None:
    given = {"country": "US", "region": "CA", "hours": WEEK, "channels": ["voice"], "by": admin} | fields
    with pytest.raises(InvalidField) as refused:
        set_stricter_hours(given.pop("country"), given.pop("region"), **given)
    assert refused.value.field == named


def test_the_form_shows_what_was_refused(office: Client) -> None:
    data = {"country": "US", "region": "FL", "channels": ["voice"], "hours_mon": "09:00–20:30"}
    page = shown(office.post(reverse("compliance:new_hours"), data), 422)
    assert "Only stricter hours than the law’s can be set" in page.replace("&#x27;", "’").replace("law's", "law’s")


# --- panels --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("many", [1, 30])
def test_a_contacts_panel_says_by_which_channel_and_why_not(
    many: int, office: Client, contact: Contact, django_assert_num_queries: Any
) -> None:
    ConsentFactory.create_batch(many, contact=contact, channel="sms", wording="No texts please")
    with django_assert_num_queries(8):
        page = shown(office.get(reverse("compliance:contact", args=[contact.pk]), headers={"HX-Request": "true"}))
    assert "May we reach them now?" in page
    assert "Consent to text messages was revoked" in page
    assert "47 CFR § 64.1200(c)(1)" in page
    assert "No texts please" in page
    assert "<html" not in page
    assert "<html" in shown(office.get(reverse("compliance:contact", args=[contact.pk])))


def test_lead_and_contact_pages_hang_the_panel(office: Client, contact: Contact) -> None:
    lead = LeadFactory(contact=contact)
    assert reverse("compliance:lead", args=[lead.pk]) in shown(office.get(reverse("leads:detail", args=[lead.pk])))
    detail = shown(office.get(reverse("contacts:detail", args=[contact.pk])))
    assert reverse("compliance:contact", args=[contact.pk]) in detail
    assert "May we reach them now?" in shown(office.get(reverse("compliance:lead", args=[lead.pk])))


def test_an_agent_writes_down_what_the_person_said(agent: Agent, contact: Contact) -> None:
    lead = LeadFactory(contact=contact, agent=agent)
    back = reverse("leads:detail", args=[lead.pk])
    data = {"channel": "voice", "granted": "no", "wording": "She said: never again", "back": back}
    answer = signed_in(agent.user).post(reverse("compliance:consent", args=[contact.pk]), data)
    assert (answer.status_code, answer.headers["Location"]) == (302, back)
    row = ConsentEvent.objects.get()
    assert (row.channel, row.state, row.source, row.user) == ("voice", "revoked", "agent", agent.user)
    assert row.wording == "She said: never again"
    part = signed_in(agent.user).post(
        reverse("compliance:consent", args=[contact.pk]), data | {"granted": "yes"}, headers={"HX-Request": "true"}
    )
    assert "Put on record, for good." in shown(part)
    assert ConsentEvent.objects.count() == 2


def test_a_complaint_is_written_down_with_who_passed_it_on(contact: Contact, agent: Agent) -> None:
    LeadFactory(contact=contact, agent=agent)
    client, url = signed_in(agent.user), reverse("compliance:consent", args=[contact.pk])
    data = {"channel": "sms", "granted": "no", "wording": "", "told_by": "complaint", "origin": "Carrier desk"}
    assert "Name who passed the complaint on." in shown(client.post(url, data | {"origin": " "}), 422)
    assert "A complaint agrees to nothing." in shown(client.post(url, data | {"granted": "yes"}), 422)
    assert not ConsentEvent.objects.exists()
    page = shown(client.post(url, data, headers={"HX-Request": "true"}))
    assert "Complaint (Carrier desk)" in page
    line = ConsentEvent.objects.get()
    assert (line.source, line.origin, line.user, line.state) == ("complaint", "Carrier desk", agent.user, "revoked")


def test_a_bad_word_on_consent_is_shown_and_nothing_is_written(office: Client, contact: Contact) -> None:
    data = {"channel": "fax", "granted": "no", "back": "https://elsewhere.example/"}
    page = shown(office.post(reverse("compliance:consent", args=[contact.pk]), data), 422)
    assert "fax is not one of the available choices" in page
    assert not ConsentEvent.objects.exists()
    data["channel"] = "sms"
    answer = office.post(reverse("compliance:consent", args=[contact.pk]), data)
    assert answer.headers["Location"] == reverse("contacts:detail", args=[contact.pk])


def test_a_colleagues_contact_is_refused(agent: Agent, contact: Contact) -> None:
    client = signed_in(agent.user)
    assert client.get(reverse("compliance:contact", args=[contact.pk])).status_code == 403
    data = {"channel": "sms", "granted": "no"}
    assert client.post(reverse("compliance:consent", args=[contact.pk]), data).status_code == 403


# --- the suppression list ------------------------------------------------------------------------------------------


def test_an_address_is_put_on_the_list_found_and_taken_off(office: Client, manager: User) -> None:
    data = {"address": "(415) 555-2671", "channels": ["voice"], "reason": "By letter"}
    assert office.post(reverse("compliance:suppress"), data).status_code == 302
    row = Suppression.objects.get()
    assert (row.value, row.channels, row.reason, row.source) == (PHONE, ["voice"], "By letter", "by hand")
    page = shown(office.get(reverse("compliance:suppressions"), {"search": "415 555 2671"}))
    assert PHONE in page
    masked = shown(signed_in(manager).get(reverse("compliance:suppressions")))
    assert PHONE not in masked
    assert "+1•••2671" in masked
    assert "is not on the list" in shown(office.get(reverse("compliance:suppressions"), {"search": "+14155550000"}))
    assert office.post(reverse("compliance:lift", args=[row.pk])).status_code == 302
    assert "Phone numbers and e-mail addresses" in shown(office.get(reverse("compliance:suppressions")))


@pytest.mark.parametrize("many", [1, 30])
def test_the_list_costs_the_same_however_long_it_is(many: int, office: Client, django_assert_num_queries: Any) -> None:
    SuppressionFactory.create_batch(many)
    with django_assert_num_queries(4):
        shown(office.get(reverse("compliance:suppressions")))


def test_a_bad_address_is_shown_by_its_field(office: Client) -> None:
    page = shown(office.post(reverse("compliance:suppress"), {"address": "12"}), 422)
    assert "Invalid phone number format" in page
    page = shown(office.post(reverse("compliance:suppress"), {"address": "a@example.org", "channels": ["sms"]}), 422)
    assert "does not reach this address" in page


def bring_in(client: Client, text: str, name: str = "list.csv") -> Any:
    file = SimpleUploadedFile(name, text.encode())
    return client.post(reverse("compliance:bring_in"), {"file": file, "source": "registry"}, follow=True)


def test_a_file_is_brought_in_and_bad_rows_fail_alone(office: Client) -> None:
    SuppressionFactory(value="+14155557000")
    digest = sha256_hex("bea@example.org")
    rows = [
        "phone,email,sha256,kind,reason,expires_at",
        "(415) 555-2671,,,,asked,",
        "415-555-7000,,,,,",
        ",ADA@example.org,,,,2030-01-01",
        f",,{digest},email,,",
        "12,,,,,",
        ",,,,nobody,",
        "415 555 2671,,,,twice,",
    ]
    page = shown(bring_in(office, "\n".join(rows)))
    assert "3 new on the list, 2 there already, <span" in page
    assert "2 refused" in page
    assert "Invalid phone number format" in page
    assert "No phone number, e-mail address or SHA-256 in this row" in page
    kept = {(row.kind, row.value, row.source) for row in Suppression.objects.exclude(source="")}
    assert kept == {("phone", PHONE, "registry"), ("email", "ada@example.org", "registry"), ("email", "", "registry")}
    assert AuditEntry.objects.filter(action="suppression.added").count() == 3


def test_a_file_of_numbers_needs_no_head(office: Client) -> None:
    assert "2 new on the list" in shown(bring_in(office, "4155552671\n4155552672\n", "numbers.txt"))


@pytest.mark.parametrize("text", ["", "   "])
def test_an_empty_file_is_refused(office: Client, text: str) -> None:
    shown(bring_in(office, text), 422)
    assert not Suppression.objects.exists()


def test_a_long_file_is_a_job_that_leaves_no_file_behind(
    office: Client, settings: Any, django_capture_on_commit_callbacks: Any
) -> None:
    settings.IMPORT_MAX_ROWS_IN_REQUEST = 20
    lines = [f"415555{number:04d}" for number in range(2000, 2040)] + ["12"]
    with django_capture_on_commit_callbacks(execute=True):
        page = bring_in(office, "phone\n" + "\n".join(lines))
    assert page.status_code == 200
    job = Job.objects.get()
    assert (job.state, job.total, job.succeeded, job.failed) == (JobState.SUCCEEDED, 41, 40, 1)
    assert job.result == {"added": 40, "known": 0}
    assert JobError.objects.get().row == 42
    assert Suppression.objects.count() == 40
    assert not default_storage.exists(job.params["path"])


def test_an_xlsx_file_is_read_too(office: Client) -> None:
    from openpyxl import Workbook

    book, stream = Workbook(), io.BytesIO()
    book.active.append(["Phone number", "Reason"])
    book.active.append([PHONE, "asked"])
    book.save(stream)
    file = SimpleUploadedFile("list.xlsx", stream.getvalue())
    page = office.post(reverse("compliance:bring_in"), {"file": file, "source": ""})
    assert "1 new on the list" in shown(page)
    assert Suppression.objects.get().source == "list.xlsx"


# --- the desk ------------------------------------------------------------------------------------------------------


def test_the_desk_shows_and_changes_by_the_same_actions(manager: User, office: Client, contact: Contact) -> None:
    DecisionFactory(contact=contact)
    ConsentFactory(contact=contact)
    desk = signed_in(manager)
    for name in ("contactdecision", "consentevent"):
        assert "Ada" in shown(desk.get(reverse(f"admin:compliance_{name}_changelist")))
        assert desk.get(reverse(f"admin:compliance_{name}_add")).status_code == 403
    add = reverse("admin:compliance_suppression_add")
    assert desk.post(add, {"address": "12", "reason": "", "source": ""}).status_code == 200
    assert not Suppression.objects.exists()
    assert desk.post(add, {"address": PHONE, "reason": "asked", "source": "desk"}).status_code == 302
    row = Suppression.objects.get()
    assert (row.value, row.reason, row.created_by) == (PHONE, "asked", manager)
    assert "+1•••2671" in shown(desk.get(reverse("admin:compliance_suppression_changelist")))
    assert desk.post(reverse("admin:compliance_suppression_delete", args=[row.pk]), {"post": "yes"}).status_code == 302
    assert AuditEntry.objects.filter(action="suppression.lifted").count() == 1
    hours = reverse("admin:compliance_stricterhours_add")
    assert desk.get(hours).status_code == 403
    wide = {"country": "US", "region": "FL", "hours": '{"mon": [["08:00", "21:00"]]}', "channels": ["voice"]}
    assert "Only stricter hours" in shown(office.post(hours, wide))
    assert office.post(hours, wide | {"hours": '{"mon": [["09:00", "12:00"]]}'}).status_code == 302
    assert StricterHours.objects.get().hours == {"mon": [["09:00", "12:00"]]}
