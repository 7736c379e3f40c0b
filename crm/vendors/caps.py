"""How many leads a vendor may still send today, exactly, however many it posts at once."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from django.db.models import F
from django.utils.timezone import now

from crm.accounts.models import Company
from crm.audit.recording import record
from crm.core.actors import VendorActor
from crm.core.tenancy import current_company_id
from crm.vendors.errors import DailyCapReached
from crm.vendors.events import VENDOR_CAP_REACHED
from crm.vendors.models import Reservation, Vendor, VendorDay


def company_day(at: dt.datetime | None = None) -> dt.date:
    """Today in the company's time zone."""
    company = Company.objects.only("timezone").get(pk=current_company_id())
    return (at or now()).astimezone(ZoneInfo(company.timezone)).date()


def accepted_on(vendor: Vendor, day: dt.date) -> int:
    return VendorDay.objects.filter(vendor=vendor, day=day).values_list("accepted", flat=True).first() or 0


def refuse_if_full(vendor: Vendor, *, reserving: list[str] | None = None) -> None:
    """Raises `DailyCapReached`. For a ping (`reserving` these hashes) what the vendor has reserved counts too."""
    if vendor.daily_cap is None:
        return
    taken = accepted_on(vendor, company_day())
    if reserving is not None:
        taken += Reservation.objects.filter(vendor=vendor, expires_at__gt=now()).exclude(sha256__in=reserving).count()
    if taken >= vendor.daily_cap:
        raise DailyCapReached(vendor.daily_cap)


def take_place(vendor: Vendor) -> None:
    """Count one accepted lead, or raise `DailyCapReached`: last in the transaction, for others wait at this row.

    The one that fills the day is told.
    """
    day = company_day()
    VendorDay.objects.bulk_create([VendorDay(vendor=vendor, day=day)], ignore_conflicts=True)
    places = VendorDay.objects.filter(vendor=vendor, day=day)
    if vendor.daily_cap is not None:
        places = places.filter(accepted__lt=vendor.daily_cap)
    if not places.update(accepted=F("accepted") + 1):
        raise DailyCapReached(vendor.daily_cap or 0)
    if vendor.daily_cap is not None and accepted_on(vendor, day) >= vendor.daily_cap:
        record(VENDOR_CAP_REACHED, vendor, by=VendorActor(vendor.pk, vendor.code), data={"day": day})
