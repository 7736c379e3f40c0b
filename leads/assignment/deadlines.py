"""When the first response to a lead is due."""

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
    minutes = sla_minutes(company, priority)
    if company.sla_clock == SlaClock.BUSINESS:
        hours = WorkingHours.read(company.business_hours, company.timezone, company.holidays)
        return hours.add_working_minutes(start, minutes)
    try:
        return start + timedelta(minutes=minutes)
    except OverflowError:
        return None
