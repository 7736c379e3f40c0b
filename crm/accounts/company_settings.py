"""The company's settings, each with its form; what is against it raises `InvalidField` naming the setting."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

from crm.accounts.models import Company, DuplicatePolicy, SlaClock
from crm.accounts.regions import CURRENCIES, countries, is_timezone
from crm.core.errors import InvalidField
from crm.core.working_hours import WEEKDAYS, validate_holidays, validate_hours

CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d", re.ASCII)
FIRST_CALL, LAST_CALL = "08:00", "21:00"  # `domain.md`: calls are permitted in between; a company may be stricter
PRIORITIES = ("low", "normal", "high", "urgent")
YEAR_MINUTES = 366 * 24 * 60
MOST_HOLIDAYS = 400
LONGEST_NOTICE = 300
LIMITS = {
    "sla_duration_minutes": (1, YEAR_MINUTES),
    "accept_minutes": (1, YEAR_MINUTES),
    "attribution_days": (1, 3650),
    "qualify_threshold": (0, 100),
    "promote_threshold": (0, 100),
    "disqualify_threshold": (0, 100),
    "retention_days": (1, 36_500),
}
NULLABLE = {"accept_minutes", "retention_days"}


def clean_settings(changes: Mapping[str, Any], company: Company) -> dict[str, Any]:
    """The known settings among the changes, in the form that the model holds; unknown names are left out."""
    cleaned = {name: CLEANERS[name](name, value) for name, value in changes.items() if name in CLEANERS}
    _check_order(cleaned, company)
    _check_notice(cleaned, company)
    return cleaned


THRESHOLDS = ("disqualify_threshold", "qualify_threshold", "promote_threshold")


def _check_order(cleaned: Mapping[str, Any], company: Company) -> None:
    """Below `disqualify` a lead is out, from `qualify` it is in, from `promote` it moves on: never otherwise."""
    kept = {name: getattr(company, name) for name in THRESHOLDS}
    wanted = {name: cleaned.get(name, kept[name]) for name in THRESHOLDS}
    for lower, higher in pairwise(THRESHOLDS):
        if wanted[lower] > wanted[higher]:
            field = lower if wanted[lower] != kept[lower] else higher
            raise InvalidField(field, "The thresholds must rise: disqualify, then qualify, then promote.")


def _check_notice(cleaned: Mapping[str, Any], company: Company) -> None:
    """Nobody is recorded without being told."""
    records = cleaned.get("record_calls", company.record_calls)
    if records and not cleaned.get("recording_notice", company.recording_notice):
        raise InvalidField("recording_notice", "Write what is said first: nobody is recorded without being told.")


def _name(field: str, value: Any) -> str:
    if not isinstance(value, str) or not 1 <= len(text := " ".join(value.split())) <= 200:
        raise InvalidField(field, "Give a name of 1 to 200 characters.")
    return text


def _timezone(field: str, value: Any) -> str:
    if not is_timezone(value):
        raise InvalidField(field, "Not a time zone by its IANA name, such as Europe/Berlin.")
    return str(value)


def _country(field: str, value: Any) -> str:
    code = value.upper() if isinstance(value, str) else ""
    if code not in countries():
        raise InvalidField(field, "Not a country by its two-letter ISO code, such as US.")
    return code


def _currency(field: str, value: Any) -> str:
    code = value.upper() if isinstance(value, str) else ""
    if code not in CURRENCIES:
        raise InvalidField(field, "Not a currency by its three-letter ISO code, such as EUR.")
    return code


def _number(field: str, value: Any) -> int | None:
    if value is None and field in NULLABLE:
        return None
    low, high = LIMITS[field]
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise InvalidField(field, f"Give a whole number from {low} to {high:,}.")
    return value


def _flag(field: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise InvalidField(field, "Must be true or false.")
    return value


def _sentence(field: str, value: Any) -> str:
    if not isinstance(value, str) or len(text := " ".join(value.split())) > LONGEST_NOTICE:
        raise InvalidField(field, f"Give a sentence of at most {LONGEST_NOTICE} characters.")
    return text


def _sla_clock(field: str, value: Any) -> str:
    return _choice(field, value, SlaClock.values)


def _duplicate_policy(field: str, value: Any) -> str:
    return _choice(field, value, DuplicatePolicy.values)


def _choice(field: str, value: Any, choices: list[str]) -> str:
    if not isinstance(value, str) or value.lower() not in choices:
        raise InvalidField(field, f"Must be one of {', '.join(choices)}.")
    return value.lower()


def _sla_by_priority(field: str, value: Any) -> dict[str, int]:
    if not isinstance(value, Mapping) or set(value) - set(PRIORITIES):
        raise InvalidField(field, 'Give minutes by priority, such as {"urgent": 15}.')
    for minutes in value.values():
        if not isinstance(minutes, int) or isinstance(minutes, bool) or not 1 <= minutes <= YEAR_MINUTES:
            raise InvalidField(field, f"Give each priority a whole number of minutes from 1 to {YEAR_MINUTES:,}.")
    return {priority: value[priority] for priority in PRIORITIES if priority in value}


def _calling_hours(field: str, value: Any) -> dict[str, str]:
    if not isinstance(value, Mapping) or set(value) != {"start", "end"}:
        raise InvalidField(field, 'Give {"start": "09:00", "end": "20:00"}.')
    start, end = _clock(field, value["start"]), _clock(field, value["end"])
    if not FIRST_CALL <= start < end <= LAST_CALL:
        raise InvalidField(field, f"Calling hours must lie between {FIRST_CALL} and {LAST_CALL}, the start first.")
    return {"start": start, "end": end}


def _business_hours(field: str, value: Any) -> dict[str, list[list[str]]]:
    """A day left out, or without spans, is closed."""
    if problem := validate_hours(value):
        raise InvalidField(field, problem)
    return {day: sorted(value[day]) for day in WEEKDAYS if value.get(day)}


def _clock(field: str, value: Any) -> str:
    if isinstance(value, str) and CLOCK.fullmatch(value):
        return value
    raise InvalidField(field, "Give times as HH:MM, such as 09:00.")


def _holidays(field: str, value: Any) -> list[str]:
    if problem := validate_holidays(value):
        raise InvalidField(field, problem)
    if len(value) > MOST_HOLIDAYS:
        raise InvalidField(field, f"Give at most {MOST_HOLIDAYS} dates.")
    return sorted(set(value))


CLEANERS: Mapping[str, Callable[[str, Any], Any]] = {
    "name": _name,
    "timezone": _timezone,
    "default_country": _country,
    "currency": _currency,
    "business_hours": _business_hours,
    "holidays": _holidays,
    "calling_hours": _calling_hours,
    "sla_duration_minutes": _number,
    "sla_by_priority": _sla_by_priority,
    "sla_clock": _sla_clock,
    "agents_may_claim": _flag,
    "accept_minutes": _number,
    "attribution_days": _number,
    "record_calls": _flag,
    "recording_notice": _sentence,
    "retention_days": _number,
    "duplicate_policy": _duplicate_policy,
    "qualify_threshold": _number,
    "promote_threshold": _number,
    "disqualify_threshold": _number,
}
