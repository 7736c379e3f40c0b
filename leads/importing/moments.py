"""Dates and times in the forms in which spreadsheets and other systems write them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
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
TIME = r"(?P<hour>\d{1,2})[:.h](?P<minute>\d{2})(?:[:.](?P<second>\d{2}))?(?:\ ?(?P<half>[ap])\.?m\.?)?(?:\ uhr)?"
NAMED = re.compile(
    rf"""(?:[a-z]{{2,10}}\.?,?\ )?                                                    # the day of the week
    (?:(?P<d1>\d{{1,2}})(?:st|nd|rd|th|er|\.)?[\ -](?:de\ )?(?P<m1>[a-z]+)\.?
      |(?P<m2>[a-z]+)\.?\ (?P<d2>\d{{1,2}})(?:st|nd|rd|th)?,?)
    [\ -](?:de\ )?(?P<year>\d{{4}}|\d{{2}})
    (?:,?\ (?:at\ |um\ |a\ )?{TIME})?""",
    re.VERBOSE,
)
NUMBERED = re.compile(rf"(\d{{1,2}})([./-])(\d{{1,2}})\2(\d{{4}}|\d{{2}})(?:[ t,]+{TIME})?")
YEAR_FIRST = re.compile(rf"(\d{{4}})([./-])(\d{{1,2}})\2(\d{{1,2}})(?:[ t,]+{TIME})?")
IN_UTC = re.compile(r"\s(?:\(?utc\)?|gmt)$", re.IGNORECASE)


def moment(text: str, zone: ZoneInfo, country: str) -> datetime:
    """ISO 8601, day.month.year, day or month first with slashes by country, or an Excel day number; naive is `zone`."""
    bare = IN_UTC.sub("", text)
    value = _iso(bare) or _by_numbers(fold(bare), country) or _by_name_of_month(fold(bare)) or _excel_day(bare)
    if value is None:
        raise ValueError(f"Not a date and time: {text}")
    if not EARLIEST <= value.year <= LATEST:
        raise ValueError(f"The date is out of range: {text}")
    return value if value.tzinfo else value.replace(tzinfo=zone if bare == text else UTC)


def _iso(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text.replace("Z", "+00:00") if text.endswith("Z") else text)
    except ValueError:
        return None


def _by_name_of_month(text: str) -> datetime | None:
    """`jun 1, 2026 2:30 pm`, `1 june 2026`, `1. juni 2026 14:30`, `01-jun-26`."""
    found = NAMED.fullmatch(text)
    if not found or (month := MONTHS.get(found["m1"] or found["m2"])) is None:
        return None
    return _made(found["year"], month, found["d1"] or found["d2"], found)


def _made(year: str, month: str | int, day: str, time: re.Match[str]) -> datetime | None:
    hour, minute, second = (int(time[name] or 0) for name in ("hour", "minute", "second"))
    if time["half"]:
        hour = hour % 12 + (12 if time["half"] == "p" else 0)
    try:
        return datetime(int(year) + (2000 if len(year) == 2 else 0), int(month), int(day), hour, minute, second)
    except ValueError:
        return None


def _by_numbers(text: str, country: str) -> datetime | None:
    if found := YEAR_FIRST.fullmatch(text):
        return _made(found[1], found[3], found[4], found)
    found = NUMBERED.fullmatch(text)
    if not found:
        return None
    first, mark, second, year = found.groups()[:4]
    month_first = mark == "/" and country in MONTH_FIRST
    month, day = (first, second) if month_first else (second, first)
    if int(month) > 12 >= int(day):  # only one reading is a date
        month, day = day, month
    return _made(year, month, day, found)


def _excel_day(text: str) -> datetime | None:
    if not re.fullmatch(r"\d{5}([.,]\d+)?", text):
        return None
    return EXCEL_EPOCH + timedelta(days=float(text.replace(",", ".")))
