"""Whose the next post of a person is: one row for each hash of a phone number or e-mail address."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from django.utils.timezone import now

from crm.core.errors import Conflict
from crm.vendors.errors import ReservedByAnother
from crm.vendors.models import Reservation, Vendor

RESERVED_FOR = dt.timedelta(minutes=10)
TRIES = 3


def reserve(vendor: Vendor, hashes: Iterable[str]) -> dt.datetime:
    """Hold the hashes for the vendor; the moment until when. One that it holds already keeps its end.

    Whoever reserves or posts the same at the same time waits here, at the unique index. Raises `ReservedByAnother`.
    """
    wanted = sorted(set(hashes))
    for _ in range(TRIES):
        at = now()
        fresh = [Reservation(vendor=vendor, sha256=digest, expires_at=at + RESERVED_FOR) for digest in wanted]
        Reservation.objects.bulk_create(fresh, ignore_conflicts=True)
        rows = list(Reservation.objects.filter(sha256__in=wanted).select_for_update().order_by("sha256"))
        if len(rows) == len(wanted):
            return min(_taken(row, vendor, at) for row in rows)
    raise Conflict("The reservation has just changed; try again")  # each time one was released in between


def _taken(row: Reservation, vendor: Vendor, at: dt.datetime) -> dt.datetime:
    if row.expires_at > at:
        if row.vendor_id != vendor.pk:
            raise ReservedByAnother
        return row.expires_at
    row.vendor, row.expires_at = vendor, at + RESERVED_FOR
    row.save(update_fields=["vendor", "expires_at"])
    return row.expires_at


def release(vendor: Vendor, hashes: Iterable[str]) -> None:
    """The person has been posted: its lead keeps the others out from now on."""
    Reservation.objects.filter(vendor=vendor, sha256__in=list(hashes)).delete()


def purge_over() -> int:
    """Throw away what ended; the number of rows."""
    return Reservation.objects.filter(expires_at__lt=now()).delete()[0]
