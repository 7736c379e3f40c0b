"""What calls mean for a lead's deadline: the first one placed meets it, whatever becomes of the lead."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine

from agents.models import Agent
from calls.actions import apply_update, call_due_of, place_call
from calls.models import Call
from calls.tests.conftest import NOON
from calls.tests.fakes import update
from crm.accounts.models import User
from crm.providers.ports import CallOutcome, CallStatus
from crm.sla.actions import mark_overdue
from crm.sla.models import Timer
from leads.assignment import assign_lead
from leads.models import Lead
from leads.sla import has_sla_status, sla_status
from leads.tests.factories import LeadFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_company", "run_later")]


def test_a_lead_that_was_called_in_time_is_no_breach_when_it_is_given_up(
    voice: Agent, manager: User, line: Any
) -> None:
    """Closed by the scheduler with `no_answer`, and looked at after its deadline."""
    with time_machine.travel(NOON, tick=False):
        lead = assign_lead(LeadFactory(), voice, by=manager)
    for hours in range(voice.max_attempts):
        at = NOON + timedelta(hours=hours, minutes=5 + hours)
        with time_machine.travel(at, tick=False):
            assert call_due_of(voice.pk) == 1
            call = Call.objects.active().get()
            place_call(call.pk)
            apply_update(call, update(call.pk, CallStatus.COMPLETED, outcome=CallOutcome.NO_ANSWER, at=at))
            mark_overdue(at)
    lead.refresh_from_db()
    later = lead.deadline + timedelta(days=3)
    mark_overdue(later)
    lead.refresh_from_db()
    assert (lead.status, lead.disposition, lead.breached_at) == ("done", "no_answer", None)
    assert (sla_status(lead, later), Timer.objects.get(lead=lead).get_outcome()) == ("met", "met")
    assert not Lead.objects.filter(has_sla_status("breached", later)).exists()
