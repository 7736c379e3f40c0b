"""Numbers as people write them."""

from __future__ import annotations

import pytest

from leads.errors import InvalidPhone
from leads.phone_numbers import normalize, zones_of


@pytest.mark.parametrize(
    ("text", "country", "e164"),
    [
        ("+14155552671", "US", "+14155552671"),
        ("+14155552671", "DE", "+14155552671"),
        ("415-555-2672", "US", "+14155552672"),
        ("(415) 555-2673", "US", "+14155552673"),
        ("703.555.9171", "US", "+17035559171"),
        ("415.555.2671x0123", "US", "+14155552671"),
        ("+1 415 555 2671 ext. 12", "US", "+14155552671"),
        ("tel:+14155552671", "US", "+14155552671"),
        ("\u202a+1 415\u00a0555\u20112671", "US", "+14155552671"),
        ("＋１４１５５５５２６７１", "US", "+14155552671"),
        ("٤١٥٥٥٥٢٦٧١", "US", "+14155552671"),
        ("1-800-FLOWERS", "US", "+18003569377"),
        ("011 44 20 7183 8750", "US", "+442071838750"),
        ("0044 20 7183 8750", "US", "+442071838750"),
        ("00442071838750", "GB", "+442071838750"),
        ("+44 (0)20 7183 8750", "US", "+442071838750"),
        ("020 7183 8750", "GB", "+442071838750"),
        ("030 901820", "DE", "+4930901820"),
        ("+919876543210", "US", "+919876543210"),
    ],
)
def test_what_is_understood(text: str, country: str, e164: str) -> None:
    assert normalize(text, country) == e164


@pytest.mark.parametrize(
    "text",
    ["", "  ", "call me", "12", "(415) 555-invalid", "+1 395 557 1028", "+15555550100", "00", "\x00", "+" + "9" * 300],
)
def test_what_is_refused(text: str) -> None:
    with pytest.raises(InvalidPhone, match="Invalid phone number format") as refusal:
        normalize(text, "US")
    assert refusal.value.text == text


def test_every_zone_of_a_number() -> None:
    assert zones_of("+14155552671") == ("America/Los_Angeles",)
    assert "America/New_York" in zones_of("+18005552671")
    assert zones_of("+442071838750") == ("Europe/London",)
    assert zones_of("") == zones_of("nonsense") == ()
