"""The quick reading of phone numbers agrees with `phonenumbers` wherever it says anything."""

from __future__ import annotations

import random

import phonenumbers
import pytest
from hypothesis import example, given, settings, strategies
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from leads.phone_numbers import _parsed
from leads.plain_numbers import read_plain

REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)
FORMATS = (PhoneNumberFormat.E164, PhoneNumberFormat.INTERNATIONAL, PhoneNumberFormat.NATIONAL)


def examples(region: str) -> list[str]:
    """Numbers of every kind in every form, and others that differ in a few digits."""
    chance, written = random.Random(region), []
    for kind in PhoneNumberType.values():
        number = phonenumbers.example_number_for_type(region, kind)
        if number is not None:
            written += [phonenumbers.format_number(number, form) for form in FORMATS]
    spoilt = [
        "".join(chance.choice("0123456789") if c.isdigit() and chance.random() < 0.3 else c for c in t) for t in written
    ]
    return [*written, *spoilt, *(text[:-1] for text in written), *(f"{text}7" for text in written)]


@pytest.mark.parametrize("region", REGIONS)
def test_every_countrys_numbers_are_read_as_the_library_reads_them(region: str) -> None:
    for text in examples(region):
        for country in (region, "US"):
            quick = read_plain(text, country)
            assert quick is None or quick == _parsed(text, country), (text, country)


@settings(max_examples=600)
@given(
    text=strategies.text(strategies.sampled_from("0123456789 ().-+"), min_size=3, max_size=20),
    country=strategies.sampled_from(["US", "GB", "DE", "FR", "IT", "AR", "BR", "MX", "CH", "AU", "JM", "XX", ""]),
)
@example(text="(((415)))5552671", country="US")
@example(text="0041 44 668 18 00", country="CH")
@example(text="1 415 555 2671", country="US")
def test_what_looks_like_a_number_is_read_as_the_library_reads_it(text: str, country: str) -> None:
    quick = read_plain(text, country)
    assert quick is None or quick == _parsed(text, country)


@pytest.mark.parametrize(
    ("text", "country", "number"),
    [
        ("+14155552671", "", "+14155552671"),
        ("(415) 555-2671", "US", "+14155552671"),
        ("030 901820", "DE", "+4930901820"),
        ("+44 20 7183 8750", "US", "+442071838750"),
        ("06 12 34 56 78", "FR", "+33612345678"),
        ("06 698 12345", "IT", "+390669812345"),
    ],
)
def test_everyday_forms_are_read_quickly(text: str, country: str, number: str) -> None:
    assert read_plain(text, country) == number


@pytest.mark.parametrize("text", ["12", "+1 415 555", "hello", "+999 12345678", "415-555-2671 x9", "", "+", "٣٣٣٣٣٣"])
def test_what_is_none_is_left_to_the_library(text: str) -> None:
    assert read_plain(text, "US") is None
