"""The performance score by its formula, number by number."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils.timezone import now

from agents.models import Agent
from agents.performance import Evidence, performance_scores, performances
from agents.tests.factories import AgentFactory
from calls.tests.factories import CallFactory
from crm.sla.models import Timer
from leads.models import Assignment, Disposition
from leads.tests.factories import LeadFactory

pytestmark = pytest.mark.usefixtures("in_company")


def close(agent: Agent, count: int, stage: str, **fields) -> None:
    LeadFactory.create_batch(count, agent=agent, status="done", stage=stage, **{"closed_at": now(), **fields})


def clock(agent: Agent, due_in: timedelta, answered_in: timedelta | None = None, **moments: timedelta) -> None:
    """Moments from now; `ended_in` where it ended without an answer."""
    at, ended_in = now(), moments.get("ended_in", answered_in)
    Timer.objects.create(
        lead=LeadFactory(agent=agent),
        agent=agent,
        priority=2,
        started_at=at - timedelta(days=1),
        due_at=at + due_in,
        answered_at=None if answered_in is None else at + answered_in,
        ended_at=None if ended_in is None else at + ended_in,
    )


def test_with_no_evidence_at_all_every_rate_is_a_half(agent):
    assert performance_scores([agent.pk]) == {agent.pk: 50.0}


def test_conversion_is_shrunk_toward_the_companys_mean_with_ten_leads(agent, other_agent):
    close(agent, 8, "customer")
    close(agent, 2, "lost")
    close(other_agent, 10, "lost")
    newcomer = AgentFactory()
    found = performances([agent.pk, other_agent.pk, newcomer.pk])
    mean = 8 / 20
    assert found[agent.pk].conversion == pytest.approx((8 + 10 * mean) / 20)
    assert found[other_agent.pk].conversion == pytest.approx((0 + 10 * mean) / 20)
    assert found[newcomer.pk].conversion == pytest.approx(mean)
    assert found[newcomer.pk].score == pytest.approx(100 * (0.4 * mean + 0.3 * 0.5 + 0.2 * 0.5 + 0.1 * 0.5))


HOUR = timedelta(hours=1)


def test_the_score_is_the_weighted_sum(agent):
    close(agent, 1, "customer")
    clock(agent, HOUR, -HOUR)
    CallFactory(lead=LeadFactory(agent=agent), outcome="no_answer")
    lead = LeadFactory(agent=agent)
    Assignment.objects.create(lead=lead, to_agent=agent)
    p = performances([agent.pk])[agent.pk]
    assert (p.conversion, p.sla_met, p.contact_rate, p.completion) == (1.0, 1.0, 0.0, 0.0)
    assert p.score == pytest.approx(100 * (0.4 + 0.3))
    assert p.evidence == {
        "conversion": Evidence(1, 1),
        "sla_met": Evidence(1, 1),
        "contact_rate": Evidence(1, 0),
        "completion": Evidence(1, 0),
    }


def test_sla_counts_clocks_that_were_answered_or_let_pass_and_not_what_is_still_due(agent, other_agent):
    clock(agent, HOUR)  # tells nothing yet
    clock(agent, -HOUR)  # overdue
    clock(agent, -HOUR, timedelta(0))  # late
    clock(agent, HOUR, timedelta(0))  # in time
    clock(agent, HOUR, ended_in=-HOUR)  # handed on before the deadline: nobody's fault
    clock(agent, -2 * HOUR, ended_in=-HOUR)  # handed on after it
    found = performances([agent.pk, other_agent.pk])
    assert found[agent.pk].evidence["sla_met"] == (4, 1)
    assert found[agent.pk].sla_met == found[other_agent.pk].sla_met == pytest.approx(1 / 4)


def test_a_call_reaches_a_person_where_one_answered_and_no_outcome_denies_it(agent, other_agent):
    Disposition.objects.create(key="fax", label="Fax", is_final=True, reached_person=False)
    Disposition.objects.create(key="visit", label="Visit", is_final=False, reached_person=True)

    def call(outcome="answered", disposition="", **fields):
        CallFactory(lead=LeadFactory(agent=agent), outcome=outcome, disposition=disposition, **fields)

    for reached in ("", "qualified", "hung_up", "visit"):
        call(disposition=reached)
    for in_vain in ("voicemail", "wrong_number", "no_answer", "fax"):
        call(disposition=in_vain)
    call("no_answer"), call("failed")
    call(outcome="", status="canceled"), call(outcome="", status="ringing")  # no call yet, or none
    call(direction="inbound"), call(created_at=now() - timedelta(days=31))
    found = performances([agent.pk, other_agent.pk])
    assert found[agent.pk].evidence["contact_rate"] == (10, 4)
    assert found[agent.pk].contact_rate == found[other_agent.pk].contact_rate == pytest.approx(0.4)


def test_completion_is_closed_of_received_and_a_lead_handed_to_and_fro_counts_once(agent, other_agent):
    done = LeadFactory(agent=agent, status="done", stage="lost", closed_at=now())
    still = LeadFactory(agent=agent)
    passed = LeadFactory(agent=other_agent, status="done", stage="lost", closed_at=now())
    for lead in (done, done, still, passed):
        Assignment.objects.create(lead=lead, to_agent=agent)
    Assignment.objects.create(lead=passed, to_agent=other_agent)
    found = performances([agent.pk, other_agent.pk])
    mean = 2 / 4
    assert found[agent.pk].completion == pytest.approx((1 + 10 * mean) / 13)
    assert found[other_agent.pk].completion == pytest.approx((1 + 10 * mean) / 11)


def test_only_the_last_thirty_days_and_undeleted_leads_count(agent):
    close(agent, 3, "customer", closed_at=now() - timedelta(days=31))
    close(agent, 1, "customer", deleted_at=now())
    close(agent, 1, "lost")
    LeadFactory(agent=agent, stage="customer", status="in_progress", closed_at=now())  # opened again
    assert performances([agent.pk])[agent.pk].conversion == 0.0


def test_another_companys_leads_are_no_evidence(agent, stranger):
    from crm.core.tenancy import company_active

    with company_active(stranger.company_id):
        close(AgentFactory(), 5, "lost")
    assert performance_scores([agent.pk]) == {agent.pk: 50.0}


@pytest.mark.parametrize("count", [1, 30])
def test_one_statement_for_any_number_of_agents(count, django_assert_num_queries):
    agents = [AgentFactory() for _ in range(count)]
    with django_assert_num_queries(1):
        assert len(performance_scores([agent.pk for agent in agents])) == count
