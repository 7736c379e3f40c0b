"""COPY writes what Python would write, value for value."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from agents.models import Agent
from crm.accounts.models import User
from crm.lists.columns import is_formula
from crm.lists.copying import copied
from crm.lists.engine import csv_lines, read_cells
from crm.lists.listings import listing_of
from crm.lists.tests.test_api_export import EVIL
from leads.lists import custom_column
from leads.models import Lead
from leads.tests.factories import ContactFactory, LeadFactory

STRANGE = [
    *EVIL,
    "",
    " ",
    "-5",
    "+14155552671",
    "1e5",
    'ünï, "quoted"\nlines',
    "'",
    "\\N",
    "a\tb",
    "\x0b=1",
    "-",
    "- 5",
    "=",
    "٣",
]
CUSTOM: list[Any] = ["=1", 1, 1.5, True, False, None, [], {}, [1, "a"], {"b": 1, "a": "ü"}, "", "x", 10**20, "-3"]


@pytest.mark.postgres
@pytest.mark.skipif(connection.vendor != "postgresql", reason="needs PostgreSQL")
def test_both_ways_write_the_same(in_company: Any, agent: Agent, admin: User) -> None:
    for number, text in enumerate(STRANGE * 3):
        tags = [text, "x"][: number // len(STRANGE)]  # none, one, two
        LeadFactory(
            source=text, tags=tags, custom_fields={"x": CUSTOM[number % len(CUSTOM)], "text": text},
            contact=ContactFactory(first_name=text, organization=text), agent=agent if number % 2 else None,
            deal_value=Decimal(number) / 7 if number % 3 else None, is_duplicate=bool(number % 2),
            deadline=datetime(2026, 3, 1, 23, 59, 59, number * 40_000 % 1_000_000, tzinfo=UTC) if number % 2 else None,
        )  # fmt: skip
    leads = listing_of("leads")
    columns = [
        *leads.columns,
        *filter(None, map(custom_column, ("custom.x", "custom.text", "custom.none", "custom.7"))),
    ]
    rows = Lead.objects.order_by("pk")
    by_python = parsed("".join(csv_lines(read_cells(rows, columns), columns)))
    by_copy = parsed(b"".join(copied(rows, columns)).decode())
    assert len(by_copy) == 3 * len(STRANGE)
    assert by_copy == by_python


def parsed(text: str) -> list[list[str]]:
    """Quoting is each writer's own; what a reader gets is the same."""
    return list(csv.reader(io.StringIO(text, newline="")))


@pytest.mark.parametrize("text", EVIL)
def test_formulas_are_known(text: str) -> None:
    assert is_formula(text)


@pytest.mark.parametrize("text", ["", "-5", "+14155552671", "-5.25", "a=1", "1+1", "e-mail@example.org", "'=1"])
def test_what_runs_nothing_is_left_alone(text: str) -> None:
    assert not is_formula(text)
