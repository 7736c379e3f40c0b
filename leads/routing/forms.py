"""Clean input of the pages of routing rules; conditions are rows that can be added and taken away without script."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms

from agents.models import Agent, Kind
from crm.core.errors import InvalidField
from crm.core.forms import CleanForm
from leads.models import Strategy
from leads.routing import kinds
from leads.routing.conditions import MOST_CONDITIONS, Condition, check_one
from leads.routing.models import RoutingRule
from leads.routing.serializers import MOST_LOOKED_AT

OWN_FIELD = "custom"
STRATEGY_WORDS: dict[str, str] = {
    Strategy.ROUND_ROBIN: "In turn",
    Strategy.CAPACITY: "Whoever has the most room",
    Strategy.PERFORMANCE: "Whoever performs best",
    Strategy.MANUAL: "One after the other, in an order",
}
ROW_FIELDS = ("field", "key", "operator", "values")


def field_choices() -> list[tuple[str, str]]:
    return [*((kind.name, kind.label) for kind in kinds.known()), (OWN_FIELD, "A field of your own")]


@dataclass(frozen=True)
class ConditionRow:
    """One row of the editor, as it was typed, and what is wrong with it."""

    number: int
    field: str = ""
    key: str = ""
    operator: str = ""
    values: str = ""
    error: str = ""

    @property
    def is_empty(self) -> bool:
        return not self.field

    def as_condition(self) -> dict[str, Any]:
        """Values are separated by commas; one that holds a comma stands in quotes."""
        name = f"{kinds.CUSTOM}{self.key.strip()}" if self.field == OWN_FIELD else self.field
        try:
            values = next(csv.reader([self.values.replace("\n", " ").replace("\r", " ")], skipinitialspace=True), [])
        except csv.Error:
            values = [self.values]
        return {
            "field": name,
            "operator": self.operator,
            "values": [text for value in values if (text := value.strip())],
        }


def row_of(number: int, condition: Condition) -> ConditionRow:
    own = condition.field.startswith(kinds.CUSTOM)
    quoted = (f'"{value}"' if "," in value else value for value in condition.values)
    return ConditionRow(
        number,
        OWN_FIELD if own else condition.field,
        condition.field.removeprefix(kinds.CUSTOM) if own else "",
        condition.operator,
        ", ".join(quoted),
    )


def posted_rows(data: Mapping[str, Any]) -> list[ConditionRow]:
    """As many as were sent, in order."""
    numbers = [n for n in range(MOST_CONDITIONS + 1) if f"field_{n}" in data]
    return [
        ConditionRow(place, *(str(data.get(f"{name}_{n}", ""))[:10_000] for name in ROW_FIELDS))
        for place, n in enumerate(numbers)
    ]


def after_button(rows: Sequence[ConditionRow], button: str) -> list[ConditionRow]:
    """`add` puts an empty row behind the others, `remove-2` takes the third away."""
    kept = [row for row in rows if button != f"remove-{row.number}"]
    if button == "add" and len(kept) < MOST_CONDITIONS:
        kept.append(ConditionRow(len(kept)))
    return [ConditionRow(place, row.field, row.key, row.operator, row.values) for place, row in enumerate(kept)]


class RuleForm(CleanForm):
    name = forms.CharField(max_length=100, help_text="It stands with each lead that the rule places")
    strategy = forms.ChoiceField(choices=list(STRATEGY_WORDS.items()), label="Which of them")
    is_active = forms.BooleanField(required=False, label="New leads are held against this rule")

    def __init__(
        self,
        data: Any = None,
        *,
        team: Sequence[Agent],
        rows: Sequence[ConditionRow],
        pool: Sequence[Any] = (),
        **more: Any,
    ) -> None:
        super().__init__(data, **more)
        self.team, self.rows = team, list(rows)
        self.pool = [str(pk) for pk in pool]
        if data is not None:
            chosen = set(data.getlist("agents"))
            self.pool = [str(agent.pk) for agent in team if str(agent.pk) in chosen]
        self.agent_error = ""

    def seats(self) -> Iterator[dict[str, Any]]:
        """Each agent with whether it is of the pool, and its place in the order."""
        for agent in self.team:
            pk = str(agent.pk)
            place = self.pool.index(pk) + 1 if pk in self.pool else ""
            typed = self.data.get(f"order_{pk}", place) if self.is_bound else place
            yield {"agent": agent, "is_in": pk in self.pool, "order": typed, "is_voice": agent.kind == Kind.VOICE}

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        data["conditions"] = self._conditions()
        data["agents"] = [agent for _, _, agent in sorted(self._ordered(), key=lambda item: item[:2])]
        if data.get("strategy") == Strategy.MANUAL and not data["agents"]:
            self.agent_error = "Tick the agents that are to be filled in this order."
            self.add_error(None, self.agent_error)
        return data

    def _conditions(self) -> list[dict[str, Any]]:
        found = []
        for place, row in enumerate(self.rows):
            if row.is_empty:
                continue
            try:
                found.append(check_one(row.as_condition()).as_json())
            except InvalidField as wrong:
                self.rows[place] = ConditionRow(row.number, row.field, row.key, row.operator, row.values, wrong.message)
                self.add_error(None, f"Condition {place + 1}: {wrong.message}.")
        return found

    def _ordered(self) -> Iterator[tuple[int, int, Any]]:
        """Those without a number of their own come last, by name."""
        for place, agent in enumerate(self.team):
            if str(agent.pk) in self.pool:
                typed = str(self.data.get(f"order_{agent.pk}", ""))
                number = int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 6 else 10**6
                yield number, place, agent.pk


def initial_of(rule: RoutingRule) -> dict[str, Any]:
    return {name: getattr(rule, name) for name in RuleForm.base_fields}


class TryForm(CleanForm):
    limit = forms.IntegerField(min_value=1, max_value=MOST_LOOKED_AT, initial=100, label="How many of the last leads")
