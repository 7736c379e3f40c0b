"""Cells as people write them, turned into values; a wrong one raises `ValueError` with a sentence."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation

from leads.models import Priority

SCIENTIFIC = re.compile(r"\d(?:[.,]\d+)?[eE]\+?\d{1,2}")
AMID = re.compile(r"\d\s*[^\W\d_]+[\s+-]*\d")  # letters between digits are no currency
MONEY_LIMIT = Decimal(10) ** 12


def phone_text(text: str) -> str:
    """Undo what Excel does to a number: 1.4155552671E+10, or a trailing .0."""
    if SCIENTIFIC.fullmatch(text):
        number = Decimal(text.replace(",", "."))
        digits = len(number.as_tuple().digits)
        whole = format(number, "f")
        if digits < len(whole) - 1:
            raise ValueError(f"Excel has cut this phone number short: {text}")
        text = whole
    text = re.sub(r"\.0$", "", text)
    # An international number without its plus, as a number cell has it.
    return f"+{text}" if text.isdigit() and len(text) > 11 and not text.startswith("00") else text


def money(text: str) -> Decimal:
    """1500, 1,500.00, 1.500,00, 999,90, $1 500: the last mark before one or two digits parts the cents."""
    if SCIENTIFIC.fullmatch(text.strip()):  # as Excel writes what it finds long
        return _within(Decimal(text.strip().replace(",", ".")), text)
    if AMID.search(text):
        raise ValueError(f"Not an amount of money: {text}")
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
    return _within(value, text)


def _within(value: Decimal, text: str) -> Decimal:
    if value >= MONEY_LIMIT - Decimal("0.005"):
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
