"""Clocks of leads that become one, and of two again."""

from __future__ import annotations

from typing import Any

import pytest

from crm.jobs.actions import undo_job
from crm.jobs.running import run_job
from crm.sla.models import Timer
from leads.actions import create_lead
from leads.duplicates.jobs import merge_contacts_now
from leads.tests.factories import ContactFactory

pytestmark = pytest.mark.usefixtures("in_company")


def test_a_clock_ends_with_the_lead_that_was_merged_away_and_runs_again_after_undo(manager: Any, agent: Any) -> None:
    this, other = ContactFactory(), ContactFactory()
    mine = create_lead({"contact_id": this.pk}, by=manager, agent=agent)
    theirs = create_lead({"contact_id": other.pk}, by=manager, agent=agent)
    assert set(Timer.objects.running().values_list("lead", flat=True)) == {mine.pk, theirs.pk}
    job, done = merge_contacts_now(this, other, by=manager)
    assert done.leads_merged == 1
    assert list(Timer.objects.running().values_list("lead", flat=True)) == [mine.pk]
    run_job(undo_job(job, by=manager).pk)
    assert set(Timer.objects.running().values_list("lead", flat=True)) == {mine.pk, theirs.pk}
    theirs.refresh_from_db()
    assert theirs.merged_into is None and theirs.is_open
