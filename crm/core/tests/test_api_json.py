import datetime as dt
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from rest_framework.exceptions import ParseError

from crm.core.api.json import MAX_DEPTH, dumps, loads_object
from crm.core.api.problems import Unacceptable
from leads.models import Stage


@pytest.mark.parametrize(
    "raw",
    [
        b"{",
        b"\xff\xfe{}",
        b'{"a": "\xff"}',
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": -Infinity}',
        b'{"a": 1e999}',
        b'{"a": 1,}',
        b"{'a': 1}",
        b'{"a": 01}',
        b"hello",
        b'{"a": ' + b"9" * 5000 + b"}",
        b"\xef\xbb\xbf{}",
    ],
)
def test_what_is_not_json_is_refused_as_not_well_formed(raw):
    with pytest.raises(ParseError):
        loads_object(raw)


@pytest.mark.parametrize(
    ("raw", "loc"),
    [
        (b"[]", ["body"]),
        (b'"text"', ["body"]),
        (b"null", ["body"]),
        (b"5", ["body"]),
        (b'{"a": {"b": ["x", "\\u0000"]}}', ["body", "a", "b", "1"]),
        (b'{"a": "\\ud800"}', ["body", "a"]),
        (b'{"a": {"k\\u0000": 1}}', ["body", "a", "k?"]),
        (b'{"a": {"k\\udfff": 1}}', ["body", "a", "k?"]),
        (b'{"a": ' + b"[" * 1000 + b"]" * 1000 + b"}", ["body", "a"]),
        (b'{"a":' * 1000 + b"1" + b"}" * 1000, ["body", "a"]),
        (b'{"a": ' + b"[" * 50_000 + b"]" * 50_000 + b"}", ["body"]),
    ],
)
def test_a_value_that_is_not_taken_is_named(raw, loc):
    with pytest.raises(Unacceptable) as refused:
        loads_object(raw)
    assert refused.value.status_code == 422
    assert [list(problem.loc) for problem in refused.value.problems] == [loc]


def test_nesting_up_to_the_limit_and_wide_bodies_are_taken():
    deep = b'{"a":' * (MAX_DEPTH - 1) + b"{}" + b"}" * (MAX_DEPTH - 1)
    assert loads_object(deep)
    assert len(loads_object(b'{"a": [' + b",".join([b"{}"] * 500) + b"]}")["a"]) == 500
    with pytest.raises(Unacceptable):
        loads_object(b'{"a":' + deep + b"}")


def test_no_body_is_an_empty_object_and_a_huge_integer_a_number():
    assert loads_object(b"") == loads_object(b" \n") == {}
    assert loads_object(b'{"a": 123456789012345678901234567890}')["a"] == pytest.approx(1.2345678901234568e29)


def test_times_are_utc_with_z_and_money_is_a_number():
    berlin = dt.datetime(2026, 3, 1, 10, tzinfo=ZoneInfo("Europe/Berlin"))
    data = {
        "berlin": berlin,
        "micros": dt.datetime(2026, 3, 1, 9, 0, 0, 5, tzinfo=dt.UTC),
        "naive": dt.datetime(2026, 3, 1, 9),
        "day": dt.date(2026, 3, 1),
        "money": Decimal("10000.00"),
        "fine": Decimal("0.125"),
        "stage": Stage.MQL,
        "ids": {UUID(int=7): {1}},
        "many": (n for n in (1, 2)),
    }
    assert dumps(data) == (
        b'{"berlin":"2026-03-01T09:00:00Z","micros":"2026-03-01T09:00:00.000005Z","naive":"2026-03-01T09:00:00Z",'
        b'"day":"2026-03-01","money":10000.0,"fine":0.12,"stage":"mql",'
        b'"ids":{"00000000-0000-0000-0000-000000000007":[1]},"many":[1,2]}'
    )


def test_what_orjson_refuses_is_written_all_the_same():
    assert dumps({"big": 10**30, "torn": "\ud800", "none": float("nan")})
