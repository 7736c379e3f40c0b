"""Races on PostgreSQL with real threads, and the statements that the hot paths may cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from agents.models import Agent
from crm.accounts.models import Company, User
from crm.core.errors import Refused
from crm.core.tenancy import company_active
from leads.actions import create_lead, set_disposition, set_stage, set_status, update_contact, update_lead
from leads.models import Contact, Lead
from leads.routing.rules import active_rules
from leads.tests.factories import ContactFactory, LeadFactory

on_postgres = pytest.mark.skipif(connection.vendor != "postgresql", reason="needs PostgreSQL")
JOHN = {"first_name": "John", "phone_e164": "+14155552671"}


def together(company: Company, works: list[Callable[[], Any]]) -> Counter[str]:
    """Run all at once, each in a thread with a connection of its own; outcomes by name."""
    barrier = Barrier(len(works))

    def run(work: Callable[[], Any]) -> str:
        try:
            with company_active(company.pk):
                barrier.wait()
                work()
            return "done"
        except Refused as refusal:
            return type(refusal).__name__
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(works)) as pool:
        return Counter(pool.map(run, works))


@on_postgres
@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
class TestRaces:
    def test_thirty_at_once_make_one_contact_and_one_lead(self, company: Company, manager: User) -> None:
        outcomes = together(company, [lambda: create_lead(JOHN, by=manager)] * 30)
        assert outcomes == {"done": 1, "DuplicateLead": 29}
        with company_active(company.pk):
            assert (Contact.objects.count(), Lead.objects.count()) == (1, 1)

    def test_thirty_at_once_for_a_known_contact_make_one_lead(self, company: Company, manager: User) -> None:
        with company_active(company.pk):
            ContactFactory(phone_e164="+14155552671")
        outcomes = together(company, [lambda: create_lead(JOHN, by=manager)] * 30)
        assert outcomes == {"done": 1, "DuplicateLead": 29}
        with company_active(company.pk):
            assert (Contact.objects.count(), Lead.objects.count()) == (1, 1)

    def test_thirty_at_once_for_one_agent(self, company: Company, manager: User, agent: Agent) -> None:
        outcomes = together(company, [lambda: create_lead(JOHN, by=manager, agent=agent)] * 30)
        assert outcomes == {"done": 1, "DuplicateLead": 29}
        with company_active(company.pk):
            assert (Contact.objects.count(), Lead.objects.count()) == (1, 1)

    def test_the_same_person_by_phone_and_by_email_at_once(self, company: Company, manager: User) -> None:
        both = {"first_name": "A", "phone_e164": "+14155552671", "email": "a@example.org"}
        bodies = [both, {**both, "phone_e164": ""}, {**both, "email": ""}] * 8
        outcomes = together(company, [lambda body=body: create_lead(body, by=manager) for body in bodies])
        assert set(outcomes) <= {"done", "DuplicateLead"}
        with company_active(company.pk):
            assert Contact.objects.count() <= 2
            assert Lead.objects.count() == Contact.objects.count() == outcomes["done"]

    def test_one_email_is_filled_into_one_of_many_contacts(self, company: Company, manager: User) -> None:
        with company_active(company.pk):
            contacts = [ContactFactory(email="") for _ in range(10)]
        works = [lambda c=c: create_lead({"contact_id": c.pk, "email": "a@example.org"}, by=manager) for c in contacts]
        assert together(company, works) == {"done": 10}
        with company_active(company.pk):
            assert Contact.objects.filter(email="a@example.org").count() == 1

    def test_changes_of_one_lead_and_its_contact_wait_and_never_deadlock(
        self, company: Company, manager: User, agent: Agent
    ) -> None:
        with company_active(company.pk):
            lead = create_lead({**JOHN, "phone_e164": "+14155552671"}, by=manager, agent=agent)
            contact = lead.contact
        works: list[Callable[[], Any]] = []
        for number in range(6):
            works += [
                lambda n=number: update_lead(lead, {"last_name": f"N{n}", "source": f"s{n}"}, by=manager),
                lambda n=number: update_contact(contact, {"organization": f"O{n}"}, by=manager),
                lambda: set_disposition(lead, "voicemail", by=manager),
                lambda n=number: set_stage(lead, "mql" if n % 2 else "sql", by=manager),
                lambda: create_lead({**JOHN, "title": "Dr"}, by=manager),
            ]
        outcomes = together(company, works)
        assert set(outcomes) <= {"done", "DuplicateLead"}
        assert outcomes["DuplicateLead"] == 5
        with company_active(company.pk):
            for row in Lead.objects.select_related("contact"):
                assert row.search_text == row.contact.search_text == row.contact.searchable
            moves = lead.stage_changes.order_by("at")
            assert [m.from_stage for m in moves][1:] == [m.to_stage for m in moves][:-1]

    def test_reopening_many_at_once_never_overfills_the_agent(
        self, company: Company, manager: User, agent: Agent
    ) -> None:
        with company_active(company.pk):
            leads = [LeadFactory(agent=agent, status="done") for _ in range(12)]
            Agent.objects.filter(pk=agent.pk).update(max_capacity=5)
        outcomes = together(company, [lambda row=row: set_status(row, "in_progress", by=manager) for row in leads])
        assert outcomes == {"done": 12}
        with company_active(company.pk):
            assert Lead.objects.open().filter(agent=agent).count() == 5
            assert Lead.objects.open().filter(agent=None).count() == 7


def statements(work: Callable[[], Any]) -> list[str]:
    """What the work sent, but for the marks of transactions."""
    with CaptureQueriesContext(connection) as sent:
        work()
    marks = ("SAVEPOINT", "RELEASE", "ROLLBACK", "BEGIN", "COMMIT")
    return [query["sql"] for query in sent if not query["sql"].startswith(marks)]


@pytest.mark.usefixtures("in_company")
class TestStatements:
    @pytest.fixture(autouse=True)
    def _known_rules(self, in_company: Company) -> None:
        """As in a company that gets leads: its rules are kept."""
        active_rules()

    def test_creating_for_a_new_contact_takes_six(self, manager: User) -> None:
        sent = statements(lambda: create_lead({**JOHN, "email": "j@example.org", "source": "web"}, by=manager))
        assert len(sent) == 6, sent

    def test_creating_for_a_known_contact_takes_five(self, manager: User) -> None:
        ContactFactory(phone_e164="+14155552671")
        assert manager.company  # at hand in every request
        sent = statements(lambda: create_lead({"phone": "415 555 2671", "source": "web"}, by=manager))
        assert len(sent) == 5, sent

    def test_creating_with_a_holder_takes_twelve(self, manager: User, agent: Agent) -> None:
        sent = statements(lambda: create_lead({**JOHN, "source": "web"}, by=manager, agent=agent))
        assert len(sent) == 12, "\n".join(sent)

    def test_changing_a_field_takes_four_and_a_stage_seven(self, manager: User) -> None:
        lead = create_lead(JOHN, by=manager)
        assert len(statements(lambda: update_lead(lead, {"source": "web"}, by=manager))) == 4
        assert len(statements(lambda: set_stage(lead, "mql", by=manager))) == 7
        assert len(statements(lambda: set_disposition(lead, "callback", by=manager))) == 5
