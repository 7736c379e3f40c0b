"""Calls for tests, written straight to the tables: no rule, no event."""

from __future__ import annotations

from datetime import timedelta

import factory
from django.utils.timezone import now

from agents.tests.factories import VoiceAgentFactory
from calls.models import Call, Outcome, Status
from crm.accounts.tests.factories import TenantFactory
from leads.tests.factories import LeadFactory

ALWAYS = {day: [["00:00", "24:00"]] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}


class CallFactory(TenantFactory):
    """One logged by hand, answered and over."""

    lead = factory.SubFactory(LeadFactory)
    contact = factory.SelfAttribute("lead.contact")
    agent = factory.SelfAttribute("lead.agent")
    attempt = 1
    is_manual = True
    status = Status.COMPLETED
    outcome = Outcome.ANSWERED
    phone_e164 = factory.SelfAttribute("contact.phone_e164")
    search_text = factory.SelfAttribute("lead.search_text")
    duration_seconds = 60
    ended_at = factory.LazyFunction(lambda: now() - timedelta(minutes=1))

    class Meta:
        model = Call


class OpenVoiceAgentFactory(VoiceAgentFactory):
    """One that calls at all hours, on five lines."""

    business_hours = ALWAYS
    max_concurrent_calls = 5
    caller_number = "+14155550100"
