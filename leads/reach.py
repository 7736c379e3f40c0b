"""How far ahead a call may be planned: a moment that nobody will live to see is a slip of the pen."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils.timezone import now

from crm.core.errors import InvalidField

FARTHEST = timedelta(days=366 * 10)
TOO_FAR = "Must be within ten years"


def is_too_far(at: datetime | None, *, seen_from: datetime | None = None) -> bool:
    return at is not None and at > (seen_from or now()) + FARTHEST


def refuse_too_far(at: datetime | None, field: str = "schedule_at") -> None:
    """Raises `InvalidField`; a moment in the past means now."""
    if is_too_far(at):
        raise InvalidField(field, TOO_FAR)
