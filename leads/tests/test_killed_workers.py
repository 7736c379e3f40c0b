"""Worker processes killed in the middle of a bulk assignment and of an export: nothing is lost or done twice."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from django.http import QueryDict

from agents.models import Agent
from crm.accounts.models import Company, User
from crm.audit.models import AuditEntry
from crm.core.tenancy import company_active
from crm.jobs.models import Job
from crm.lists.engine import read_request
from crm.lists.exporting import start_export
from crm.lists.listings import Reader, listing_of
from leads.bulk_jobs import ASSIGN, BulkWork, start
from leads.models import Assignment, Lead
from leads.tests.factories import LeadFactory
from leads.tests.workers import killed_in_the_middle, need_one_database, taken_up

ROWS = 120
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def leads(company: Company, monkeypatch: pytest.MonkeyPatch) -> list[Lead]:
    need_one_database(monkeypatch)
    with company_active(company.pk):
        return [LeadFactory(source=f"s{n}") for n in range(ROWS)]


def test_a_bulk_assignment_places_each_lead_once(company: Company, manager: User, agent: Agent, leads: Any) -> None:
    with company_active(company.pk):
        Agent.objects.filter(pk=agent.pk).update(max_capacity=ROWS)
        work = BulkWork(ASSIGN, filters={"unassigned": "true"}, strategy="manual", pool=[agent.pk])
        job = start(work, by=manager, total=ROWS)
        left = killed_in_the_middle(company, job)
        assert Lead.objects.filter(agent=agent).count() == left.succeeded, "what the batch had written is gone"
        taken_up(company, job)
        assert (job.processed, job.succeeded, job.failed) == (ROWS, ROWS, 0)
        assert job.result["distribution"] == {str(agent.pk): ROWS}
        assert Lead.objects.filter(agent=agent).count() == Assignment.objects.count() == ROWS
        assert AuditEntry.objects.filter(action="lead.assigned").count() == ROWS


def test_an_export_holds_each_row_once(company: Company, manager: User, leads: Any) -> None:
    with company_active(company.pk):
        reader = Reader(manager)
        request = read_request(listing_of("leads"), QueryDict("format=csv&columns=source&ordering=created_at"), reader)
        job = start_export(request, reader, wait=False)
        assert isinstance(job, Job)
        killed_in_the_middle(company, job)
        taken_up(company, job)
        assert (job.processed, job.succeeded) == (ROWS, ROWS)
        with job.result_file.open("rb") as file:
            rows = list(csv.DictReader(io.StringIO(file.read().decode("utf-8-sig"))))
    assert [next(iter(row.values())) for row in rows] == [f"s{n}" for n in range(ROWS)]
