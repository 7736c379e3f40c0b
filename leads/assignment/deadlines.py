"""When the first response to a lead is due, and by when its agent must have touched it."""

from __future__ import annotations

from datetime import datetime, timedelta

from crm.accounts.models import Company, SlaClock
from crm.core.working_hours import WorkingHours
from leads.models import Priority


def sla_minutes(company: Company, priority: int) -> int:
    """By priority where the company says so, else for all alike."""
    return int(company.sla_by_priority.get(Priority(priority).name.lower(), company.sla_duration_minutes))


def deadline_for(company: Company, priority: int, start: datetime) -> datetime | None:
    """`start` and the SLA duration on the company's clock; none where a business clock would never reach it."""
    return _after(company, start, sla_minutes(company, priority))


def accept_deadline(company: Company, start: datetime) -> datetime | None:
    """`start` and the company's accept time on the same clock; none where the company has no accept time."""
    return None if company.accept_minutes is None else _after(company, start, company.accept_minutes)


def _after(company: Company, start: datetime, minutes: int) -> datetime | None:
    if company.sla_clock == SlaClock.BUSINESS:
        hours = WorkingHours.read(company.business_hours, company.timezone, company.holidays)
        return hours.add_working_minutes(start, minutes)
    try:
        return start + timedelta(minutes=minutes)
    except OverflowError:
        return None
