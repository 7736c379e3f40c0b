"""The gate's rules on the hour: which zones, whose hours, and the next moment that all of them permit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from crm.compliance.channels import IN_WORDS, Channel
from crm.compliance.clocks import WHOLE_DAY, Window, common, is_open, minutes_of, next_open, spans_of, zone_named
from crm.compliance.facts import Facts
from crm.compliance.laws import DAYS, Law
from crm.compliance.laws.holidays import holiday_names
from crm.compliance.models import StricterHours
from crm.compliance.places import region_name
from crm.compliance.rules import COMPANY, PRODUCT, denies, not_applicable, passes
from crm.compliance.verdict import RuleOutcome
from crm.compliance.zones import Whereabouts

UNKNOWN = "Nobody knows in which time zone the contact is: state one, or give a phone number that has one"
SHOWN_ZONES = 4


@dataclass(frozen=True)
class Timed:
    """One rule with hours: its windows on a day, and what it says of a day on which it permits nothing."""

    code: str
    title: str
    source: str
    windows_on: Callable[[date], Sequence[Window]]
    in_force: Callable[[date], bool] = lambda day: True
    closed: Callable[[date], str] = lambda day: ""


def zone_rule(where: Whereabouts) -> RuleOutcome:
    if not where.zones:
        return denies("zone", UNKNOWN, PRODUCT)
    more = f" and {len(where.zones) - SHOWN_ZONES} more zones" if len(where.zones) > SHOWN_ZONES else ""
    return passes("zone", f"The contact may be in {', '.join(where.zones[:SHOWN_ZONES])}{more}", PRODUCT)


def hour_rules(where: Whereabouts, facts: Facts) -> tuple[RuleOutcome, ...]:
    """Each rule with hours, judged at that moment; worked out once for all who may be in the same places."""
    key = ("rules", where)
    if key not in facts.known:
        facts.known[key] = tuple(_judge(rule, where.zones, facts) for rule in _timed(where, facts))
    return facts.known[key]  # type: ignore[no-any-return]


def next_permitted(where: Whereabouts, facts: Facts, start: datetime) -> datetime | None:
    """The first moment from `start` on that every rule permits on the clocks of every zone."""
    key = ("next", where, start)
    if key not in facts.known:
        facts.known[key] = next_open(_timetable(where, facts), where.zones, start)
    return facts.known[key]  # type: ignore[no-any-return]


def _timetable(where: Whereabouts, facts: Facts) -> Callable[[date], Sequence[Window]]:
    days: dict[date, Sequence[Window]] = {}
    rules = list(_timed(where, facts))

    def windows_on(day: date) -> Sequence[Window]:
        if day not in days:
            days[day] = WHOLE_DAY
            for rule in rules:
                days[day] = common(days[day], rule.windows_on(day))
        return days[day]

    return windows_on


def _timed(where: Whereabouts, facts: Facts) -> Iterator[Timed]:
    for law in facts.laws_of(where):
        if law.is_timed:
            yield _of_law(law)
    hours, what = facts.company.calling_hours, IN_WORDS[Channel(facts.channel)]
    window = ((minutes_of(hours["start"]), minutes_of(hours["end"])),)
    yield Timed("company_hours", f"The company’s hours for {what}", COMPANY, lambda day: window)
    if facts.holidays:
        yield Timed(
            "company_holidays",
            "The company’s holidays",
            COMPANY,
            lambda day: () if day in facts.holidays else WHOLE_DAY,
            closed=lambda day: "a holiday of the company",
        )
    for row in facts.stricter:
        if facts.channel in row.channels and binds(row, where):
            yield _of_row(row)


def binds(row: StricterHours, where: Whereabouts) -> bool:
    return any(row.country == country and row.region in ("", region) for country, region in where.places)


def _of_law(law: Law) -> Timed:
    def closed(day: date) -> str:
        return ", ".join(holiday_names(law.closed_on, day))

    return Timed(law.code, law.title, law.source, law.windows_on, law.in_force, closed)


def _of_row(row: StricterHours) -> Timed:
    place = region_name((row.country, row.region))
    windows = weekly_windows(row.hours)
    return Timed("stricter_hours", f"The company’s hours for {place}", COMPANY, lambda day: windows[day.weekday()])


def weekly_windows(hours: Mapping[str, Sequence[Sequence[str]]]) -> tuple[tuple[Window, ...], ...]:
    """By weekday, from `{"mon": [["09:00", "17:00"]]}`."""
    return tuple(tuple(sorted((minutes_of(a), minutes_of(b)) for a, b in hours.get(day, ()))) for day in DAYS)


def _judge(rule: Timed, zones: Sequence[str], facts: Facts) -> RuleOutcome:
    local = [facts.at.astimezone(zone_named(zone)) for zone in zones]
    if not any(rule.in_force(there.date()) for there in local):
        return not_applicable(rule.code, f"{rule.title}: not in force on that day", rule.source)
    shut = next((zone for zone in zones if not is_open(rule.windows_on, [zone], facts.at)), None)
    if shut is None:
        return passes(rule.code, f"{rule.title}: {_permitted(rule, local[0].date())}", rule.source)
    there = facts.at.astimezone(zone_named(shut))
    clock = f"it is {there:%H:%M on %A, %d %B} in {shut}"
    return denies(rule.code, f"{rule.title}: {_permitted(rule, there.date())}, and {clock}", rule.source)


def _permitted(rule: Timed, day: date) -> str:
    windows = rule.windows_on(day)
    if not windows and (why := rule.closed(day)):
        return f"none on {why}"
    if tuple(windows) == WHOLE_DAY:
        return "no holiday"
    return spans_of(windows) if windows else f"none on a {day:%A}"
