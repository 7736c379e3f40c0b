"""What templates show often."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.http import QueryDict
from django.template import Context, Template
from django.utils import timezone

from crm.core.templatetags import icons, ui

BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 11, 18, 12, 0, tzinfo=BERLIN)  # a Wednesday


@pytest.mark.parametrize(
    ("moment", "said"),
    [
        (NOON - timedelta(seconds=20), "now"),
        (NOON - timedelta(minutes=12), "12 min ago"),
        (NOON + timedelta(hours=1, minutes=14), "in 1 h 14"),
        (NOON - timedelta(hours=3), "3 h ago"),
        (NOON - timedelta(hours=8), "04:00"),
        (NOON - timedelta(hours=20), "yesterday"),
        (NOON + timedelta(hours=24), "tomorrow, 12:00"),
        (NOON - timedelta(days=5), "Fri"),
        (NOON + timedelta(days=3), "Sat, 12:00"),
        (NOON - timedelta(days=10), "8 Nov"),
        (NOON - timedelta(days=400), "14 Oct 2025"),
    ],
)
def test_times_are_said_as_people_say_them(moment, said):
    with time_machine.travel(NOON, tick=False), timezone.override(BERLIN):
        shown = ui.when(moment)
    assert f">{said}</time>" in shown
    assert f'title="{moment:%a} {moment.day} {moment:%b %Y, %H:%M:%S} CE' in shown
    assert f'datetime="{moment.isoformat(timespec="seconds")}"' in shown


def test_django_writes_times_as_the_pages_do():
    """The admin's columns, and whatever a template writes without a filter."""
    shown = Template("{{ at }}; {{ at|date }}; {{ at|time }}; {{ at|date:'SHORT_DATETIME_FORMAT' }}")
    with timezone.override(BERLIN):
        assert shown.render(Context({"at": NOON + timedelta(hours=2)})) == (
            "18 Nov 2026, 14:00; 18 Nov 2026; 14:00; 2026-11-18 14:00"
        )


def test_no_time_is_a_dash():
    assert "–" in ui.when(None)


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [
        (Decimal("42000.00"), "USD", "$42,000"),
        (Decimal("10.50"), "EUR", "€10.50"),
        (Decimal("-3"), "GBP", "−£3"),
        (Decimal("1999.60"), "JPY", "¥2,000"),
        (Decimal("5"), "CHF", "CHF 5"),
        (None, "USD", "–"),
    ],
)
def test_money_stands_with_its_currency(amount, currency, shown):
    assert ui.money(amount, currency) == shown


@pytest.mark.parametrize(
    ("name", "letters"), [("Priya Raghunathan", "PR"), ("Aria", "Ar"), ("van den Berg", "VB"), ("", "?"), ("— ☎", "?")]
)
def test_a_face_has_two_letters(name, letters):
    assert ui.initials(name) == letters


@pytest.mark.parametrize(
    ("percent", "level"), [(None, ""), (79, ""), (80, "warn"), (99, "warn"), (100, "bad"), (110, "bad")]
)
def test_load_turns_amber_at_80_percent_and_red_when_full(percent, level):
    assert ui.load_level(percent) == level


def test_names_are_escaped_in_faces_and_meters_speak():
    assert "<b>" not in ui.face("<b> <i>", 50)
    assert 'aria-label="20 of 25 open leads held"' in ui.load_meter(20, 25)
    assert ui.load_meter(20, None) == ""


def test_a_link_changes_one_part_of_the_address_and_keeps_the_rest():
    request = SimpleNamespace(GET=QueryDict("stage=sql&cursor=abc&tags=a%26b"))
    shown = Template('{% load ui %}{% query cursor="" back="x y" %}').render(Context({"request": request}))
    assert shown.replace("&amp;", "&") == "?stage=sql&tags=a%26b&back=x+y"


def test_every_icon_is_hidden_from_screen_readers_and_unknown_ones_fail():
    for name in ("phone", "s-mql", "s-customer", "band2"):
        assert 'aria-hidden="true"' in icons.draw(name, "")
    with pytest.raises(Exception, match="no-such-icon"):
        icons.draw("no-such-icon", "")
