"""The next permitted moment, held against a reference that steps minute by minute and knows nothing of the gate."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import holidays
import pytest

from crm.compliance.clocks import next_open
from crm.compliance.gate import decide_many
from crm.compliance.models import StricterHours
from crm.compliance.places import read_data
from crm.compliance.zones import whereabouts_of
from crm.core.actors import System
from crm.core.tenancy import current_company_id
from leads.models import Contact

MINUTE = timedelta(minutes=1)
LOOKED_AT = timedelta(days=5)
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
# Around every change of the clocks that year, where mistakes would hide, and anywhere.
CHANGES = [(2026, 3, 8), (2026, 11, 1), (2026, 3, 29), (2026, 10, 25), (2026, 4, 5), (2026, 10, 4), (2026, 7, 4)]
NUMBERS = (
    "+14155552671", "+12125552671", "+13055552671", "+18505552671", "+12145552671", "+14015552671", "+15045552671",
    "+16055552671", "+18015552671", "+16155552671", "+19075552671", "+18085552671", "+19285552671", "+14165552671",
    "+17095552671", "+442079460958", "+919812345678", "+33123456789", "+61412345678", "+61299999999", "+4930123456",
    "+9779841234567", "+5511912345678",
)  # fmt: skip
ADDRESSES = [("", "")] * 20 + [("US", "FL"), ("US", "Texas"), ("CA", "BC"), ("AU", "NSW"), ("US", ""), ("GB", "")]
STATED = [""] * 20 + ["America/Denver", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Calcutta"]


class Reference:
    """Reads the data files by itself, and looks at clocks alone."""

    def __init__(self, start: str, end: str, closed: set[str], stricter: list[Any]) -> None:
        self.company, self.closed, self.stricter = (start, end), closed, stricter
        files = [(row, "US") for row in read_data("us.toml")["law"]]
        self.laws = files + [(row, row["country"]) for row in read_data("elsewhere.toml")["law"]]

    def first(self, zones: Any, places: Any, at: datetime) -> datetime | None:
        """None where it takes longer than it looks."""
        if self.permits(zones, places, at):
            return at
        moment = at.replace(second=0, microsecond=0) + MINUTE
        while not self.permits(zones, places, moment):
            moment += MINUTE
            if moment > at + LOOKED_AT:
                return None
        return moment

    def permits(self, zones: Any, places: Any, at: datetime) -> bool:
        for zone in zones:
            there = at.astimezone(zone_of(zone))
            clock = f"{there.hour:02}:{there.minute:02}"
            for spans in self.spans_on(places, there.date()):
                if not any(span[:5] <= clock < span[6:] for span in spans):
                    return False
        return True

    @lru_cache(maxsize=100_000)  # noqa: B019 - one reference lives as long as its test
    def spans_on(self, places: Any, day: date) -> list[list[str]]:
        """What each rule that says anything permits on that day."""
        rules = [[] if day.isoformat() in self.closed else [f"{self.company[0]}-{self.company[1]}"]]
        rules += [
            [f"{a}-{b}" for a, b in row.hours.get(DAYS[day.weekday()], [])]
            for row in self.stricter
            if any(c == row.country and row.region in ("", r) for c, r in places)
        ]
        for row, country in self.laws:
            if any(country == c and row.get("region", "") in ("", r) for c, r in places):
                rules.append(spans_of_law(row, day))
        return rules


zone_of = lru_cache(maxsize=500)(ZoneInfo)


def spans_of_law(row: Any, day: date) -> list[str]:
    if day < row["in_force_from"] or day > row.get("in_force_until", day):
        return ["00:00-24:00"]
    if any(is_public_holiday(calendar, day) for calendar in row.get("closed_on", ())):
        return []
    if "hours" not in row:
        return ["00:00-24:00"]
    spans: list[str] = row["hours"].get(DAYS[day.weekday()], row["hours"]["week"]).split()
    return spans


@lru_cache(maxsize=10_000)
def is_public_holiday(calendar: str, day: date) -> bool:
    country, _, part = calendar.partition("-")
    return day in calendar_of(country, part)


@lru_cache(maxsize=100)
def calendar_of(country: str, part: str) -> Any:
    return holidays.country_holidays(country, subdiv=part or None)


def random_moment(dice: random.Random) -> datetime:
    if dice.random() < 0.5:
        near = datetime(*dice.choice(CHANGES), tzinfo=UTC)
        return near + timedelta(seconds=dice.randrange(-86_400, 2 * 86_400))
    return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=dice.randrange(365 * 86_400))


@pytest.mark.parametrize("seed", range(4))
def test_it_is_the_minute_that_a_slow_reference_finds(seed: int, in_company: Any) -> None:
    """1,200 random people and moments, with the company's own hours, holidays and stricter hours at odd times."""
    dice = random.Random(seed)
    in_company.calling_hours = dice.choice([{"start": "08:00", "end": "21:00"}, {"start": "09:30", "end": "20:15"}])
    in_company.holidays = ["2026-03-09", "2026-07-03", "2026-12-24"]
    in_company.save()
    stricter = [
        StricterHours(country="US", region="TN", channels=["voice"], hours={day: [["10:00", "12:00"]] for day in DAYS}),
        StricterHours(country="NP", channels=["voice"], hours={"sun": [["08:00", "08:01"], ["19:59", "21:00"]]}),
        StricterHours(country="AU", channels=["sms"], hours={"mon": [["10:00", "11:00"]]}),
    ]
    for row in stricter:
        row.save()
    reference = Reference(*in_company.calling_hours.values(), set(in_company.holidays), stricter[:2])
    for _ in range(30):
        at = random_moment(dice)
        contacts = [random_person(dice) for _ in range(10)]
        for pk, verdict in decide_many(contacts, "voice", at=at, actor=System("test")).items():
            person = next(contact for contact in contacts if contact.pk == pk)
            where = whereabouts_of(person)
            said = verdict.next_permitted_at
            expected = reference.first(where.zones, where.places, at)
            if expected is None and (said is None or said > at + LOOKED_AT):
                continue
            assert said == expected, (person.phone_e164, where, at, said, expected)
            french = any(country == "FR" for country, _ in where.places)
            assert verdict.allowed == (expected == at) or french


