"""Calls of leads that become one, and of two again."""

from __future__ import annotations

from typing import Any

import pytest

from calls.models import Call
from calls.tests.factories import CallFactory
from crm.jobs.actions import undo_job
from crm.jobs.running import run_job
from leads.duplicates.jobs import merge_leads_now
from leads.models import Lead
from leads.tests.factories import LeadFactory

pytestmark = pytest.mark.usefixtures("in_company")


def attempts(lead: Lead) -> list[int]:
    return list(Call.objects.filter(lead=lead).order_by("attempt").values_list("attempt", flat=True))


def test_calls_go_along_counted_on_behind_those_that_are_there_and_go_back(manager: Any) -> None:
    this = LeadFactory(attempts_count=2)
    other = LeadFactory(contact=this.contact, attempts_count=2)
    for lead in (this, other):
        CallFactory(lead=lead, attempt=1), CallFactory(lead=lead, attempt=2)
    job, done = merge_leads_now(this, other, by=manager)
    this.refresh_from_db()
    assert (attempts(this), attempts(other), this.attempts_count, done.rows) == ([1, 2, 3, 4], [], 4, 2)
    run_job(undo_job(job, by=manager).pk)
    this.refresh_from_db()
    assert (attempts(this), attempts(other), this.attempts_count) == ([1, 2], [1, 2], 2)
