"""The names that a company's settings may hold: time zones, countries and currencies."""

from __future__ import annotations

import importlib.resources
from functools import cache
from zoneinfo import available_timezones

import phonenumbers

# ISO 4217, active codes of money in use (funds, metals and test codes left out).
CURRENCIES = frozenset(
    (  # noqa: SIM905
        "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF "
        "CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD "
        "HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD "
        "MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN "
        "PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY "
        "TTD TWD TZS UAH UGX USD UYU UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG"
    ).split()
)


@cache
def countries() -> dict[str, str]:
    """ISO 3166 code → English name, of every country that has phone numbers; ordered by name."""
    table = importlib.resources.files("tzdata").joinpath("zoneinfo/iso3166.tab").read_text("utf-8")
    rows = (line.split("\t") for line in table.splitlines() if line and not line.startswith("#"))
    known = {code: name for code, name in rows if code in phonenumbers.SUPPORTED_REGIONS}
    return dict(sorted(known.items(), key=lambda row: row[1]))


@cache
def timezones() -> tuple[str, ...]:
    """The IANA names of places, and UTC, to choose from; ordered."""
    left_out = ("Etc/", "SystemV/", "posix/", "right/", "US/")
    places = {name for name in available_timezones() if "/" in name and not name.startswith(left_out)}
    return tuple(sorted(places | {"UTC"}))


def is_timezone(name: object) -> bool:
    return isinstance(name, str) and name in available_timezones() and name not in ("localtime", "Factory")
