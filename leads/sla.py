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
    """Of the clock that runs since the last assignment; an earlier breach stands in `breached_at`."""

    NONE = "none", "No clock"
    ON_TRACK = "on_track", "On track"
    DUE_SOON = "due_soon", "Due soon"
    BREACHED = "breached", "Breached"
    MET = "met", "Met"


def sla_status(lead: Lead, at: datetime | None = None) -> SlaStatus:
    """The status at the moment `at` (none: now)."""
    return status_of(lead.deadline, lead.first_response_at, at or now())


def status_of(deadline: datetime | None, first_response_at: datetime | None, at: datetime) -> SlaStatus:
    if deadline is None:
        return SlaStatus.NONE
    if first_response_at is not None:
        return SlaStatus.MET if first_response_at <= deadline else SlaStatus.BREACHED
    if deadline < at:
        return SlaStatus.BREACHED
    return SlaStatus.DUE_SOON if deadline <= at + DUE_SOON else SlaStatus.ON_TRACK


def has_sla_status(status: str, at: datetime) -> Q:
    """The same as a condition on leads."""
    waiting = Q(first_response_at__isnull=True)
    return {
        SlaStatus.NONE: Q(deadline__isnull=True),
        SlaStatus.MET: Q(first_response_at__lte=F("deadline")),
        SlaStatus.BREACHED: Q(first_response_at__gt=F("deadline")) | (waiting & Q(deadline__lt=at)),
        SlaStatus.DUE_SOON: waiting & Q(deadline__gte=at, deadline__lte=at + DUE_SOON),
        SlaStatus.ON_TRACK: waiting & Q(deadline__gt=at + DUE_SOON),
    }[SlaStatus(status)]
