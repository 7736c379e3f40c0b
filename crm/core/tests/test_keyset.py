"""Keyset paging, against plain slices of the sorted list."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils.timezone import now

from crm.core.keyset import BadCursor, Order, Page
from leads.models import Lead
from leads.tests.factories import LeadFactory

pytestmark = pytest.mark.django_db

NAMES = ("-created_at", "created_at", "score", "-score", "deadline", "-deadline", "deal_value", "-deal_value")


@pytest.fixture
def leads(in_company):
    """Ties in every column, and rows without a deadline or a value."""
    moment = now()
    return [
        LeadFactory(
            score=n % 3,
            created_at=moment - timedelta(hours=n % 4, microseconds=n % 2),
            deadline=None if n % 3 == 0 else moment + timedelta(minutes=n % 2),
            deal_value=None if n % 4 == 0 else Decimal("10.50") * (n % 2),
        )
        for n in range(11)
    ]


def by_hand(leads, name):
    column, down = name.removeprefix("-"), name.startswith("-")
    valued = [lead for lead in leads if getattr(lead, column) is not None]
    empty = [lead for lead in leads if getattr(lead, column) is None]
    valued.sort(key=lambda lead: (getattr(lead, column), lead.pk), reverse=down)
    empty.sort(key=lambda lead: lead.pk, reverse=down)
    return [lead.pk for lead in valued + empty]


@pytest.mark.parametrize("name", NAMES)
def test_walking_forwards_and_back_visits_every_row_once_in_order(leads, name):
    order, wanted = Order(Lead, name), by_hand(leads, name)
    pages, position = [], None
    while rows := order.take(Lead.objects.all(), 3, position):
        pages.append([row.pk for row in rows])
        position = order.decode(order.encode(rows[-1]))
    assert [pk for page in pages for pk in page] == wanted

    back, position = [], None
    while rows := order.take(Lead.objects.all(), 3, position, backwards=True):
        back = [row.pk for row in rows] + back
        position = order.position_of(rows[0])
    assert back == wanted


@pytest.mark.parametrize("text", ["", "x", "bm9wZQ", "WyJzY29yZSIsICIxIl0", "é", "e30"])
def test_a_cursor_that_is_not_ours_is_refused(text):
    with pytest.raises(BadCursor):
        Order(Lead, "score").decode(text)


def test_a_cursor_of_another_order_is_refused(leads):
    cursor = Order(Lead, "score").encode(leads[0])
    with pytest.raises(BadCursor):
        Order(Lead, "-created_at").decode(cursor)


def test_a_page_with_values_costs_one_statement(leads, django_assert_num_queries):
    with django_assert_num_queries(1):
        Order(Lead, "deadline").take(Lead.objects.all(), 3)


@pytest.mark.parametrize("name", NAMES)
def test_pages_lead_on_and_back_to_where_they_came_from(leads, name):
    order, wanted, there = Order(Lead, name), by_hand(leads, name), []
    page = order.page(Lead.objects.all(), 4)
    assert page.back == ""
    there.append([row.pk for row in page.rows])
    while page.next:
        page = order.page(Lead.objects.all(), 4, cursor=page.next)
        there.append([row.pk for row in page.rows])
    assert [pk for rows in there for pk in rows] == wanted
    back = []
    while page.back:
        page = order.page(Lead.objects.all(), 4, back=page.back)
        back.append([row.pk for row in page.rows])
    assert back == there[-2::-1]


def test_a_cursor_that_leads_nowhere_begins_anew(leads):
    order = Order(Lead, "score")
    first = order.page(Lead.objects.all(), 4)
    last = order.encode(order.take(Lead.objects.all(), 1, backwards=True)[0])
    for cursor, back in (("nonsense", ""), ("", "nonsense"), (last, ""), ("", order.encode(first.rows[0]))):
        assert order.page(Lead.objects.all(), 4, cursor=cursor, back=back) == first
    assert order.page(Lead.objects.none(), 4, cursor=last) == Page([], "", "")
