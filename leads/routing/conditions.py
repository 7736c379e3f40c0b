"""Conditions of a rule: checked as they come in, and asked of a lead. No lead and no stored text makes them fail."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cached_property
from typing import Any

from crm.core.api.json import is_clean
from crm.core.errors import InvalidField
from crm.core.text import fold
from leads.models import Lead
from leads.routing import kinds
from leads.routing.kinds import AT_LEAST, AT_MOST, CONTAINS, IS_EMPTY, IS_NOT, IS_ONE_OF, IS_PRESENT, Kind

MOST_CONDITIONS, MOST_VALUES, LONGEST = 20, 100, 200
NUMBER = re.compile(r"[+-]?(\d{1,3}(,\d{3})+|\d+)?(\.\d*)?([eE][+-]?\d{1,4})?", re.ASCII)  # "1,200.50"
WITHOUT_VALUES = (IS_EMPTY, IS_PRESENT)
WITH_ONE = (AT_LEAST, AT_MOST)


@dataclass(frozen=True)
class Condition:
    """One question about a lead. A stored one that nobody understands any more never holds."""

    field: str
    operator: str
    values: tuple[str, ...] = ()

    @cached_property
    def kind(self) -> Kind | None:
        return kinds.find(self.field)

    @cached_property
    def folded(self) -> frozenset[str]:
        return frozenset(fold(value) for value in self.values)

    @cached_property
    def limit(self) -> Decimal | None:
        """The number of `at_least` and `at_most`; of a ranked field the place in its order."""
        if not self.values or self.kind is None:
            return None
        return rank_of(self.kind, self.values[0]) if self.kind.type == kinds.RANKED else number_of(self.values[0])

    def holds(self, value: Any) -> bool:
        """Of the lead's value, as the kind reads it."""
        test = _TESTS.get(self.operator)
        return self.kind is not None and test is not None and test(self, value)

    def as_json(self) -> dict[str, Any]:
        return {"field": self.field, "operator": self.operator, "values": list(self.values)}

    @property
    def text(self) -> str:
        """ "Source is one of Web, Phone"."""
        label = self.kind.label if self.kind else f"“{self.field}”"
        names = (self.kind.choices if self.kind else None) or {}
        told = ", ".join(names.get(value, value) for value in self.values)
        return f"{label} {kinds.OPERATORS.get(self.operator, self.operator)} {told}".strip()


# --- Asked of a lead ---------------------------------------------------------------------------------------------


class Facts:
    """What conditions have asked of one lead; each field is read once, however many rules ask."""

    def __init__(self, lead: Lead) -> None:
        self.lead = lead
        self._read: dict[str, Any] = {}

    def of(self, condition: Condition) -> Any:
        name = condition.field
        if name not in self._read:
            self._read[name] = condition.kind.read(self.lead) if condition.kind else None
        return self._read[name]

    def meet(self, conditions: Iterable[Condition]) -> bool:
        return all(condition.holds(self.of(condition)) for condition in conditions)


def texts_of(value: Any) -> list[str]:
    """A value of any form as folded texts; nothing for an empty one."""
    if isinstance(value, list | tuple):
        return [text for item in value for text in texts_of(item)]
    text = shown(value)
    return [fold(text)] if text.strip() else []


def shown(value: Any) -> str:
    """As one reads it; empty for what is not there."""
    if value is None or value == [] or value == {}:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return ", ".join(shown(item) for item in value)
    return json.dumps(value, sort_keys=True, default=str) if isinstance(value, dict) else str(value)


def number_of(value: Any) -> Decimal | None:
    """None for what is no finite number."""
    if value is None or isinstance(value, bool | list | tuple | dict):
        return None
    text = str(value).strip()
    if not NUMBER.fullmatch(text):
        return None
    try:
        return Decimal(text.replace(",", ""))
    except InvalidOperation:
        return None


def rank_of(kind: Kind, value: Any) -> Decimal | None:
    order = list(kind.choices or ())
    return Decimal(order.index(value)) if value in order else None


def _is_one_of(condition: Condition, value: Any) -> bool:
    return any(text in condition.folded for text in texts_of(value))


def _contains(condition: Condition, value: Any) -> bool:
    """Tags: all of them. A text: one of the values as a part of it."""
    texts = texts_of(value)
    if condition.kind is not None and condition.kind.type == kinds.TAGS:
        return condition.folded <= set(texts)
    return any(part in text for text in texts for part in condition.folded if part)


def _compared(condition: Condition, value: Any, test: Callable[[Decimal, Decimal], bool]) -> bool:
    ranked = condition.kind is not None and condition.kind.type == kinds.RANKED
    number = rank_of(condition.kind, value) if ranked and condition.kind else number_of(value)
    return number is not None and condition.limit is not None and test(number, condition.limit)


