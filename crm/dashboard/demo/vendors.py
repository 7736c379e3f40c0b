"""What the demo's vendors sent: a post for each lead that came of one, others that were refused, and pings before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from zoneinfo import ZoneInfo

from crm.dashboard.demo.cast import Setting
from crm.vendors.models import Kind, Outcome, Vendor, VendorDay, VendorPost
from leads.models import Lead

TERMS = ((Decimal("38.00"), 25), (Decimal("24.00"), None))  # price and leads a day, vendor by vendor
REFUSALS = {"duplicate": 12, "invalid_phone": 4, "missing_field": 2, "do_not_contact": 1}
REFUSED_SHARE = (0.16, 0.34)  # beside the accepted ones, vendor by vendor
PINGED_SHARE = 0.6
PING_FIRST = timedelta(seconds=40)


def tell_of_vendors(setting: Setting, leads: Iterable[Lead], dice: Random) -> None:
    """Posts, pings and days as the intake would have kept them; the scorecards are read from these."""
    sent: dict[Vendor, list[Lead]] = {vendor: [] for vendor in setting.vendors}
    for lead in leads:
        if lead.vendor is not None:
            sent[lead.vendor].append(lead)
    for vendor, (price, cap), share in zip(sent, TERMS, REFUSED_SHARE, strict=False):
        Vendor.objects.filter(pk=vendor.pk).update(price=price, daily_cap=cap)
        VendorPost.objects.create_many(_posts(vendor, sent[vendor], price, share, dice))
        VendorDay.objects.create_many(_days(vendor, sent[vendor], ZoneInfo(setting.company.timezone)))


def _posts(vendor: Vendor, leads: list[Lead], price: Decimal, refused: float, dice: Random) -> Iterator[VendorPost]:
    for lead in leads:
        at = lead.created_at
        if dice.random() < PINGED_SHARE:
            yield VendorPost(vendor=vendor, kind=Kind.PING, at=at - PING_FIRST)
        yield VendorPost(vendor=vendor, lead_id=lead.pk, cost=price, at=at)
        if dice.random() < refused:
            yield _refused(vendor, at + timedelta(minutes=dice.randrange(1, 50)), dice)


def _refused(vendor: Vendor, at: datetime, dice: Random) -> VendorPost:
    [reason] = dice.choices([*REFUSALS], [*REFUSALS.values()])
    kind = Kind.PING if reason == "duplicate" and dice.random() < 0.5 else Kind.POST
    return VendorPost(vendor=vendor, kind=kind, outcome=Outcome.REFUSED, reason_code=reason, at=at)


def _days(vendor: Vendor, leads: list[Lead], zone: ZoneInfo) -> Iterator[VendorDay]:
    counted = Counter(lead.created_at.astimezone(zone).date() for lead in leads)
    return (VendorDay(vendor=vendor, day=day, accepted=accepted) for day, accepted in counted.items())
