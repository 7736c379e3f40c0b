"""Dates and times in the forms in which spreadsheets and other systems write them."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from crm.core.text import fold

# Countries that write the month before the day; the others begin with the day.
MONTH_FIRST = frozenset({"US", "PH", "FM", "MH", "PW"})
EXCEL_EPOCH = datetime(1899, 12, 30)
EARLIEST, LATEST = 1900, 2200
MONTH_NAMES = (
    "jan january januar janvier janv enero ene gennaio gen",
    "feb february februar fevrier fevr febrero febbraio",
    "mar march marz mars marzo mrz",
    "apr april avril avr abril abr aprile",
    "may mai mayo maggio mag mei",
    "jun june juni juin junio giugno giu",
    "jul july juli juillet juil julio luglio lug",
    "aug august aout agosto ago augustus",
    "sep sept september septembre septiembre settembre set",
    "oct october oktober okt octobre octubre ottobre ott",
    "nov november novembre noviembre",
    "dec december dezember dez decembre diciembre dic dicembre",
)
MONTHS = {name: number for number, names in enumerate(MONTH_NAMES, 1) for name in names.split()}
NAMED = re.compile(
    r"""(?:[a-z]{2,10}\.?,?\ )?                                                    # the day of the week
    (?:(?P<d1>\d{1,2})(?:st|nd|rd|th|\.)?[\ -](?:de\ )?(?P<m1>[a-z]+)\.?
      |(?P<m2>[a-z]+)\.?\ (?P<d2>\d{1,2})(?:st|nd|rd|th)?,?)
    [\ -](?:de\ )?(?P<year>\d{4})
    (?:,?\ (?:at\ |um\ |a\ )?(?P<hour>\d{1,2})[:.](?P<minute>\d{2})(?::(?P<second>\d{2}))?\s*(?P<half>am|pm)?)?""",
    re.VERBOSE,
)


def moment(text: str, zone: ZoneInfo, country: str) -> datetime:
    """ISO 8601, day.month.year, day or month first with slashes by country, or an Excel day number; naive is `zone`."""
    value = _iso(text) or _by_numbers(text, country) or _by_name_of_month(text) or _excel_day(text)
    if value is None:
        raise ValueError(f"Not a date and time: {text}")
    if not EARLIEST <= value.year <= LATEST:
        raise ValueError(f"The date is out of range: {text}")
    return value if value.tzinfo else value.replace(tzinfo=zone)


def _iso(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text.replace("Z", "+00:00") if text.endswith("Z") else text)
    except ValueError:
        return None


def _by_name_of_month(text: str) -> datetime | None:
    """`Jun 1, 2026 2:30 PM`, `1 June 2026`, `1. Juni 2026 14:30`, `01-Jun-2026`."""
    found = NAMED.fullmatch(fold(text))
    if not found or (month := MONTHS.get(found["m1"] or found["m2"])) is None:
        return None
    return _made(
        found["year"], month, found["d1"] or found["d2"], found["hour"], found["minute"], found["second"], found["half"]
    )


def _made(
    year: str | int,
    month: str | int,
    day: str,
    hour: str | None,
    minute: str | None,
    second: str | None,
    half: str | None,
) -> datetime | None:
    hours = int(hour or 0)
    if half:
        hours = hours % 12 + (12 if half.lower() == "pm" else 0)
    try:
        return datetime(int(year), int(month), int(day), hours, int(minute or 0), int(second or 0))
    except ValueError:
        return None


def _by_numbers(text: str, country: str) -> datetime | None:
    found = re.fullmatch(
        r"(\d{1,2})([./-])(\d{1,2})\2(\d{4}|\d{2})(?:[ T,]+(\d{1,2}):(\d{2})(?::(\d{2}))?\s*([AaPp][Mm])?)?", text
    )
    if not found:
        return None
    first, mark, second, year, hour, minute, seconds, half = found.groups()
    month_first = mark == "/" and country in MONTH_FIRST
    month, day = (first, second) if month_first else (second, first)
    if mark == "/" and int(month) > 12 >= int(day):  # only one reading is a date
        month, day = day, month
    full_year = int(year) + (2000 if len(year) == 2 else 0)
    return _made(full_year, month, day, hour, minute, seconds, half)


def _excel_day(text: str) -> datetime | None:
    if not re.fullmatch(r"\d{5}(\.\d+)?", text):
        return None
    return EXCEL_EPOCH + timedelta(days=float(text))
