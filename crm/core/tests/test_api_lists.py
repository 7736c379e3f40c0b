"""Paging in its three forms, ordering and strict filters, on the tests' own list."""

import base64
import datetime as dt
import random
from decimal import Decimal

import orjson
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm.accounts.tests.factories import CompanyFactory
from crm.core.api import paging
from crm.core.tenancy import company_active
from leads.models import Lead, Priority
from leads.tests.factories import ContactFactory, LeadFactory

pytestmark = pytest.mark.urls("crm.core.tests.desk")

START = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
URL = "/api/v1/desk"


@pytest.fixture
def leads(company):
    """Twelve, two of each score, every third without a deadline; and one of another company."""
    with company_active(company.pk):
        contact = ContactFactory()
        rows = [
            Lead(
                contact=contact,
                score=number // 2,
                deadline=None if number % 3 == 0 else START + dt.timedelta(hours=number // 4),
                created_at=START + dt.timedelta(minutes=number // 2),
                source=f"source {number}",
            )
            for number in range(12)
        ]
        random.Random(1).shuffle(rows)
        Lead.objects.create_many(rows)
    LeadFactory(company=(other := CompanyFactory()), contact=ContactFactory(company=other), score=99)
    return rows


def ids(answer):
    return [row["id"] for row in answer.json()["leads"]]


def expected(rows, ordering):
    """By the column, nulls last either way, ties by id in the same direction."""
    name, down = ordering.removeprefix("-"), ordering.startswith("-")
    valued = [row for row in rows if getattr(row, name) is not None]
    nulls = [row for row in rows if getattr(row, name) is None]
    valued.sort(key=lambda row: (getattr(row, name), row.pk), reverse=down)
    nulls.sort(key=lambda row: row.pk, reverse=down)
    return [str(row.pk) for row in valued + nulls]


ORDERINGS = ["created_at", "-created_at", "score", "-score", "deadline", "-deadline"]


def test_a_page_has_ten_newest_first_and_the_total(leads, api, admin):
    answer = api(admin).get(URL)
    assert ids(answer) == expected(leads, "-created_at")[:10]
    data = answer.json()
    assert {name: data[name] for name in data if name != "leads"} == {
        "total": 12,
        "page": 1,
        "per_page": 10,
        "desk": "open",
    }


@pytest.mark.parametrize("ordering", ORDERINGS)
def test_the_three_forms_go_through_the_same_list(ordering, leads, api, admin):
    client, whole = api(admin), expected(leads, ordering)
    pages, skipped, walked, cursor = [], [], [], ""
    for number in range(3):
        pages += ids(client.get(URL, {"page": number + 1, "per_page": 5, "ordering": ordering}))
        skipped += ids(client.get(URL, {"skip": number * 5, "limit": 5, "ordering": ordering}))
    while cursor is not None:
        answer = client.get(URL, {"cursor": cursor, "per_page": 5, "ordering": ordering})
        walked, cursor = walked + ids(answer), answer.json()["next"]
        assert "total" not in answer.json()
    assert pages == skipped == walked == whole


def test_a_cursor_with_a_page_size_that_ends_exactly_has_no_next(leads, api, admin):
    answer = api(admin).get(URL, {"cursor": "", "limit": 12})
    assert (len(ids(answer)), answer.json()["next"]) == (12, None)


def test_skip_and_limit_are_told_back(leads, api, admin):
    data = api(admin).get(URL, {"skip": 10, "limit": 5}).json()
    assert (len(data["leads"]), data["total"], data["skip"], data["limit"]) == (2, 12, 10, 5)
    assert "page" not in data


@pytest.mark.parametrize(
    "params", [{"page": 3}, {"page": 10**12}, {"page": "9" * 40}, {"skip": 12}, {"skip": 10**30, "limit": 1}]
)
def test_past_the_end_the_list_is_empty(params, leads, api, admin):
    data = api(admin).get(URL, params).json()
    assert (data["leads"], data["total"]) == ([], 12)


@pytest.mark.parametrize(
    ("params", "name"),
    [
        ({"page": 0}, "page"),
        ({"page": -1}, "page"),
        ({"page": "x"}, "page"),
        ({"page": ""}, "page"),
        ({"page": "1.0"}, "page"),
        ({"page": "٣"}, "page"),
        ({"page": "9" * 41}, "page"),
        ({"per_page": 101}, "per_page"),
        ({"per_page": 0}, "per_page"),
        ({"limit": 101}, "limit"),
        ({"limit": 0}, "limit"),
        ({"skip": -1}, "skip"),
        ({"skip": 0, "page": 1}, "page"),
        ({"cursor": "", "page": 1}, "page"),
        ({"cursor": "", "skip": 1}, "skip"),
        ({"cursor": "nonsense"}, "cursor"),
        ({"cursor": "%"}, "cursor"),
        ({"cursor": "\x00"}, "cursor"),
        ({"ordering": "name"}, "ordering"),
        ({"ordering": "--score"}, "ordering"),
        ({"ordering": "score,created_at"}, "ordering"),
        ({"ordering": "contact__email"}, "ordering"),
    ],
)
def test_malformed_paging_and_ordering_are_422(params, name, leads, api, admin):
    answer = api(admin).get(URL, params)
    assert (answer.status_code, answer.json()["detail"][0]["loc"]) == (422, ["query", name])


def forged(*parts):
    return base64.urlsafe_b64encode(orjson.dumps(parts)).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    [
        forged("score", 1, "01900000-0000-7000-8000-000000000000"),
        forged("-created_at", "never", "01900000-0000-7000-8000-000000000000"),
        forged("-created_at", "2026-03-01T00:00:00Z", "seven"),
        forged("-created_at", [], "01900000-0000-7000-8000-000000000000"),
        forged("-created_at", {"a": 1}, None),
        forged("-created_at"),
        forged(1, 2, 3),
        "e30",
        "é",
    ],
)
def test_a_cursor_of_another_list_or_made_up_is_422(cursor, leads, api, admin):
    answer = api(admin).get(URL, {"cursor": cursor})
    assert (answer.status_code, answer.json()["detail"][0]["loc"]) == (422, ["query", "cursor"])


def test_a_cursor_reaches_no_other_company(leads, api, stranger):
    assert api(stranger).get(URL, {"cursor": "", "per_page": 100}).json()["leads"] == []


def test_the_total_is_exact_up_to_a_bound_and_says_when_it_is_not(leads, api, admin, monkeypatch):
    monkeypatch.setattr(paging, "COUNTED", 12)
    exact = api(admin).get(URL, {"per_page": 5}).json()
    assert (exact["total"], "total_is_exact" in exact) == (12, False)
    monkeypatch.setattr(paging, "COUNTED", 11)
    bounded = api(admin).get(URL, {"per_page": 5}).json()
    assert (bounded["total"], bounded["total_is_exact"]) == (11, False)
    deep = api(admin).get(URL, {"skip": 11, "limit": 5}).json()
    assert (len(deep["leads"]), deep["total"]) == (1, 11)


@pytest.mark.parametrize(
    ("params", "asked"),
    [
        ({}, 2),  # rows, total
        ({"per_page": 100}, 1),  # the page ends the list: nothing to count
        ({"per_page": 5, "ordering": "-deadline"}, 2),
        ({"cursor": "", "per_page": 5}, 1),
        ({"cursor": "", "per_page": 5, "ordering": "deadline"}, 1),
        ({"page": 10**6}, 1),
    ],
)
@pytest.mark.parametrize("more", [0, 30])
def test_a_list_costs_one_query_beside_the_sign_in_and_the_total(params, asked, more, leads, api, admin):
    with company_active(admin.company_id):
        contact = ContactFactory()
        deadline = START + dt.timedelta(days=1)
        Lead.objects.create_many([Lead(contact=contact, deadline=deadline) for _ in range(more)])
    client = api(admin)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert client.get(URL, params).status_code == 200
    assert len(queries) == asked + 1, [query["sql"] for query in queries]
    assert not any("COUNT(*)" in query["sql"] and "LIMIT" not in query["sql"] for query in queries)


# --- filters -----------------------------------------------------------------------------------------------------


@pytest.fixture
def odd(company):
    """One lead that every filter below finds, and one that none does."""
    with company_active(company.pk):
        found = LeadFactory(
            stage="mql",
            priority=Priority.HIGH,
            source="Web",
            score=70,
            deal_value=Decimal("10000.00"),
            is_duplicate=True,
            custom_fields={"plan": "gold"},
            created_at=START,
        )
        LeadFactory(stage="lead", source="fair", score=10, created_at=START - dt.timedelta(days=2))
    return found


@pytest.mark.parametrize(
    "query",
    [
        "stage=mql",
        "stage=MQL,sql",
        "stage=sql&stage=mql",
        "priority=High",
        "priority=high,urgent",
        "source=Web",
        "source=Web,%20other",
        "min_score=70",
        "min_deal_value=9999.99",
        "is_duplicate=true",
        "is_duplicate=1",
        "custom.plan=gold",
        "created_after=2026-03-01",
        "created_after=2026-03-01T12:00:00Z",
        "created_after=2026-03-01T12:00:00",
        "created_before=2026-03-01&created_after=2026-03-01",
        "created_after=2026-03-01T07:00:00-05:00",
        "unassigned=true&stage=mql",
        "stage=mql&source=",
    ],
)
def test_a_filter_finds_what_it_names(query, odd, api, admin):
    answer = api(admin).get(f"{URL}?{query}")
    assert (answer.status_code, ids(answer)) == (200, [str(odd.pk)])


@pytest.mark.parametrize(
    "query",
    [
        "id=01900000-0000-7000-8000-000000000000",
        "source=nowhere",
        "source=web",
        "min_score=71",
        "stage=lost",
        "custom.plan=tin",
        "custom.other=gold",
        "created_after=2026-03-02",
        "created_before=2026-02-26",
        "unassigned=false",
    ],
)
def test_a_value_that_names_nothing_gives_an_empty_list(query, odd, api, admin):
    answer = api(admin).get(f"{URL}?{query}")
    assert (answer.status_code, answer.json()["leads"], answer.json()["total"]) == (200, [], 0)


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("nothing=1", "nothing"),
        ("stages=mql", "stages"),
        ("format=csv", "format"),
        ("custom.=1", "custom."),
        ("custom.a__b%00=1", "custom.a__b\x00"),
        ("stage=mql,nowhere", "stage"),
        ("priority=3", "priority"),
        ("id=seven", "id"),
        ("id=%7B01900000-0000-7000-8000-000000000000%7D", "id"),
        ("min_score=x", "min_score"),
        ("min_score=1.5", "min_score"),
        ("min_score=1e3", "min_score"),
        ("min_score=99999999999999999999", "min_score"),
        ("min_deal_value=NaN", "min_deal_value"),
        ("min_deal_value=1e400", "min_deal_value"),
        ("min_deal_value=sNaN", "min_deal_value"),
        ("min_deal_value=Infinity", "min_deal_value"),
        ("is_duplicate=maybe", "is_duplicate"),
        ("created_after=yesterday", "created_after"),
        ("created_after=2026-02-30", "created_after"),
        ("created_before=9999-12-31", "created_before"),
        ("created_after=0001-01-01T00:00:00%2B10:00", "created_after"),
        ("created_after=99999999999999999999", "created_after"),
        ("source=a%00b", "source"),
        ("source=" + ",".join("x" * 300), "source"),
        ("source=" + "x" * 1001, "source"),
    ],
)
def test_unknown_filters_and_malformed_values_are_422(query, name, odd, api, admin):
    answer = api(admin).get(f"{URL}?{query}")
    assert answer.status_code == 422, answer.content
    assert [problem["loc"] for problem in answer.json()["detail"]] == [["query", name]]


