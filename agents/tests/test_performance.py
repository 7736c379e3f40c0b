"""The performance score by its formula, number by number."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils.timezone import now

from agents.models import Agent
from agents.performance import performance_scores, performances
from agents.tests.factories import AgentFactory
from leads.models import Assignment
from leads.tests.factories import LeadFactory

pytestmark = pytest.mark.usefixtures("in_company")


def close(agent: Agent, count: int, stage: str, **fields) -> None:
    LeadFactory.create_batch(count, agent=agent, status="done", stage=stage, **{"closed_at": now(), **fields})


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


def test_the_score_is_the_weighted_sum(agent):
    at = now()
    close(agent, 1, "customer")
    LeadFactory(agent=agent, assigned_at=at, deadline=at, first_response_at=at - timedelta(minutes=1))
    lead = LeadFactory(agent=agent)
    Assignment.objects.create(lead=lead, to_agent=agent)
    p = performances([agent.pk])[agent.pk]
    assert (p.conversion, p.sla_met, p.contact_rate, p.completion) == (1.0, 1.0, 0.5, 0.0)
    assert p.score == pytest.approx(100 * (0.4 + 0.3 + 0.2 * 0.5 + 0))


def test_sla_counts_what_was_answered_and_what_is_overdue_and_not_what_is_still_due(agent):
    at = now()
    before, after = at - timedelta(hours=1), at + timedelta(hours=1)
    LeadFactory(agent=agent, assigned_at=before, deadline=after)  # tells nothing yet
    LeadFactory(agent=agent, assigned_at=before, deadline=before)  # overdue
    LeadFactory(agent=agent, assigned_at=before, deadline=before, first_response_at=at)  # late
    LeadFactory(agent=agent, assigned_at=before, deadline=after, first_response_at=at)  # in time
    assert performances([agent.pk])[agent.pk].sla_met == pytest.approx(1 / 3)


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
def test_three_statements_for_any_number_of_agents(count, django_assert_num_queries):
    agents = [AgentFactory() for _ in range(count)]
    with django_assert_num_queries(3):
        assert len(performance_scores([agent.pk for agent in agents])) == count