_TESTS: Mapping[str, Callable[[Condition, Any], bool]] = {
    IS_ONE_OF: _is_one_of,
    IS_NOT: lambda condition, value: not _is_one_of(condition, value),
    CONTAINS: _contains,
    AT_LEAST: lambda condition, value: _compared(condition, value, lambda number, limit: number >= limit),
    AT_MOST: lambda condition, value: _compared(condition, value, lambda number, limit: number <= limit),
    IS_EMPTY: lambda condition, value: not texts_of(value),
    IS_PRESENT: lambda condition, value: bool(texts_of(value)),
}


# --- As they come in ---------------------------------------------------------------------------------------------


def read_stored(raw: Any) -> tuple[Condition, ...]:
    """Of a row: checked when it was saved, and yet anything may stand there."""
    items = raw if isinstance(raw, list) else []
    return tuple(_as_condition(item) for item in items)


def _as_condition(item: Any) -> Condition:
    given = item if isinstance(item, dict) else {}
    values = given.get("values")
    texts = tuple(shown(value) for value in values) if isinstance(values, list) else ()
    return Condition(shown(given.get("field")), shown(given.get("operator")), texts)


def checked(raw: Any) -> list[dict[str, Any]]:
    """As they are stored. Raises `InvalidField` that names the condition by its number."""
    if not isinstance(raw, list):
        raise InvalidField("conditions", "Must be a list of conditions")
    if len(raw) > MOST_CONDITIONS:
        raise InvalidField("conditions", f"At most {MOST_CONDITIONS} conditions")
    return [_checked(number, item) for number, item in enumerate(raw, 1)]


def _checked(number: int, item: Any) -> dict[str, Any]:
    try:
        return check_one(item).as_json()
    except InvalidField as wrong:
        raise InvalidField("conditions", f"Condition {number}: {wrong.message}") from wrong


def check_one(item: Any) -> Condition:
    """Raises `InvalidField` with what is wrong in one sentence."""
    if not isinstance(item, dict):
        raise InvalidField("conditions", "It must be an object with field, operator and values")
    kind = _kind_named(item.get("field"))
    operator = item.get("operator")
    if not isinstance(operator, str) or operator not in kind.operators:
        raise InvalidField("conditions", f"“{kind.name}” takes {listed(kind.operators)}")
    values = _values(item, operator)
    return Condition(kind.name, operator, tuple(_fitting(kind, operator, values)))


def _kind_named(name: Any) -> Kind:
    kind = kinds.find(name.strip()) if isinstance(name, str) and len(name) <= LONGEST and is_clean(name) else None
    if kind is None:
        names = [*(kind.name for kind in kinds.known()), "custom.<key>"]
        raise InvalidField("conditions", f"The field must be one of {listed(names)}")
    return kind


def _values(item: Mapping[str, Any], operator: str) -> list[str]:
    """`value` is taken for a single one."""
    given = item.get("values")
    if given is None:
        given = [] if item.get("value") is None else item["value"]
    values = given if isinstance(given, list) else [given]
    if len(values) > MOST_VALUES:
        raise InvalidField("conditions", f"At most {MOST_VALUES} values")
    if operator in WITHOUT_VALUES:
        return []
    texts = list(dict.fromkeys(_text(value) for value in values))
    if not texts:
        raise InvalidField("conditions", "Name at least one value")
    if operator in WITH_ONE and len(texts) > 1:
        raise InvalidField("conditions", "Name one value")
    return texts


def _text(value: Any) -> str:
    if isinstance(value, bool | int | float):
        text = shown(value)
    elif isinstance(value, str) and is_clean(value):
        text = value.strip()
    else:
        raise InvalidField("conditions", "A value must be a text or a number")
    if not text:
        raise InvalidField("conditions", "A value may not be empty")
    if len(text) > LONGEST:
        raise InvalidField("conditions", f"A value has at most {LONGEST} characters")
    return text


def _fitting(kind: Kind, operator: str, values: list[str]) -> list[str]:
    if kind.choices is not None:
        return [_choice(kind, value) for value in values]
    if operator in WITH_ONE and number_of(values[0]) is None:
        raise InvalidField("conditions", f"“{values[0]}” is no number")
    if operator in (IS_ONE_OF, IS_NOT):
        return kind.check(values)
    return values


def _choice(kind: Kind, value: str) -> str:
    """By value or label, in any case."""
    for name, label in (kind.choices or {}).items():
        if fold(value) in (fold(name), fold(label)):
            return name
    raise InvalidField("conditions", f"“{value}” is none of {listed(kind.choices or ())}")


def listed(words: Collection[str]) -> str:
    *rest, last = list(words)
    return f"{', '.join(rest)} or {last}" if rest else last
