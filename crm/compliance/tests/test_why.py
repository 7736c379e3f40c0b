"""May they be called: what is decisive, done away with alone, changes the answer; of two causes neither does."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import combinations
from typing import Any

import pytest
from django.db import transaction

from calls.models import Call
from calls.tests.factories import CallFactory
from crm.accounts.models import Company, User
from crm.compliance.models import ConsentEvent, StricterHours, Suppression
from crm.compliance.tests.factories import ConsentFactory, SuppressionFactory
from crm.compliance.why import ALLOWED, DENIED, contact_section
from leads.models import Contact, Lead
from leads.tests.factories import ContactFactory, LeadFactory
from leads.why import Section

pytestmark = pytest.mark.usefixtures("in_company")
NOON = datetime(2026, 3, 3, 20, tzinfo=UTC)  # a Tuesday, noon in California
NIGHT = datetime(2026, 3, 3, 6, tzinfo=UTC)  # ten in the evening there
PHONE = "+14155552671"
Act = Callable[[Lead], Any]


@pytest.fixture
def lead() -> Lead:
    return LeadFactory(contact=ContactFactory(phone_e164=PHONE, timezone="America/Los_Angeles"))


def of_contact(**fields: Any) -> Act:
    return lambda lead: Contact.objects.filter(pk=lead.contact_id).update(**fields)


def of_company(**fields: Any) -> Act:
    return lambda lead: Company.objects.update(**fields)


def stricter(lead: Lead) -> None:
    StricterHours.objects.create(country="US", channels=["voice"], hours={"tue": [["09:00", "10:00"]]})


# Each cause alone: what puts it there, and what does away with it and with nothing else.
CAUSES: dict[str, tuple[Act, Act]] = {
    "do_not_contact": (of_contact(do_not_contact=True), of_contact(do_not_contact=False)),
    "consent": (
        lambda lead: ConsentFactory(contact=lead.contact, at=NOON - timedelta(days=2)),
        lambda lead: ConsentFactory(contact=lead.contact, state="granted", at=NOON - timedelta(days=1)),
    ),
    "address": (of_contact(phone_e164=""), of_contact(phone_e164=PHONE)),
    "suppressed": (lambda lead: SuppressionFactory(value=PHONE), lambda lead: Suppression.objects.all().delete()),
    "company_hours": (
        of_company(calling_hours={"start": "08:00", "end": "09:00"}),
        of_company(calling_hours={"start": "08:00", "end": "21:00"}),
    ),
    "company_holidays": (of_company(holidays=["2026-03-03"]), of_company(holidays=[])),
    "stricter_hours": (stricter, lambda lead: StricterHours.objects.all().delete()),
}


def asked(lead: Lead, user: User, at: datetime = NOON) -> Section:
    section = contact_section(Lead.objects.select_related("contact").get(pk=lead.pk), user, at)
    assert section is not None
    return section


def decisive(section: Section) -> list[str]:
    return [cause.code for cause in section.causes if cause.is_decisive]


def test_whom_nothing_forbids_may_be_called(lead: Lead, manager: User) -> None:
    section = asked(lead, manager)
    assert (section.answer, decisive(section)) == (ALLOWED, [])
    assert all(detail.holds for detail in section.causes[0].details)


@pytest.mark.parametrize("code", CAUSES)
def test_removing_the_named_cause_and_it_alone_changes_the_answer(lead: Lead, manager: User, code: str) -> None:
    put, remove = CAUSES[code]
    put(lead)
    section = asked(lead, manager)
    assert (section.answer, decisive(section)) == (DENIED, [code])
    remove(lead)
    assert asked(lead, manager).answer == ALLOWED


@pytest.mark.parametrize(("one", "other"), [*combinations(CAUSES, 2)])
def test_of_two_causes_neither_changes_it_alone_and_the_last_does(
    lead: Lead, manager: User, one: str, other: str
) -> None:
    together = {one, other}
    if together == {"address", "suppressed"}:
        return  # who has no number has none that could be on the list
    for code in together:
        CAUSES[code][0](lead)
    section = asked(lead, manager)
    assert (section.answer, decisive(section)) == (DENIED, [])
    assert {cause.code for cause in section.causes} == together
    for gone, left in ((one, other), (other, one)):
        with transaction.atomic():
            CAUSES[gone][1](lead)
            section = asked(lead, manager)
            assert (section.answer, decisive(section)) == (DENIED, [left])
            transaction.set_rollback(True)


def test_of_a_number_without_a_place_the_place_is_the_cause(lead: Lead, manager: User) -> None:
    of_contact(phone_e164="+8823456789", timezone="")(lead)
    assert decisive(asked(lead, manager)) == ["zone"]
    of_contact(timezone="America/Los_Angeles")(lead)
    assert asked(lead, manager).answer == ALLOWED


def test_without_a_number_and_a_zone_it_is_one_cause(lead: Lead, manager: User) -> None:
    of_contact(phone_e164="", timezone="")(lead)
    assert decisive(asked(lead, manager)) == ["address"]
    of_contact(phone_e164=PHONE)(lead)
    assert asked(lead, manager).answer == ALLOWED


def test_the_laws_hours_are_decisive_where_the_companys_would_permit_it(lead: Lead, manager: User) -> None:
    of_company(calling_hours={"start": "00:00", "end": "24:00"})(lead)
    assert decisive(asked(lead, manager, NIGHT)) == ["us_federal_hours"]
    of_contact(phone_e164="+18085552671", timezone="")(lead)  # of Hawaii, where it is eight
    assert asked(lead, manager, NIGHT).answer == ALLOWED
    of_contact(phone_e164=PHONE)(lead)
    of_company(calling_hours={"start": "08:00", "end": "21:00"})(lead)
    section = asked(lead, manager, NIGHT)
    assert ({cause.code for cause in section.causes}, decisive(section)) == ({"us_federal_hours", "company_hours"}, [])


def test_one_attempt_less_is_within_the_limit_of_the_state(lead: Lead, manager: User) -> None:
    of_contact(phone_e164="+13055552671", timezone="America/New_York", country="US", region="FL")(lead)
    lead = Lead.objects.select_related("contact").get(pk=lead.pk)
    for hours in (1, 2, 3):
        moment = NOON - timedelta(hours=hours)
        CallFactory(lead=lead, attempt=hours, is_manual=True, placed_at=moment, created_at=moment, requested_at=moment)
    assert decisive(asked(lead, manager)) == ["us_fl_limit"]
    Call.objects.filter(attempt=1).delete()
    assert asked(lead, manager).answer == ALLOWED


def test_a_grant_after_a_refusal_is_kept_and_read(lead: Lead, manager: User) -> None:
    put, remove = CAUSES["consent"]
    put(lead), remove(lead), put(lead)
    assert asked(lead, manager).answer == ALLOWED and ConsentEvent.objects.count() == 3
