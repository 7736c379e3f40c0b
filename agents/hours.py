"""An agent's working hours: its own, or where it has none its company's, on the clocks of its own zone."""

from __future__ import annotations

from agents.models import Agent
from crm.accounts.models import Company
from crm.core.working_hours import WorkingHours


def hours_of(agent: Agent, company: Company) -> WorkingHours:
    """Hours `{}` of its own mean that it never works; `None` that it works as the company does."""
    hours = company.business_hours if agent.business_hours is None else agent.business_hours
    return WorkingHours.read(hours, agent.timezone or company.timezone, company.holidays)
