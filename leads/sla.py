"""Where a lead stands on its clock, derived at every look: in Python for one, as a condition for a list."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import F, Q
from django.utils.timezone import now

if TYPE_CHECKING:
    from leads.models import Lead

DUE_SOON = timedelta(minutes=30)


class SlaStatus(models.TextChoices):
    """Of the clock that runs since the last assignment; an earlier breach stands in `breached_at`.

    It stops when the lead is closed: without a response by then, in time, it says no more, late it stays breached.
    """

    NONE = "none", "No clock"
    ON_TRACK = "on_track", "On track"
    DUE_SOON = "due_soon", "Due soon"
    BREACHED = "breached", "Breached"
    MET = "met", "Met"


def sla_status(lead: Lead, at: datetime | None = None) -> SlaStatus:
    """The status at the moment `at` (none: now)."""
    return status_of(lead.deadline, lead.first_response_at, lead.closed_at, at or now())


def stopped_at(lead: Lead, at: datetime) -> datetime:
    """Up to when its clock counts: the first response, the lead's end, or now (`at`)."""
    return lead.first_response_at or lead.closed_at or at


def status_of(
    deadline: datetime | None, first_response_at: datetime | None, closed_at: datetime | None, at: datetime
) -> SlaStatus:
    if deadline is None:
        return SlaStatus.NONE
    if first_response_at is not None:
        return SlaStatus.MET if first_response_at <= deadline else SlaStatus.BREACHED
    if closed_at is not None:
        return SlaStatus.NONE if closed_at <= deadline else SlaStatus.BREACHED
    if deadline < at:
        return SlaStatus.BREACHED
    return SlaStatus.DUE_SOON if deadline <= at + DUE_SOON else SlaStatus.ON_TRACK


def has_sla_status(status: str, at: datetime) -> Q:
    """The same as a condition on leads."""
    unanswered = Q(first_response_at__isnull=True)
    running = unanswered & Q(closed_at__isnull=True)
    return {
        SlaStatus.NONE: Q(deadline__isnull=True) | (unanswered & Q(closed_at__lte=F("deadline"))),
        SlaStatus.MET: Q(first_response_at__lte=F("deadline")),
        SlaStatus.BREACHED: Q(first_response_at__gt=F("deadline"))
        | (unanswered & Q(closed_at__gt=F("deadline")))
        | (running & Q(deadline__lt=at)),
        SlaStatus.DUE_SOON: running & Q(deadline__gte=at, deadline__lte=at + DUE_SOON),
        SlaStatus.ON_TRACK: running & Q(deadline__gt=at + DUE_SOON),
    }[SlaStatus(status)]