def random_person(dice: random.Random) -> Contact:
    """Opted in, so that hours alone decide."""
    (country, region), stated = dice.choice(ADDRESSES), dice.choice(STATED)
    return Contact(
        phone_e164=dice.choice(NUMBERS),
        country=country,
        region=region,
        timezone=stated,
        opt_in_status="opted_in",
        company_id=current_company_id(),
    )


def windows(*pairs: tuple[int, int]) -> Any:
    return lambda day: pairs


@pytest.mark.parametrize(
    ("zone", "window", "at", "first"),
    [
        # the hour from 02:00 to 03:00 is left out on 8 March: what would open in it opens at the jump
        ("America/New_York", (150, 240), "2026-03-08 06:00", "2026-03-08 07:00"),
        # the hour from 01:00 to 02:00 comes twice on 1 November: a window in it opens twice
        ("America/New_York", (60, 90), "2026-11-01 05:45", "2026-11-01 06:00"),
        # half an hour, where the clocks of Lord Howe move by half an hour
        ("Australia/Lord_Howe", (135, 240), "2026-10-03 15:20", "2026-10-03 15:30"),
        ("Asia/Kathmandu", (480, 1260), "2026-05-01 00:00", "2026-05-01 02:15"),
    ],
)
def test_a_change_of_the_clocks_opens_and_closes_to_the_minute(zone: str, window: Any, at: str, first: str) -> None:
    moment, expected = (datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (at, first))
    assert next_open(windows(window), [zone], moment) == expected


def test_what_never_opens_has_no_next_moment() -> None:
    at = datetime(2026, 5, 1, tzinfo=UTC)
    assert next_open(windows(), ["Europe/Berlin"], at) is None
    apart = windows((480, 490))  # never at once in Berlin and New York
    assert next_open(apart, ["Europe/Berlin", "America/New_York"], at) is None
