"""Many leads changed or deleted at once: the same rules, history and events as one by one, and what fails alone."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.forms.models import model_to_dict
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now

from agents.tests.factories import AgentFactory
from crm.accounts.tests.factories import CompanyFactory
from crm.audit.models import AuditEntry, JournalEntry
from crm.core.errors import InvalidField, Refused
from crm.core.tenancy import company_active
from leads.actions import delete_lead, update_lead
from leads.actions.bulk import delete_many, update_many
from leads.models import Assignment, Disposition, Lead, StageChange
from leads.tests.assigning import make_leads
from leads.tests.factories import ContactFactory, LeadFactory

pytestmark = pytest.mark.usefixtures("in_company")
NOT_FOUND = "Lead not found"
MOMENTS = ("assigned_at", "deadline", "first_response_at", "closed_at", "stage_changed_at", "updated_at", "deleted_at")


def standing(lead: Lead) -> dict[str, Any]:
    """All that a change may touch; of moments whether there is one."""
    lead = Lead.objects.select_related("contact").get(pk=lead.pk)
    fields = {name: value for name, value in model_to_dict(lead).items() if name not in ("contact", "id")}
    fields |= {name: bool(getattr(lead, name)) for name in MOMENTS}
    return fields | {
        "is_duplicate": lead.is_duplicate,
        "person": (lead.contact.lifecycle_stage, lead.contact.do_not_contact),
    }


def happened(lead: Lead) -> list[Any]:
    entries = AuditEntry.objects.filter(object_id=lead.pk).order_by("id")
    return [
        (
            entry.action,
            sorted((change["field"], "before" in change) for change in entry.changes),
            sorted(entry.data.keys() - {"stage_change_id", "assignment_id"}),
        )
        for entry in entries
    ]


def history(lead: Lead) -> list[Any]:
    moves = StageChange.objects.filter(lead=lead).values_list("from_stage", "to_stage", "reason", "is_automatic")
    hands = Assignment.objects.filter(lead=lead).values_list("from_agent", "to_agent", "reason")
    return [*moves, *hands]


CHANGES: list[dict[str, Any]] = [
    {"source": "fair", "tags": ["a"], "deal_value": Decimal("12.50"), "custom_fields": {"k": 1}, "priority": "high"},
    {"disposition": "Qualified", "priority": "high"},
    {"disposition": "do_not_call"},
    {"disposition": "no_answer"},
    {"disposition": ""},
    {"disposition": "brochure"},
    {"stage": "lost"},
    {"stage": "mql", "stage_reason": "Wrote back"},
    {"stage": "mql"},
    {"status": "done"},
    {"status": "new"},
    {"status": "in_progress"},
    {"stage": "sql", "stage_reason": "Again", "disposition": "callback", "status": "done", "source": "x"},
    {"qualification_status": "qualified", "schedule_at": now()},
]


def many_states(agent) -> list[dict[str, Any]]:
    at = now()
    held = {"agent": agent, "assigned_at": at, "deadline": at}
    return [
        {},
        {**held},
        {**held, "first_response_at": at, "status": "in_progress"},
        {**held, "status": "done", "closed_at": at, "disposition": "completed"},
        {**held, "status": "done", "closed_at": at, "stage": "customer"},
        {"status": "done", "closed_at": at, "stage": "lost", "disposition": "own_final"},
        {"status": "done", "closed_at": at, "disposition": "own_final"},
        {**held, "attempts_count": 5, "disposition": "no_answer"},
    ]


@pytest.mark.parametrize("changes", CHANGES, ids=lambda changes: "+".join(f"{k}={v}" for k, v in changes.items())[:40])
@pytest.mark.parametrize("who", ["manager", "holder"])
def test_each_lead_ends_as_if_it_had_been_changed_alone(manager, agent, changes, who):
    Disposition.objects.create(key="brochure", label="Brochure")
    Disposition.objects.create(key="own_final", label="Own", is_final=True)
    by = manager if who == "manager" else agent.user
    states = many_states(agent)
    alone = [LeadFactory(**state) for state in states]
    together = [LeadFactory(**state) for state in states]
    refused = []
    for lead in alone:
        try:
            update_lead(lead, changes, by=by)
        except Refused as refusal:
            refused.append(refusal.message)
    result = update_many([lead.pk for lead in together], changes, by=by)
    assert [failure.error for failure in result.failed] == refused
    assert len(result.done) == len(states) - len(refused)
    for one, other in zip(alone, together, strict=True):
        assert standing(other) == standing(one)
        assert happened(other) == happened(one)
        assert history(other) == history(one)


def test_bad_ids_fail_alone_and_in_the_same_words(manager):
    good, gone = LeadFactory(), LeadFactory(deleted_at=now())
    elsewhere = CompanyFactory()
    with company_active(elsewhere.pk):
        foreign = LeadFactory()
    names = ["lead1", str(good.pk), gone.pk, foreign.pk, good.pk, "\x00", ""]
    result = update_many(names, {"source": "fair"}, by=manager)
    assert result.done == [good.pk]
    assert result.failed == [(n, NOT_FOUND) for n in ["lead1", gone.pk, foreign.pk, "\x00", ""]]
    with company_active(elsewhere.pk):
        assert Lead.objects.get().source == ""


def test_an_unknown_disposition_is_refused_before_anything_is_written(manager):
    lead = LeadFactory()
    with pytest.raises(InvalidField, match="not a disposition"):
        update_many([lead.pk], {"disposition": "Nope", "source": "fair"}, by=manager)
    assert Lead.objects.get().source == ""


def test_leads_outside_what_the_asker_may_change_fail_alone(agent):
    own, other = LeadFactory(agent=agent), LeadFactory()
    result = update_many([own.pk, other.pk], {"source": "x"}, by=agent.user, within=Lead.objects.filter(agent=agent))
    assert (result.done, result.failed) == ([own.pk], [(other.pk, NOT_FOUND)])


def test_opening_again_fills_the_agent_up_and_returns_the_rest(manager):
    agent = AgentFactory(max_capacity=3)
    make_leads(1, agent=agent)
    closed = make_leads(4, 100, agent=agent, status="done", closed_at=now())
    result = update_many([lead.pk for lead in closed], {"status": "in_progress"}, by=manager)
    assert result.returned == [lead.pk for lead in closed[2:]]
    assert Lead.objects.open().filter(agent=agent).count() == 3
    assert list(Assignment.objects.values_list("to_agent", "reason__returned")) == [(None, "full")] * 2
    assert AuditEntry.objects.filter(action="lead.unassigned").count() == 2


def test_of_two_leads_of_a_contact_that_open_again_one_returns_and_is_flagged_with_another_waiting(manager, agent):
    contact = ContactFactory()
    LeadFactory(contact=contact)
    closed = [LeadFactory(contact=contact, agent=agent, status="done") for _ in range(2)]
    result = update_many([lead.pk for lead in closed], {"status": "new"}, by=manager)
    assert result.returned == [closed[1].pk]
    kept, returned = (Lead.objects.get(pk=lead.pk) for lead in closed)
    assert (kept.agent, kept.is_duplicate, returned.agent, returned.is_duplicate) == (agent, False, None, True)


def test_deleting_takes_leads_out_of_every_list_with_an_event_each(manager, agent):
    leads = [LeadFactory(agent=agent), LeadFactory(status="done")]
    alone = LeadFactory(agent=agent)
    delete_lead(alone, by=manager)
    result = delete_many([*(lead.pk for lead in leads), alone.pk], by=manager)
    assert result.done == [lead.pk for lead in leads] and result.failed == [(alone.pk, NOT_FOUND)]
    assert not Lead.objects.alive().exists()
    assert happened(leads[0]) == happened(alone)


def test_a_selection_is_changed_batch_by_batch(manager, monkeypatch):
    monkeypatch.setattr("leads.actions.bulk.BATCH", 3)
    leads = make_leads(7)
    result = update_many(Lead.objects.filter(source=""), {"source": "fair"}, by=manager)
    assert sorted(result.done) == sorted(lead.pk for lead in leads) and not result.failed
    assert Lead.objects.filter(source="fair").count() == 7
    assert JournalEntry.objects.count() == 7


@pytest.mark.postgres
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite splits by its limit of parameters")
@pytest.mark.parametrize("size", [10, 1000])
class TestStatements:
    """As many for a thousand leads as for ten."""

    def count(self, size, work, **state) -> list[str]:
        leads = make_leads(size, **state)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            result = work([lead.pk for lead in leads])
        assert len(result.done) == size
        return [q["sql"] for q in queries.captured_queries if "SAVEPOINT" not in q["sql"]]

    def test_plain_fields_take_four(self, manager, size):
        work = lambda ids: update_many(ids, {"source": "x", "tags": ["a"], "priority": "high"}, by=manager)  # noqa: E731
        assert len(self.count(size, work)) == 4

    def test_stage_and_disposition_of_held_leads_take_nine(self, manager, size):
        work = lambda ids: update_many(ids, {"stage": "mql", "disposition": "Qualified"}, by=manager)  # noqa: E731
        assert len(self.count(size, work, agent=AgentFactory(max_capacity=2000))) == 9

    def test_the_worst_case_takes_twelve_and_four_to_tell_of_it(self, manager, size):
        """Own dispositions to be looked up, all opened again, and half of them returned to the queue."""
        Disposition.objects.create(key="own", label="Own", is_final=True)
        changes = {"stage": "mql", "stage_reason": "Again", "disposition": "callback"}
        closed = {"agent": AgentFactory(max_capacity=size // 2), "status": "done", "disposition": "own"}
        assert len(self.count(size, lambda ids: update_many(ids, changes, by=manager), **closed)) == 12 + 4

    def test_deleting_takes_five(self, manager, size):
        work = lambda ids: delete_many(ids, by=manager)  # noqa: E731
        assert len(self.count(size, work, agent=AgentFactory(max_capacity=2000))) <= 5
