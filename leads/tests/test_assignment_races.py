"""Capacity under real concurrency: threads with connections of their own, on PostgreSQL."""

from __future__ import annotations

from functools import partial

import pytest

from agents.actions import deactivate_agent, set_capacity
from agents.models import Agent
from agents.tests.factories import AgentFactory
from crm.core.actors import System
from crm.core.tenancy import company_active
from leads.actions import create_lead, set_status
from leads.assignment import (
    AgentInactive,
    CapacityExceeded,
    assign_lead,
    assign_many,
    claim_lead,
    reassign_lead,
    unassign_lead,
)
from leads.models import Assignment, Lead, Status, Strategy
from leads.tests.assigning import held, make_leads, on_postgres, race

pytestmark = on_postgres
BY = System("race")


@pytest.fixture
def place(company):
    with company_active(company.pk):
        yield company


@pytest.fixture
def ten(place) -> Agent:
    """An agent with room for ten."""
    return AgentFactory(max_capacity=10)


def fresh(leads) -> list[Lead]:
    """As a request would read them: each thread has its own instance."""
    return [Lead.objects.get(pk=lead.pk) for lead in leads]


def test_thirty_assign_to_an_agent_with_room_for_ten(place, ten):
    works = [partial(assign_lead, lead, ten, by=BY) for lead in fresh(make_leads(30))]
    results = race(place.pk, works)
    refused = [result for result in results if isinstance(result, CapacityExceeded)]
    assert (held(ten), len(refused)) == (10, 20)
    assert Assignment.objects.filter(to_agent=ten).count() == 10
    assert all(refusal.extra["agent_capacity"]["current"] == 10 for refusal in refused)


def test_thirty_claim_with_room_for_ten_and_no_lead_is_claimed_twice(place, ten):
    make_leads(40)
    results = race(place.pk, [partial(claim_lead, ten, by=BY) for _ in range(30)])
    claimed = [result.pk for result in results if isinstance(result, Lead)]
    assert (held(ten), len(claimed), len(set(claimed))) == (10, 10, 10)


def test_ten_agents_claim_thirty_times_and_every_lead_goes_to_one(place):
    agents = [AgentFactory(max_capacity=5) for _ in range(10)]
    make_leads(30)
    results = race(place.pk, [partial(claim_lead, agent, by=BY) for agent in agents for _ in range(3)])
    claimed = [result.pk for result in results if isinstance(result, Lead)]
    assert len(set(claimed)) == len(claimed) == 30 == Lead.objects.filter(agent__isnull=False).count()


def test_every_way_in_at_once_never_goes_beyond_ten(place, ten):
    singles, batches = fresh(make_leads(8)), [[lead.pk for lead in make_leads(5, 100 * n)] for n in range(1, 5)]
    closed = fresh(make_leads(6, 1000, agent=ten, status=Status.DONE))
    make_leads(8, 2000)  # to claim
    new = [{"first_name": f"New{n}", "phone_e164": f"+1415666{1000 + n}"} for n in range(4)]
    works = [
        *(partial(assign_lead, lead, ten, by=BY) for lead in singles),
        *(partial(assign_many, ids, strategy=Strategy.MANUAL, pool=[ten], by=BY) for ids in batches),
        *(partial(claim_lead, ten, by=BY) for _ in range(8)),
        *(partial(set_status, lead, Status.IN_PROGRESS, by=BY) for lead in closed),
        *(partial(create_lead, data, by=BY, agent=ten) for data in new),
    ]
    assert len(works) == 30
    race(place.pk, works)
    assert held(ten) == 10
    reopened = Lead.objects.filter(pk__in=[lead.pk for lead in closed])
    assert not reopened.filter(status=Status.DONE).exists()  # each is open again: kept, or back in the queue


def test_lowering_the_maximum_amid_assignments_lets_nothing_in_above_it(place, ten):
    works = [partial(assign_lead, lead, ten, by=BY) for lead in fresh(make_leads(20))]
    works.insert(10, partial(set_capacity, ten, 3, by=BY))
    race(place.pk, works)
    before = held(ten)
    assert before <= 10
    outcome = race(place.pk, [partial(assign_lead, lead, ten, by=BY) for lead in fresh(make_leads(3, 500))])
    if before >= 3:
        assert all(isinstance(refusal, CapacityExceeded) for refusal in outcome) and held(ten) == before
    else:
        assert held(ten) == 3


