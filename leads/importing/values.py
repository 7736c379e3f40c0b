"""Cells as people write them, turned into values; a wrong one raises `ValueError` with a sentence."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo

from leads.models import Priority

# Countries that write the month before the day; the others begin with the day.
MONTH_FIRST = frozenset({"US", "PH", "FM", "MH", "PW"})
SCIENTIFIC = re.compile(r"\d(?:[.,]\d+)?[eE]\+?\d{1,2}")
MONEY_LIMIT = Decimal(10) ** 12
EXCEL_EPOCH = datetime(1899, 12, 30)
EARLIEST, LATEST = 1900, 2200


def phone_text(text: str) -> str:
    """Undo what Excel does to a number: 1.4155552671E+10, or a trailing .0."""
    if SCIENTIFIC.fullmatch(text):
        number = Decimal(text.replace(",", "."))
        digits = len(number.as_tuple().digits)
        whole = format(number.quantize(Decimal(1)), "f")
        if digits < len(whole) - 1:
            raise ValueError(f"Excel has cut this phone number short: {text}")
        text = whole
    text = re.sub(r"\.0$", "", text)
    # An international number without its plus, as a number cell has it.
    return f"+{text}" if text.isdigit() and len(text) > 11 and not text.startswith("00") else text


def moment(text: str, zone: ZoneInfo, country: str) -> datetime:
    """ISO 8601, day.month.year, day or month first with slashes by country, or an Excel day number; naive is `zone`."""
    value = _iso(text) or _by_numbers(text, country) or _excel_day(text)
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
    hours = int(hour or 0)
    if half:
        hours = hours % 12 + (12 if half.lower() == "pm" else 0)
    try:
        return datetime(full_year, int(month), int(day), hours, int(minute or 0), int(seconds or 0))
    except ValueError:
        return None


def _excel_day(text: str) -> datetime | None:
    if not re.fullmatch(r"\d{5}(\.\d+)?", text):
        return None
    return EXCEL_EPOCH + timedelta(days=float(text))


def money(text: str) -> Decimal:
    """1500, 1,500.00, 1.500,00, 999,90, $1 500: the last mark before one or two digits parts the cents."""
    plain = re.sub(r"[^\d,.\-]", "", text)
    cents = re.fullmatch(r"(-?[\d.,]*?)[.,](\d{1,2})", plain)
    whole, part = (cents.group(1), cents.group(2)) if cents else (plain, "0")
    whole = re.sub(r"[.,]", "", whole)
    try:
        value = Decimal(f"{whole or '0'}.{part}")
    except InvalidOperation:
        raise ValueError(f"Not an amount of money: {text}") from None
    if not re.search(r"\d", plain) or value < 0:
        raise ValueError(f"Not an amount of money: {text}")
    if value >= MONEY_LIMIT:
        raise ValueError(f"The amount is too large: {text}")
    return value.quantize(Decimal("0.01"))


def priority(text: str) -> Priority:
    try:
        return Priority[text.strip().upper()]
    except KeyError:
        names = ", ".join(p.name.lower() for p in Priority)
        raise ValueError(f"Priority must be one of {names}: {text}") from None


def tags(text: str) -> list[str]:
    """Parted by commas, semicolons or bars; once each, in order."""
    return list(dict.fromkeys(part.strip()[:50] for part in re.split(r"[,;|]", text) if part.strip()))
