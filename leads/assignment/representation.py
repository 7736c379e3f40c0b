"""Changes of holder and suggestions as the API shows them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from leads.assignment.suggestions import Suggestion
from leads.models import Assignment


def with_names(rows: Any) -> Any:
    """What `assignment_rows` reads, in the same statement."""
    return rows.select_related("from_agent", "to_agent", "user")


def assignment_rows(rows: Iterable[Assignment]) -> list[dict[str, Any]]:
    return [assignment_json(row) for row in rows]


def assignment_json(row: Assignment) -> dict[str, Any]:
    return {
        "id": row.pk,
        "lead_id": row.lead_id,
        "from_agent_id": row.from_agent_id,
        "from_agent_name": row.from_agent.name if row.from_agent else None,
        "to_agent_id": row.to_agent_id,
        "to_agent_name": row.to_agent.name if row.to_agent else None,
        "assigned_by_id": row.user_id,
        "assigned_by": row.user.name if row.user else row.actor_label or None,
        "strategy": row.strategy or None,
        "notes": row.notes,
        "reason": row.reason,
        "deadline": row.deadline,
        "at": row.at,
    }


def suggestion_rows(suggestions: Sequence[Suggestion]) -> list[dict[str, Any]]:
    return [_suggestion(rank, suggestion) for rank, suggestion in enumerate(suggestions, 1)]


def _suggestion(rank: int, s: Suggestion) -> dict[str, Any]:
    return {
        "rank": rank,
        "id": s.agent.pk,
        "agent_id": s.agent.email or str(s.agent.pk),
        "name": s.agent.name,
        "kind": s.agent.kind,
        "email": s.agent.email,
        "can_take": s.can_take,
        "points": round(s.points),
        "capacity": s.capacity.as_json(),
        "performance_score": round(s.score),
        "availability": s.agent.availability,
        "is_within_business_hours": s.within_hours,
        "same_time_zone": s.same_time_zone,
        "dealt_with_contact": s.dealt_with_contact,
        "reasons": [{"key": r.key, "text": r.text, "speaks_for": r.speaks_for} for r in s.reasons],
    }