STRATEGIES = (Strategy.ROUND_ROBIN, Strategy.CAPACITY, Strategy.MANUAL, Strategy.PERFORMANCE)


def test_bulk_against_bulk_over_the_same_leads_in_opposite_order_never_deadlocks(place):
    agents = [AgentFactory(max_capacity=10) for _ in range(6)]
    ids, pool = [lead.pk for lead in make_leads(80)], [agent.pk for agent in agents]
    works = [
        partial(assign_many, ids[:: 1 if n % 2 else -1], strategy=STRATEGIES[n % 4], pool=pool, by=BY)
        for n in range(12)
    ]
    race(place.pk, works)
    assert all(held(agent) <= 10 for agent in agents)
    assert sum(held(agent) for agent in agents) == 60


def test_bulk_against_bulk_with_pools_in_opposite_order_never_deadlocks(place):
    agents = [AgentFactory(max_capacity=10) for _ in range(6)]
    pool = [agent.pk for agent in agents]
    batches = [[lead.pk for lead in make_leads(8, 100 * n)] for n in range(12)]
    works = [
        partial(assign_many, ids, strategy=STRATEGIES[n % 4], pool=pool[:: 1 if n % 2 else -1], by=BY)
        for n, ids in enumerate(batches)
    ]
    results = race(place.pk, works)
    assert [held(agent) for agent in agents] == [10] * 6
    assert sum(result.assigned for result in results) == 60
    assert sum(len(result.failed) for result in results) == 36


def test_handing_leads_to_and_fro_never_deadlocks(place):
    first, second = AgentFactory(max_capacity=12), AgentFactory(max_capacity=12)
    there, back = make_leads(10, agent=first), make_leads(10, 100, agent=second)
    works = [
        *(partial(reassign_lead, lead, second, by=BY) for lead in fresh(there)),
        *(partial(reassign_lead, lead, first, by=BY) for lead in fresh(back)),
        *(partial(unassign_lead, lead, by=BY) for lead in fresh(there[:5])),
    ]
    race(place.pk, works)
    assert held(first) <= 12 and held(second) <= 12


def test_switching_an_agent_off_amid_assignments_leaves_it_nothing(place, ten):
    other = AgentFactory(max_capacity=100)
    holding = make_leads(5, agent=ten)
    works = [
        *(partial(assign_lead, lead, ten, by=BY) for lead in fresh(make_leads(12, 100))),
        partial(deactivate_agent, ten, by=BY),
        partial(assign_many, [lead.pk for lead in holding], strategy=Strategy.MANUAL, pool=[other, ten], by=BY),
        *(partial(reassign_lead, lead, other, by=BY) for lead in fresh(holding)),
    ]
    results = race(place.pk, works)
    assert held(ten) == 0
    assert any(isinstance(result, AgentInactive) for result in results) or len(results) == len(works)
    assert Agent.objects.get(pk=ten.pk).is_active is False


def test_one_lead_assigned_to_many_at_once_ends_with_one_holder_and_a_whole_history(place):
    agents = [AgentFactory() for _ in range(10)]
    lead = make_leads(1)[0]
    race(
        place.pk,
        [partial(assign_lead, row, agent, by=BY) for row, agent in zip(fresh([lead] * 10), agents, strict=True)],
    )
    steps = list(Assignment.objects.order_by("at", "pk").values_list("from_agent_id", "to_agent_id"))
    assert len(steps) == 10 and steps[0][0] is None
    chain = dict(steps)
    place_, seen = None, 0
    while place_ in chain:
        place_, seen = chain[place_], seen + 1
    assert (seen, Lead.objects.get().agent_id) == (10, place_)


def test_two_open_leads_of_a_contact_never_meet_at_one_agent(place, ten):
    contact = make_leads(1)[0].contact
    leads = Lead.objects.bulk_create([Lead(contact=contact) for _ in range(8)])
    race(place.pk, [partial(assign_lead, lead, ten, by=BY) for lead in fresh(leads)])
    assert held(ten) == 1
