"""Where a person may be, and which laws hold there."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from crm.compliance.attempts import _counters, register
from crm.compliance.gate import decide, decide_many
from crm.compliance.laws import all_laws, checked_on, laws_for
from crm.compliance.places import current_name, region_named, regions, zones_by_country
from crm.compliance.zones import whereabouts_of
from crm.core.actors import System
from leads.models import Contact
from leads.tests.factories import ContactFactory

BY = System("test")
NY, CHICAGO, LA = "America/New_York", "America/Chicago", "America/Los_Angeles"
THREE = [CHICAGO, LA, NY]
CA_FL = [("US", "CA"), ("US", "FL")]
BERLIN = "Europe/Berlin"
TEXAN = {"phone_e164": "+12125552671", "country": "US", "region": "TX"}


@pytest.mark.parametrize(
    ("fields", "zones", "places"),
    [
        ({"phone_e164": "+14155552671"}, [LA], [("US", "CA")]),
        # a number moves with its owner inside the area code, which lies in two zones
        ({"phone_e164": "+18505552671"}, [CHICAGO, NY], [("US", "FL")]),
        ({"phone_e164": "+14155552671", "country": "US", "region": "florida"}, THREE, CA_FL),
        ({"phone_e164": "+14155552671", "region": "FL"}, THREE, CA_FL),
        ({"phone_e164": "+14155552671", "timezone": NY}, [LA, NY], [("US", "CA")]),
        ({"phone_e164": "+12125552671", "timezone": BERLIN}, [NY, BERLIN], [("DE", ""), ("US", "NY")]),
        ({"phone_e164": "+919812345678"}, ["Asia/Kolkata"], [("IN", "")]),
        ({"phone_e164": "+442079460958"}, ["Europe/London"], [("GB", "")]),
        ({"email": "ada@example.org", "country": "DE"}, ["Europe/Berlin", "Europe/Busingen"], [("DE", "")]),
        ({"phone_e164": "+8823456789"}, [], []),
        ({}, [], []),
    ],
)  # fmt: skip
def test_every_zone_that_number_address_or_a_stated_zone_allows(fields: Any, zones: Any, places: Any) -> None:
    where = whereabouts_of(Contact(**fields))
    assert (sorted(where.zones), sorted(where.places)) == (sorted(zones), places)


def test_a_number_of_no_state_is_bound_by_all_in_which_it_may_be() -> None:
    where = whereabouts_of(Contact(phone_e164="+18005552671"))
    assert {("US", "FL"), ("US", "RI"), ("US", "TX")} <= set(where.places)
    eastern = whereabouts_of(Contact(phone_e164="+8823456789", timezone=NY))
    assert ("US", "FL") in eastern.places
    assert ("US", "TX") not in eastern.places


@pytest.mark.parametrize("text", ["FL", "fl", "Florida", "FLORIDA ", "us-fl"])
def test_a_region_is_read_as_people_write_it(text: str) -> None:
    assert region_named("US", text) == "FL"
    assert region_named("DE", text) == ""


def test_every_zone_in_the_data_is_one_of_today() -> None:
    known = {zone for zones in zones_by_country().values() for zone in zones}
    assert {zone for table in regions().values() for region in table.values() for zone in region.zones} <= known
    assert current_name("Asia/Calcutta") == "Asia/Kolkata"
    assert len(regions()["US"]) == 51


def test_every_law_has_a_code_of_its_own_a_source_a_date_and_says_something() -> None:
    laws = all_laws()
    assert len({law.code for law in laws}) == len(laws) > 30
    assert checked_on() >= date(2026, 11, 27)
    for law in laws:
        assert law.source
        assert law.title
        assert law.is_timed or law.limit or law.needs_consent
        assert law.region == "" or law.region in regions()[law.country]


def next_call(at: str, **fields: Any) -> tuple[bool, datetime | None, list[str]]:
    verdict = decide(Contact(**fields), "voice", at=utc(at), actor=BY)
    return verdict.allowed, verdict.next_permitted_at, [rule.code for rule in verdict.denials]


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "fields", "code", "then"),
    [
        # 20:30 on a Tuesday in Miami: federal law would permit it, Florida's does not
        ("2026-03-04 01:30", {"phone_e164": "+13055552671"}, "us_fl_hours", "2026-03-04 13:00"),
        # 08:30 in Manhattan, where only federal law binds: but the address is in Texas, from 09:00 there
        ("2026-03-04 13:30", TEXAN, "us_tx_hours", "2026-03-04 16:00"),
        # noon on a Sunday in Baton Rouge; Mardi Gras in New Orleans
        ("2026-03-01 18:00", {"phone_e164": "+12255552671"}, "us_la_hours", "2026-03-02 14:00"),
        ("2026-02-17 18:00", {"phone_e164": "+15045552671"}, "us_la_hours", "2026-02-18 14:00"),
        # Sunday morning in Dallas, from noon on
        ("2026-03-01 16:00", {"phone_e164": "+12145552671"}, "us_tx_hours", "2026-03-01 18:00"),
        # Saturday at 18:30 in Toronto
        ("2026-03-07 23:30", {"phone_e164": "+14165552671"}, "ca_hours", "2026-03-08 14:00"),
        # Good Friday in London
        ("2026-04-03 12:00", {"phone_e164": "+442079460958"}, "gb_hours", "2026-04-04 08:00"),
        ("2026-03-03 04:00", {"phone_e164": "+919812345678"}, "in_hours", "2026-03-03 04:30"),
    ],
)  # fmt: skip
def test_the_strictest_law_of_the_place_decides(at: str, fields: Any, code: str, then: str, in_company: Any) -> None:
    allowed, after, codes = next_call(at, **fields)
    assert (allowed, after) == (False, utc(then))
    assert code in codes


def test_a_law_holds_from_its_day_on_and_not_before(in_company: Any) -> None:
    """Oregon closes at 20:00 since 2026-01-01; India opened at 09:00 until 2019-02-27."""
    assert next_call("2025-12-31 04:30", phone_e164="+15035552671")[0]
    assert next_call("2026-01-02 04:30", phone_e164="+15035552671")[2] == ["us_or_hours"]
    assert next_call("2019-02-27 03:45", phone_e164="+919812345678")[0]
    assert not next_call("2019-02-28 03:45", phone_e164="+919812345678")[0]


def test_france_asks_for_consent_since_august(in_company: Any) -> None:
    noon = "2026-09-01 10:00"
    unasked = next_call(noon, phone_e164="+33123456789")
    assert unasked == (False, None, ["fr_consent"])
    assert next_call(noon, phone_e164="+33123456788", opt_in_status="opted_in")[0]
    assert next_call("2026-06-02 10:00", phone_e164="+33123456787")[0]


@pytest.fixture
def tried() -> Any:
    """Moments at which contacts were tried, as the app that dials would tell."""
    moments: dict[Any, list[datetime]] = {}
    asked: list[Any] = []

    def count(contacts: Any, channels: Any, since: datetime) -> Any:
        asked.append((set(contacts), set(channels), since))
        return {pk: [at for at in moments.get(pk, ()) if at > since] for pk in contacts}

    register("test", count)
    yield moments, asked
    del _counters["test"]


def test_a_law_may_limit_how_often_a_person_is_tried(tried: Any, in_company: Any) -> None:
    moments, asked = tried
    florida, california = ContactFactory(phone_e164="+13055552671"), ContactFactory(phone_e164="+14155552671")
    at = utc("2026-03-04 18:00")
    for contact in (florida, california):
        moments[contact.pk] = [utc("2026-03-03 17:00"), utc("2026-03-03 18:30"), utc("2026-03-04 14:00")]
    assert decide(florida, "voice", at=at, actor=BY).allowed
    moments[florida.pk].append(utc("2026-03-04 16:00"))
    verdicts = decide_many([florida, california], "voice", at=at, actor=BY)
    assert [rule.code for rule in verdicts[florida.pk].denials] == ["us_fl_limit"]
    assert verdicts[florida.pk].next_permitted_at == utc("2026-03-04 18:30")
    assert verdicts[california.pk].allowed
    assert asked[-1][0] == {florida.pk}
    assert decide(florida, "voice", at=utc("2026-03-04 18:30"), actor=BY).allowed


def test_laws_of_elsewhere_say_nothing() -> None:
    assert laws_for((("DE", ""),), "voice") == ()
    assert [law.code for law in laws_for((("US", "CA"),), "voice")] == ["us_federal_hours"]
    assert laws_for((("US", "FL"),), "email") == ()
