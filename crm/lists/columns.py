"""What an export can show of a row: where the value comes from, and how it reads as text."""

from __future__ import annotations

import datetime as dt
import enum
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Expression, F

# What a spreadsheet takes for a formula; full-width signs as well, and a tab or a line break in front.
RUNS = re.compile(r"[ \t\r\n\f\v]*[=+@\uff1d\uff0b\uff0d\uff20-]|[\t\r\n]")
NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?", re.ASCII)  # a number, or a phone number, runs nothing


class Kind(enum.Enum):
    TEXT = "text"  # what people write
    WORD = "word"  # one of our own: an id, a choice, a phone number; runs nothing
    NUMBER = "number"
    MONEY = "money"
    MOMENT = "moment"
    FLAG = "flag"
    LIST = "list"  # a JSON list of texts
    JSON = "json"


@dataclass(frozen=True)
class Column:
    """`source`: a path of the list's queryset, or what makes an expression of it when the export begins."""

    key: str
    label: str
    source: str | Callable[[], Expression]
    kind: Kind = Kind.TEXT
    width: int = 16  # of a spreadsheet's column, in characters
    words: Mapping[str, str] | None = None  # what a choice is called on paper; files for machines keep its key

    def expression(self) -> Expression | F:
        return F(self.source) if isinstance(self.source, str) else self.source()


def text_of(kind: Kind, value: Any) -> str:
    """A value as a CSV file holds it: times in UTC, nothing for none; formulas defused."""
    if value is None or value in ([], {}):
        return ""
    if kind is Kind.MOMENT:
        return value.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")  # type: ignore[no-any-return]
    if kind is Kind.FLAG:
        return "true" if value else "false"
    if kind in (Kind.WORD, Kind.NUMBER, Kind.MONEY):
        return str(value)
    if kind is Kind.LIST:
        return defused(", ".join(map(str, value)))
    if kind is Kind.JSON:
        return defused(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
    return defused(str(value))


def is_formula(text: str) -> bool:
    """Whether a spreadsheet would run it."""
    return RUNS.match(text) is not None and NUMBER.fullmatch(text) is None


def defused(text: str) -> str:
    """With an apostrophe before what a spreadsheet would run, so that it is shown."""
    return f"'{text}" if is_formula(text) else text
