"""An agent as the API shows it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Count, Q, Sum
from django.utils.timezone import now

from agents.capacity import Capacity, held_counts
from agents.hours import hours_of
from agents.models import Agent
from agents.performance import performance_scores
from agents.querysets import AgentQuerySet


def agents() -> AgentQuerySet:
    """With what the answer needs of other tables."""
    return Agent.objects.select_related("user", "company")


def agent_rows(page: Sequence[Agent]) -> list[dict[str, Any]]:
    """Four statements, however many agents: what they hold, and their performance."""
    ids, at = [agent.pk for agent in page], now()
    held, scores = held_counts(ids), performance_scores(ids, at=at)
    return [
        {
            **_own(agent),
            "is_within_business_hours": hours_of(agent, agent.company).is_open(at),
            "capacity": Capacity(held[agent.pk], agent.max_capacity).as_json(),
            "performance_score": round(scores[agent.pk]),
        }
        for agent in page
    ]


def agent_json(agent: Agent) -> dict[str, Any]:
    return agent_rows([agent])[0]


def _own(agent: Agent) -> dict[str, Any]:
    return {
        "id": agent.pk,
        "agent_id": agent.email or str(agent.pk),
        "user_id": agent.user_id,
        "name": agent.name,
        "kind": agent.kind,
        "email": agent.email,
        "availability": agent.availability,
        "is_active": agent.is_active,
        "timezone": agent.timezone or agent.company.timezone,
        "business_hours": agent.company.business_hours if agent.business_hours is None else agent.business_hours,
        "has_own_hours": agent.business_hours is not None,
        "max_attempts": agent.max_attempts,
        "retry_delay_minutes": agent.retry_delay_minutes,
        "max_concurrent_calls": agent.max_concurrent_calls,
        "voice_script": agent.voice_script,
        "voice": agent.voice,
        "caller_number": agent.caller_number,
        "own_number": agent.own_number,
        "created_at": agent.created_at,
        "updated_at": agent.updated_at,
    }


def summary() -> dict[str, Any]:
    """Over all agents of the company, whatever the list is filtered by; one statement.

    Utilisation is what active agents with a maximum hold ÷ the sum of their maxima; without any it is 0.
    """
    counted = Q(is_active=True, max_capacity__isnull=False)
    sums = (
        Agent.objects.all()
        .with_load()
        .aggregate(
            total=Count("pk"),
            active=Count("pk", filter=Q(is_active=True)),
            current=Sum("held", filter=counted, default=0),
            room=Sum("max_capacity", filter=counted, default=0),
        )
    )
    return {
        "total_agents": sums["total"],
        "active_agents": sums["active"],
        "utilization_percentage": Capacity(sums["current"], sums["room"]).percentage if sums["room"] else 0,
    }
