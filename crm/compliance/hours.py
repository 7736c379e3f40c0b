"""The gate's rules on the hour: which zones, whose hours, and the next moment that all of them permit."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from functools import partial

from crm.accounts.models import Company
from crm.compliance.channels import Channel
from crm.compliance.clocks import Window, is_open, next_open, zone_named
from crm.compliance.facts import Facts
from crm.compliance.rules import COMPANY, PRODUCT, denies, passes
from crm.compliance.verdict import RuleOutcome

UNKNOWN = "Nobody knows in which time zone the contact is: state one, or give a phone number that has one"


def zone_rule(zones: Sequence[str]) -> RuleOutcome:
    if not zones:
        return denies("zone", UNKNOWN, PRODUCT)
    return passes("zone", f"The contact may be in {', '.join(zones[:6])}{' …' if len(zones) > 6 else ''}", PRODUCT)


def company_windows(company: Company, holidays: frozenset[date], day: date) -> Sequence[Window]:
    start, end = (_minutes(company.calling_hours[name]) for name in ("start", "end"))
    return () if day in holidays else ((start, end),)


def hour_rules(zones: Sequence[str], channel: str, facts: Facts, at: datetime) -> list[RuleOutcome]:
    """Those of the place and the company, at that moment; `zones` are known."""
    timetable = partial(company_windows, facts.company, facts.holidays)
    hours, what = facts.company.calling_hours, Channel(channel).label
    late = next((zone for zone in zones if not is_open(timetable, [zone], at)), None)
    span = f"{hours['start']}–{hours['end']}"
    if late is None:
        return [passes("company_hours", f"The company permits {what.lower()} {span}, the contact's time", COMPANY)]
    local = at.astimezone(zone_named(late))
    text = f"It is {local:%H:%M on %A, %Y-%m-%d} in {late}; the company permits {what.lower()} {span}"
    return [denies("company_hours", text, COMPANY)]


def next_permitted(zones: Sequence[str], channel: str, facts: Facts, at: datetime) -> datetime | None:
    return next_open(partial(company_windows, facts.company, facts.holidays), zones, at)


def _minutes(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)
