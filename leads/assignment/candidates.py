"""The agents that may be considered, locked and counted: nothing can fill them up until the transaction ends.

Every path that makes an agent hold one more open lead locks the agent's row first: placing, claiming, reopening,
restoring. Leads are locked before agents and each kind in the order of ids, so that no two paths wait for each
other. The lock is FOR NO KEY UPDATE: rows that merely point at the agent do not wait for it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Case, DateTimeField, Value, When

from agents.capacity import held_counts
from agents.hours import hours_of
from agents.models import Agent
from agents.performance import performance_scores
from leads.assignment.strategies import Candidate
from leads.models import Lead, Strategy


def lock_agents(agent_ids: Collection[UUID]) -> list[Agent]:
    """With their users and company, in the order of ids; ids that name none of the company's are left out."""
    agents = Agent.objects.filter(pk__in=agent_ids).select_related("user", "company").order_by("pk")
    return list(agents.select_for_update(of=("self",), no_key=True))


def default_pool() -> list[UUID]:
    """Who is meant where no agent is named: active people, or voice agents where there is no active person.

    A voice agent dials by itself, and one without a maximum would win every comparison of room; so leads go to
    it among people only where it is named.
    """
    active = list(Agent.objects.active().order_by("pk").values_list("pk", "kind"))
    people = [pk for pk, kind in active if kind == "human"]
    return people or [pk for pk, _ in active]


def candidates(pool: Sequence[UUID], *, strategy: str, at: datetime) -> list[Candidate]:
    """The pool's agents, locked and counted; for `manual` in the order named, else by who waited longest for a turn."""
    agents = lock_agents(pool)
    held = held_counts([agent.pk for agent in agents])
    scores = performance_scores([*held], at=at) if strategy == Strategy.PERFORMANCE else {}
    open_now = {agent.pk: works_at(agent, at) for agent in agents}
    return line_up(agents, pool, strategy, held=held, open_now=open_now, scores=scores, at=at)


def line_up(
    agents: Iterable[Agent],
    pool: Sequence[UUID],
    strategy: str,
    *,
    held: Mapping[UUID, int],
    open_now: Mapping[UUID, bool],
    scores: Mapping[UUID, float],
    at: datetime,
) -> list[Candidate]:
    """Those of the pool among the agents, in its order or by whose turn it is."""
    named = {pk: index for index, pk in enumerate(pool)}
    chosen = [agent for agent in agents if agent.pk in named]
    if strategy == Strategy.MANUAL:
        chosen.sort(key=lambda agent: named[agent.pk])
    else:
        chosen.sort(key=lambda agent: (agent.last_placed_at is not None, agent.last_placed_at or at, agent.pk))
    by_score = scores if strategy == Strategy.PERFORMANCE else {}
    return [
        Candidate(agent, held[agent.pk], open_now[agent.pk], index, by_score.get(agent.pk))
        for index, agent in enumerate(chosen)
    ]


def works_at(agent: Agent, at: datetime) -> bool:
    return hours_of(agent, agent.company).is_open(at)


def taken_pairs(contact_ids: Collection[UUID], agent_ids: Collection[UUID]) -> dict[tuple[UUID, UUID], UUID]:
    """(contact, agent) → the open lead that stands between them."""
    leads = Lead.objects.open().filter(contact_id__in=contact_ids, agent_id__in=agent_ids)
    return {(contact, agent): pk for contact, agent, pk in leads.order_by().values_list("contact_id", "agent_id", "pk")}


def keep_turns(moved: Sequence[UUID], at: datetime) -> None:
    """Whoever got a lead in turn goes to the end of the rotation, in this order."""
    if not moved:
        return
    turns = [(pk, at + timedelta(microseconds=n)) for n, pk in enumerate(moved)]
    when = [When(pk=pk, then=Value(moment, output_field=DateTimeField())) for pk, moment in turns]
    Agent.objects.filter(pk__in=moved).update(last_placed_at=Case(*when))