def test_all_that_is_wrong_is_listed(odd, api, admin):
    answer = api(admin).get(f"{URL}?nothing=1&min_score=x&stage=no")
    assert {problem["loc"][1] for problem in answer.json()["detail"]} == {"nothing", "min_score", "stage"}


def test_a_bare_date_covers_its_whole_day_in_the_companys_zone(api, admin):
    admin.company.timezone = "America/New_York"
    admin.company.save()
    with company_active(admin.company_id):
        made = [
            LeadFactory(created_at=dt.datetime(2026, 3, day, hour, tzinfo=dt.UTC)) for day, hour in ((1, 4), (2, 4))
        ]
    first, second = (str(lead.pk) for lead in made)  # 28 February 23:00 and 1 March 23:00 there
    assert ids(api(admin).get(f"{URL}?created_after=2026-03-01")) == [second]
    assert ids(api(admin).get(f"{URL}?created_before=2026-02-28")) == [first]
    assert ids(api(admin).get(f"{URL}?created_before=2026-03-01&ordering=created_at")) == [first, second]
    assert ids(api(admin).get(f"{URL}?created_after=2026-03-01T23:00:00")) == [second]


def test_broken_utf8_in_a_query_breaks_nothing(odd, api, admin):
    assert api(admin).get(f"{URL}?source=%ff%ED%A0%80").json()["leads"] == []
