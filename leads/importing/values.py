"""Cells as people write them, turned into values; a wrong one raises `ValueError` with a sentence."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation

from crm.core.text import fold
from leads.models import Priority

SCIENTIFIC = re.compile(r"\d(?:[.,]\d+)?[eE]\+?\d{1,2}")
AMID = re.compile(r"\d\D*[^\W\d_]\D*\d")  # letters between digits are no currency
LONGEST_AMOUNT = 60  # characters
MONEY_LIMIT = Decimal(10) ** 12
TIMES = re.compile(r"(?<=\d)\s*(?:(k|tsd)|(m|mn|mio|mln)|(b|bn|mrd))\b\.?", re.IGNORECASE)  # 1.5k, 2 Mio.
# What people write where there is nothing; 0 is what a spreadsheet makes of a reference to an empty cell.
NOTHING = frozenset({"-", "--", "–", "—", ".", "?", "n/a", "#n/a", "na", "k.a.", "none", "null", "nil", "unknown"})
ZEROES = frozenset({"0", "0000-00-00", "0000-00-00 00:00:00"})
KIND = re.compile(r"\([^\d()]+\)$")  # 415 555 2671 (work)
EXTENSION = re.compile(
    r"(?<=[\d)])[\s,;./-]*(?:ext(?:ension)?|x|#|durchwahl|dw|poste|anexo|ramal|interno)[\s.:]*\d{1,7}$", re.IGNORECASE
)


def is_nothing(text: str, *, zero: bool) -> bool:
    """Whether a cell says that there is no value; `zero`: by a naught too."""
    return text.lower() in NOTHING or (zero and text in ZEROES)


def without_extension(text: str) -> str:
    """The number alone: phones are kept in E.164."""
    return EXTENSION.sub("", text)


def phone_text(text: str) -> str:
    """Undo what Excel does to a number: 1.4155552671E+10, or a trailing .0; and leave out what kind of phone it is."""
    if SCIENTIFIC.fullmatch(text):
        number = Decimal(text.replace(",", "."))
        digits = len(number.as_tuple().digits)
        whole = format(number, "f")
        if digits < len(whole) - 1:
            raise ValueError(f"Excel has cut this phone number short: {text}")
        text = whole
    text = re.sub(r"\.0$", "", KIND.sub("", text).rstrip())
    # An international number without its plus, as a number cell has it.
    return f"+{text}" if text.isdigit() and len(text) > 11 and not text.startswith("00") else text


def money(text: str) -> Decimal:
    """1500, 1,500.00, 1.500,00, 999,90, $1 500, 1.5k, as people write it; 1.5E+06 and 1234.5678 as Excel does."""
    if SCIENTIFIC.fullmatch(text.strip()):  # as Excel writes what it finds long
        return _within(Decimal(text.strip().replace(",", ".")), text)
    if len(text) > LONGEST_AMOUNT or AMID.search(text):
        raise ValueError(f"Not an amount of money: {text}")
    times = TIMES.search(text)
    factor = 1000 ** (times.lastindex or 0) if times else 1
    plain = re.sub(r"[^\d,.\-]", "", text)
    whole, part = _parted(plain)
    try:
        value = Decimal(f"{whole or '0'}.{part}") * factor
    except InvalidOperation:
        raise ValueError(f"Not an amount of money: {text}") from None
    if not re.search(r"\d", plain) or value < 0:
        raise ValueError(f"Not an amount of money: {text}")
    return _within(value, text)


def _parted(plain: str) -> tuple[str, str]:
    """Before and after the decimal mark: the last one, unless three digits stand behind it and it parts thousands."""
    cut = max(plain.rfind("."), plain.rfind(","))
    if cut < 0:
        return plain, "0"
    whole, mark, part = plain[:cut], plain[cut], plain[cut + 1 :]
    alone = re.fullmatch(r"-?[1-9]\d{0,2}", whole)
    if len(part) == 3 and (mark in whole or alone):
        whole, part = whole + part, "0"
    elif mark in whole and len(part) > 2:
        raise ValueError(f"Not an amount of money: {plain}")
    return re.sub(r"[.,]", "", whole), part or "0"


SIGNS = {"€": "EUR", "£": "GBP", "₹": "INR", "¥": "JPY CNY", "$": "USD CAD AUD NZD MXN SGD HKD"}
CODE = re.compile(r"\b[A-Z]{3}\b")


def is_foreign(text: str, currency: str) -> bool:
    """Whether an amount or its header names another currency."""
    named = [*CODE.findall(text), *(codes for sign, codes in SIGNS.items() if sign in text)]
    return bool(named) and not any(currency in codes for codes in named)


def _within(value: Decimal, text: str) -> Decimal:
    if value >= MONEY_LIMIT - Decimal("0.005"):
        raise ValueError(f"The amount is too large: {text}")
    return value.quantize(Decimal("0.01"))


YES = {
    "1",
    "true",
    "t",
    "yes",
    "y",
    "x",
    "ja",
    "j",
    "oui",
    "o",
    "si",
    "s",
    "sim",
    "do not allow",
    "do not call",
    "opted out",
}
NO = {"0", "false", "f", "no", "n", "nein", "non", "nao", "allow", "opted in"}


def yes(text: str) -> bool:
    word = fold(text)
    if word not in YES | NO:
        raise ValueError(f"Say yes or no, whether the person may not be contacted: {text}")
    return word in YES


PRIORITIES = {
    Priority.LOW: "low niedrig gering basse faible baja bassa laag baixa",
    Priority.NORMAL: "normal medium mid mittel moyenne normale media gemiddeld",
    Priority.HIGH: "high hoch haute elevee alta hoog",
    Priority.URGENT: "urgent critical dringend urgente kritisch",
}
BY_WORD = {word: priority for priority, words in PRIORITIES.items() for word in words.split()}


def priority(text: str) -> Priority:
    try:
        return BY_WORD[fold(text)]
    except KeyError:
        names = ", ".join(p.name.lower() for p in Priority)
        raise ValueError(f"Priority must be one of {names}: {text}") from None


def tags(text: str) -> list[str]:
    """Parted by commas, semicolons, bars or lines, without quotation marks around them; once each, in order."""
    parts = (part.strip(" \t\r\"'") for part in re.split(r"[,;|\n]", text))
    return list(dict.fromkeys(part[:50] for part in parts if part))
