"""Phone numbers in their everyday forms, read at a tenth of the time that `phonenumbers` takes for all forms.

What it answers is what `phonenumbers` answers; where it is not sure, it answers nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata
from phonenumbers.phonemetadata import PhoneNumberDesc

EVERYDAY = re.compile(r"(\+?)([\d ().-]{5,25})", re.ASCII)
MARKS = str.maketrans("", "", " ().-")
WORLD = "001"  # the region of codes that are no country's: +800
KINDS = (
    "fixed_line", "mobile", "toll_free", "premium_rate", "shared_cost", "voip", "personal_number", "pager", "uan",
    "voicemail",
)  # fmt: skip


def read_plain(text: str, country: str) -> str | None:
    """The number in E.164; none where it is no valid one, or not plainly so."""
    found = EVERYDAY.fullmatch(text)
    if found is None:
        return None
    digits = found[2].translate(MARKS)
    if found[1]:
        code, plan = _of_code(digits)
        digits = digits[len(code) :]
    else:
        plan = _plan(country)
        if plan is None or plan.may_hold_code(digits):
            return None
    number = plan.significant(digits) if plan is not None else None
    return f"+{plan.code}{number}" if plan is not None and number and _is_valid(plan.code, number) else None


@dataclass(frozen=True)
class Pattern:
    """Digits that make a number of one kind in one region."""

    lengths: frozenset[int]
    digits: re.Pattern[str]

    def fits(self, number: str) -> bool:
        return len(number) in self.lengths and self.digits.fullmatch(number) is not None


@dataclass(frozen=True)
class Plan:
    """How the numbers of a region are written."""

    code: str
    general: Pattern
    kinds: tuple[Pattern, ...]
    leading: re.Pattern[str] | None  # what tells the region from others with its code
    abroad: re.Pattern[str] | None  # dialled before another country's code
    trunk: re.Pattern[str] | None  # dialled before a number of the country itself
    trunk_digits: str  # where that is nothing but these digits

    def may_hold_code(self, digits: str) -> bool:
        """Whether a number with no plus may all the same begin with a country's code."""
        if self.abroad is not None and self.abroad.match(digits):
            return True
        return digits.startswith(self.code) and not self.general.fits(digits)

    def significant(self, digits: str) -> str | None:
        """Without what is dialled before it; none where that takes more than a look."""
        if self.trunk is None or not self.trunk.match(digits):
            return digits if digits.strip("0") else None
        rest = digits.removeprefix(self.trunk_digits)
        return rest if self.trunk_digits and rest.strip("0") and self.general.fits(rest) else None

    def holds(self, number: str) -> bool:
        return self.general.fits(number) and any(kind.fits(number) for kind in self.kinds)


def _of_code(digits: str) -> tuple[str, Plan | None]:
    for length in (1, 2, 3):
        code = digits[:length]
        if code[0] != "0" and int(code) in COUNTRY_CODE_TO_REGION_CODE:
            return code, _plans(code)[0]
    return "", None


def _is_valid(code: str, number: str) -> bool:
    """Of regions that share a code the first one that claims the number says."""
    plans = _plans(code)
    if len(plans) == 1:
        return plans[0].holds(number)
    for plan in plans:
        if plan.leading is not None:
            if plan.leading.match(number):
                return plan.holds(number)
        elif plan.holds(number):
            return True
    return False


@cache
def _plans(code: str) -> tuple[Plan, ...]:
    """The main region's first."""
    regions = COUNTRY_CODE_TO_REGION_CODE[int(code)]
    known = (_read(region, code) if region == WORLD else _plan(region) for region in regions)
    return tuple(plan for plan in known if plan is not None)


@cache
def _plan(region: str) -> Plan | None:
    return _read(region, "")


def _read(region: str, code: str) -> Plan | None:
    known = (
        PhoneMetadata.metadata_for_nongeo_region(int(code))
        if region == WORLD
        else PhoneMetadata.metadata_for_region(region.upper())
    )
    if known is None or (general := _pattern(known.general_desc)) is None:
        return None
    trunk = known.national_prefix_for_parsing or ""
    plain = trunk if trunk.isdigit() and not known.national_prefix_transform_rule else ""
    kinds = (_pattern(getattr(known, kind)) for kind in KINDS)
    return Plan(
        str(known.country_code),
        general,
        tuple(kind for kind in kinds if kind is not None),
        re.compile(known.leading_digits) if known.leading_digits else None,
        re.compile(known.international_prefix) if known.international_prefix else None,
        re.compile(trunk) if trunk else None,
        plain,
    )


def _pattern(desc: PhoneNumberDesc | None) -> Pattern | None:
    if desc is None or desc.national_number_pattern is None:
        return None
    lengths = desc.possible_length or range(1, 18)
    return Pattern(frozenset(lengths), re.compile(desc.national_number_pattern))
