"""Clocks that run only in working hours, against a slow reference that looks at every minute."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from crm.core.working_hours import WEEKDAYS, WorkingHours, validate_holidays, validate_hours

OFFICE = {day: [["09:00", "17:00"]] for day in WEEKDAYS[:5]}
BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")


def moment(text: str, zone: ZoneInfo = BERLIN) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def office(zone: str = "Europe/Berlin", holidays: tuple[str, ...] = ()) -> WorkingHours:
    return WorkingHours.read(OFFICE, zone, holidays)


# --- by example ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-03-02T08:59:59", False),  # Monday
        ("2026-03-02T09:00", True),
        ("2026-03-02T16:59:59", True),
        ("2026-03-02T17:00", False),
        ("2026-03-01T12:00", False),  # Sunday
        ("2026-03-03T12:00", False),  # holiday
    ],
)
def test_open_from_the_start_until_the_end(at, expected):
    assert office(holidays=("2026-03-03",)).is_open(moment(at)) is expected


def test_the_next_opening_is_now_or_the_next_start():
    hours = office(holidays=("2026-03-02",))
    assert hours.next_opening(moment("2026-03-03T10:30")) == moment("2026-03-03T10:30")
    assert hours.next_opening(moment("2026-02-27T17:00")) == moment("2026-03-03T09:00")  # weekend and holiday


@pytest.mark.parametrize(
    ("start", "minutes", "due"),
    [
        ("2026-03-02T09:30", 120, "2026-03-02T11:30"),
        ("2026-03-02T16:00", 120, "2026-03-03T10:00"),  # overnight
        ("2026-03-06T16:00", 120, "2026-03-09T10:00"),  # over the weekend
        ("2026-03-01T12:00", 60, "2026-03-02T10:00"),  # from a closed moment
        ("2026-03-02T15:00", 120, "2026-03-02T17:00"),  # exactly to the end
        ("2026-03-02T09:00", 5 * 8 * 60, "2026-03-06T17:00"),  # a whole week
        ("2026-03-02T12:00", 0, "2026-03-02T12:00"),
    ],
)
def test_minutes_pass_only_while_open(start, minutes, due):
    assert office().add_working_minutes(moment(start), minutes) == moment(due)


def test_the_answer_is_in_utc():
    assert office().add_working_minutes(moment("2026-03-02T09:30"), 30).tzinfo is UTC


def test_a_window_over_midnight_belongs_to_the_day_it_begins_on():
    night = WorkingHours.read({"fri": [["22:00", "06:00"]]}, "Europe/Berlin")
    assert night.is_open(moment("2026-03-06T23:00")) and night.is_open(moment("2026-03-07T05:59"))
    assert not night.is_open(moment("2026-03-07T06:00")) and not night.is_open(moment("2026-03-06T05:00"))
    assert night.add_working_minutes(moment("2026-03-06T12:00"), 8 * 60 + 1) == moment("2026-03-13T22:01")


def test_a_night_before_a_holiday_ends_at_midnight_and_one_that_begins_on_it_is_left_out():
    nights = WorkingHours.read({day: [["22:00", "06:00"]] for day in WEEKDAYS}, "Europe/Berlin", ["2026-03-04"])
    assert nights.is_open(moment("2026-03-03T23:59")) and not nights.is_open(moment("2026-03-04T00:00"))
    assert not nights.is_open(moment("2026-03-04T23:00")) and not nights.is_open(moment("2026-03-05T03:00"))


def test_round_the_clock_is_calendar_time():
    always = WorkingHours.read({day: [["00:00", "24:00"]] for day in WEEKDAYS}, "America/New_York")
    start = moment("2026-03-07T12:00", NEW_YORK)  # the clocks go forward that night
    assert always.add_working_minutes(start, 3 * 1440) == start.astimezone(UTC) + timedelta(days=3)


def test_hours_on_the_days_of_changing_clocks_are_as_long_as_they_are():
    night = WorkingHours.read({"sun": [["00:00", "06:00"]]}, "America/New_York")
    spring, autumn = moment("2026-03-08T00:00", NEW_YORK), moment("2026-11-01T00:00", NEW_YORK)
    assert night.add_working_minutes(spring, 5 * 60) == moment("2026-03-08T06:00", NEW_YORK)
    assert night.add_working_minutes(autumn, 7 * 60) == moment("2026-11-01T06:00", NEW_YORK)


def test_a_start_that_the_clocks_jump_over_is_the_moment_of_the_jump():
    early = WorkingHours.read({"sun": [["02:30", "05:00"]]}, "America/New_York")
    assert early.next_opening(moment("2026-03-08T00:00", NEW_YORK)) == datetime(2026, 3, 8, 7, tzinfo=UTC)


def test_a_window_that_the_clocks_jump_over_wholly_does_not_open():
    lost = WorkingHours.read({"sun": [["02:10", "02:50"]]}, "America/New_York")
    assert lost.next_opening(moment("2026-03-08T00:00", NEW_YORK)) == moment("2026-03-15T02:10", NEW_YORK)


@pytest.mark.parametrize("hours", [{}, {"mon": []}])
def test_who_never_opens_has_no_next_opening(hours):
    never = WorkingHours.read(hours, "UTC")
    at = datetime(2026, 3, 2, tzinfo=UTC)
    assert (never.is_open(at), never.next_opening(at), never.add_working_minutes(at, 1)) == (False, None, None)


def test_more_minutes_than_anybody_lives_are_never_over():
    assert office().add_working_minutes(moment("2026-03-02T09:00"), 10**9) is None


def test_the_end_of_the_calendar_is_an_end():
    assert office().next_opening(datetime(9999, 12, 31, 23, 59, tzinfo=UTC)) is None


# --- against the reference -------------------------------------------------------------------------------------------

DAYS = 9


class Reference:
    """Minute by minute through real time: a window opens at the first minute whose clock shows its start or more,
    and closes at the first whose clock shows its end or more."""

    def __init__(self, hours: WorkingHours, first: datetime) -> None:
        zone, begin = hours.zone, first - timedelta(days=3)
        self.minutes = [begin + timedelta(minutes=n) for n in range((DAYS + 5) * 1440)]
        walls = [m.astimezone(zone).replace(tzinfo=None) for m in self.minutes]
        self.open = [False] * len(self.minutes)
        for day in sorted({wall.date() for wall in walls})[1:-1]:
            if day in hours.holidays:
                continue
            for start, end in hours.windows[day.weekday()]:
                if day + timedelta(days=1) in hours.holidays:
                    end = min(end, 1440)
                midnight = datetime.combine(day, datetime.min.time())
                opens = self.first(walls, midnight + timedelta(minutes=start))
                closes = self.first(walls, midnight + timedelta(minutes=end))
                for n in range(opens, closes):
                    self.open[n] = True

    @staticmethod
    def first(walls: list[datetime], target: datetime) -> int:
        return next((n for n, wall in enumerate(walls) if wall >= target), len(walls))

    def index(self, at: datetime) -> int:
        return int((at - self.minutes[0]).total_seconds() // 60)

    def add(self, at: datetime, minutes: int) -> datetime | None:
        n = self.index(at)
        while minutes and n < len(self.open):
            minutes -= self.open[n]
            n += 1
        return None if minutes else self.minutes[n] if n < len(self.minutes) else None

    def next_opening(self, at: datetime) -> datetime | None:
        return next((self.minutes[n] for n in range(self.index(at), len(self.open)) if self.open[n]), None)


times = st.integers(0, 95).map(lambda n: f"{n // 4:02d}:{n % 4 * 15:02d}")
windows = st.lists(st.tuples(times, times).filter(lambda w: w[0] != w[1]).map(list), max_size=3)
weeks = st.dictionaries(st.sampled_from(WEEKDAYS), windows, max_size=7)
zones = st.sampled_from(
    [
        "America/New_York",
        "Europe/Berlin",
        "Australia/Lord_Howe",
        "Asia/Kolkata",
        "America/St_Johns",
        "UTC",
        "Africa/Cairo",
    ]
)
# days round the changes of clocks in these zones, and others
around = st.sampled_from(
    [date(2026, 3, 6), date(2026, 3, 27), date(2026, 10, 2), date(2026, 10, 23), date(2026, 10, 30), date(2026, 4, 3),
     date(2026, 4, 22), date(2026, 6, 10)]
)  # fmt: skip
starts = st.builds(
    lambda day, minute: datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(minutes=minute),
    around,
    st.integers(0, 3 * 1440),
)
SLOW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@SLOW
@given(weeks, zones, starts, st.integers(0, 3000), st.sets(st.integers(-1, 8), max_size=2))
def test_every_answer_is_the_references(week, zone, start, minutes, holiday_offsets):
    holidays = [(start.date() + timedelta(days=n)).isoformat() for n in holiday_offsets]
    assume(validate_hours(week) is None)
    hours = WorkingHours.read(week, zone, holidays)
    reference = Reference(hours, start)
    horizon = start + timedelta(days=DAYS)

    opening = hours.next_opening(start)
    expected = reference.next_opening(start)
    if expected is not None and expected < horizon:
        assert opening == expected
    else:
        assert opening is None or opening >= horizon
    assert hours.is_open(start) is reference.open[reference.index(start)]

    due = hours.add_working_minutes(start, minutes)
    expected = reference.add(start, minutes)
    if expected is not None and expected < horizon:
        assert due == expected
    else:
        assert due is None or due >= horizon


@settings(max_examples=200, deadline=None)
@given(weeks, zones, starts, st.integers(1, 2000), st.integers(1, 2000))
def test_waiting_twice_is_waiting_for_the_sum(week, zone, start, first, second):
    assume(validate_hours(week) is None)
    hours = WorkingHours.read(week, zone)
    once = hours.add_working_minutes(start, first + second)
    between = hours.add_working_minutes(start, first)
    assert once == (None if between is None else hours.add_working_minutes(between, second))


# --- the forms -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"mon": []},
        {"mon": [["09:00", "12:00"], ["12:00", "17:00"]]},
        {"sun": [["00:00", "24:00"]]},
        {"fri": [["22:00", "06:00"]]},
    ],
)
def test_well_formed_hours_pass(value):
    assert validate_hours(value) is None


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (None, 'Business hours are an object such as {"mon": [["09:00", "17:00"]]}.'),
        ([], 'Business hours are an object such as {"mon": [["09:00", "17:00"]]}.'),
        ({"monday": []}, "'monday' is not a weekday; use mon, tue, wed, thu, fri, sat, sun."),
        ({"mon": "9-5"}, 'Hours of mon are a list of at most 24 windows such as [["09:00", "17:00"]].'),
        ({"mon": ["09:00"]}, 'A window of mon is a start and an end from 00:00 to 24:00, such as ["09:00", "17:00"].'),
        (
            {"mon": [["9:00", "17:00"]]},
            'A window of mon is a start and an end from 00:00 to 24:00, such as ["09:00", "17:00"].',
        ),
        (
            {"mon": [["09:00", "25:00"]]},
            'A window of mon is a start and an end from 00:00 to 24:00, such as ["09:00", "17:00"].',
        ),
        ({"mon": [[9, 17]]}, 'A window of mon is a start and an end from 00:00 to 24:00, such as ["09:00", "17:00"].'),
        (
            {"mon": [["09:00", "09:00"]]},
            "A window of mon is empty: it starts and ends at 09:00; a whole day is 00:00 to 24:00.",
        ),
        ({"mon": [["09:00", "12:00"], ["11:00", "13:00"]]}, "The windows of mon overlap."),
    ],
)
def test_malformed_hours_are_named_in_one_sentence(value, sentence):
    assert validate_hours(value) == sentence


@pytest.mark.parametrize(
    ("value", "fine"), [([], True), (["2026-12-25"], True), ("x", False), (["25.12.2026"], False), ([1], False)]
)
def test_holidays_are_iso_dates(value, fine):
    assert (validate_holidays(value) is None) is fine
