"""What the demo's vendors sent: a post for each lead that came of one, others that were refused, and pings before; what
was given back to them; and the keys by which whoever looks around sends more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from zoneinfo import ZoneInfo

from crm.accounts.models import User
from crm.audit.recording import Event
from crm.dashboard.demo.cast import Setting
from crm.dashboard.demo.lives import Life
from crm.vendors.events import VENDOR_KEY_MADE
from crm.vendors.keys import MARK, PREFIX, hash_of
from crm.vendors.models import Kind, Outcome, Vendor, VendorDay, VendorKey, VendorPost, VendorReturn
from leads.events import LEAD_RETURNED, LEAD_STAGE_CHANGED
from leads.models import Lead, Stage, StageChange

TERMS = ((Decimal("38.00"), 25), (Decimal("24.00"), None))  # price and leads a day, vendor by vendor
REFUSALS = {"duplicate": 12, "invalid_phone": 4, "missing_field": 2, "do_not_contact": 1}
REFUSED_SHARE = (0.16, 0.34)  # beside the accepted ones, vendor by vendor
PINGED_SHARE = 0.6
PING_FIRST = timedelta(seconds=40)
RETURNS = ("The number is not in service", "Outside of our area", "Rents the house", "Asked nobody for an offer")
RETURNED = 6


def key_of(code: str) -> str:
    """Printed at every start of a demo, as the password is."""
    return f"{MARK}look-around-2026-{code.lower()}"


def make_keys(setting: Setting, by: User, at: datetime) -> None:
    for vendor in setting.vendors:
        secret = key_of(vendor.code)
        key = VendorKey(vendor=vendor, prefix=secret[:PREFIX], key_hash=hash_of(secret), created_by=by, created_at=at)
        key.save(force_insert=True)
        setting.events.append(Event(VENDOR_KEY_MADE, vendor, by, data={"key": key.prefix}, at=at))


def give_back(setting: Setting, lives: Iterable[Life], by: User, dice: Random) -> list[VendorReturn]:
    """Some of the leads that were lost went back to their vendor, with the reason; the caller writes the rows."""
    lost = [life for life in lives if life.lead.vendor is not None and life.lead.stage == Stage.LOST and life.moves]
    prices = {vendor.pk: price for vendor, (price, _) in zip(setting.vendors, TERMS, strict=False)}
    rows = []
    for number, life in enumerate(dice.sample(lost, min(RETURNED, len(lost)))):
        lead, move, reason = life.lead, life.moves[-1], RETURNS[number % len(RETURNS)]
        assert lead.vendor is not None
        row = VendorReturn(
            vendor=lead.vendor, lead_id=lead.pk, reason=reason, user=by, cost=prices[lead.vendor.pk], at=move.at
        )
        move.reason, move.user, move.is_automatic = f"Returned to {lead.vendor.code}: {reason}", by, False
        life.events[:] = [_moved_by(event, move, by) if event.at == move.at else event for event in life.events]
        data = {"vendor_id": lead.vendor.pk, "return_id": row.pk}
        life.events.append(Event(LEAD_RETURNED, lead, by, data=data, at=move.at))
        rows.append(row)
    return rows


def _moved_by(event: Event, move: StageChange, by: User) -> Event:
    """By whom the lead was lost, and why, as the move says it."""
    if event.action != LEAD_STAGE_CHANGED:
        return event
    return event._replace(by=by, data={**event.data, "reason": move.reason, "is_automatic": False})


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
