"""Clocks and rates as the API shows them."""

from __future__ import annotations

from typing import Any

from crm.core.api.json import utc_text
from crm.sla.board import Board, Standing
from crm.sla.models import Timer
from crm.sla.rates import Rate
from leads.models import Priority


def timer_json(timer: Timer) -> dict[str, Any]:
    """Select the agent with it."""
    return {
        "id": str(timer.pk),
        "lead_id": str(timer.lead_id),
        "agent_id": str(timer.agent_id),
        "agent_name": timer.agent.name,
        "priority": Priority(timer.priority).name.lower(),
        "outcome": timer.get_outcome().value,
        "started_at": utc_text(timer.started_at),
        "deadline": utc_text(timer.due_at),
        **{name: _moment(timer, name) for name in ("reminded_at", "answered_at", "ended_at", "breached_at")},
    }


def _moment(timer: Timer, name: str) -> str | None:
    value = getattr(timer, name)
    return utc_text(value) if value else None


def rate_json(rate: Rate) -> dict[str, Any]:
    """`rate` in percent with one decimal; null where nothing was owed."""
    share = None if rate.share is None else round(100 * rate.share, 1)
    return {"met": rate.met, "owed": rate.judged, "rate": share}


def standing_json(one: Standing) -> dict[str, Any]:
    return {
        "due_soon": one.due_soon,
        "breached": one.late,
        "last_7_days": rate_json(one.week),
        "last_30_days": rate_json(one.month),
    }


def board_json(board: Board) -> dict[str, Any]:
    return {
        **standing_json(board.total),
        "by_agent": [
            {"agent_id": str(one.key), "agent_name": one.name, **standing_json(one)} for one in board.by_agent
        ],
        "by_priority": [
            {"priority": Priority(one.key).name.lower(), **standing_json(one)} for one in board.by_priority
        ],
    }


RATE: dict[str, Any] = {"met": 46, "owed": 51, "rate": 90.2}
STANDING: dict[str, Any] = {"due_soon": 4, "breached": 2, "last_7_days": RATE, "last_30_days": RATE}
BOARD_EXAMPLE: dict[str, Any] = {
    **STANDING,
    "by_agent": [{"agent_id": "01981c5e-7d2a-7a11-8c21-0d9e8f7a6b5c", "agent_name": "Priya Rao", **STANDING}],
    "by_priority": [{"priority": "urgent", **STANDING}],
}
TIMER_EXAMPLE: dict[str, Any] = {
    "id": "0196b2f0-7a00-7000-8000-00000000c001",
    "lead_id": "0196b2f0-7a00-7000-8000-00000000b001",
    "agent_id": "01981c5e-7d2a-7a11-8c21-0d9e8f7a6b5c",
    "agent_name": "Priya Rao",
    "priority": "high",
    "outcome": "met",
    "started_at": "2026-03-02T09:30:00Z",
    "deadline": "2026-03-02T11:30:00Z",
    "reminded_at": None,
    "answered_at": "2026-03-02T10:05:00Z",
    "ended_at": "2026-03-02T10:05:00Z",
    "breached_at": None,
}
