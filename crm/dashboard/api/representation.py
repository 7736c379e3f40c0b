"""The dashboard's figures as the API shows them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from crm.dashboard.metrics import Assignee, LeadFigures
from crm.sla.api.representation import rate_json
from crm.sla.rates import Rate, RateOf
from leads.models import Stage


def metrics_json(figures: LeadFigures, judged: Sequence[RateOf]) -> dict[str, Any]:
    stages = {figure.stage: figure.leads for figure in figures.stages}
    return {
        "total_leads": figures.total,
        "open_leads": figures.open,
        "unassigned_leads": figures.unassigned,
        "new_unassigned_leads": figures.new_unassigned,
        "won_leads": stages[Stage.CUSTOMER],
        "lost_leads": stages[Stage.LOST],
        "pipeline_value": round(float(figures.pipeline), 2),
        "status_distribution": figures.statuses,
        "stage_distribution": {stage.value: n for stage, n in stages.items()},
        "sla_performance": {
            "due_soon": figures.due_soon,
            "breached": figures.late,
            "last_7_days": rate_json(sum((one.week for one in judged), Rate())),
            "last_30_days": rate_json(sum((one.month for one in judged), Rate())),
        },
    }


def assignees_json(assignees: Sequence[Assignee]) -> dict[str, Any]:
    waiting = next((one for one in assignees if one.agent_id is None), None)
    held = [one for one in assignees if one.agent_id is not None]
    return {
        "assignees": [_assignee_json(one) for one in held],
        "unassigned": waiting.open if waiting else 0,
        "total_leads": sum(one.total for one in assignees),
    }


def _assignee_json(one: Assignee) -> dict[str, Any]:
    return {
        "agent_id": str(one.agent_id),
        "assignee_id": str(one.user_id) if one.user_id else None,
        "assignee_name": one.name,
        "assignee_email": one.email or None,
        "total_leads": one.total,
        "open_leads": one.open,
        "new_leads": one.new,
        "in_progress_leads": one.in_progress,
        "done_leads": one.done,
        "due_soon": one.due_soon,
        "breached": one.late,
    }


RATE: dict[str, Any] = {"met": 46, "owed": 51, "rate": 90.2}
METRICS_EXAMPLE: dict[str, Any] = {
    "total_leads": 1240,
    "open_leads": 412,
    "unassigned_leads": 38,
    "new_unassigned_leads": 31,
    "won_leads": 203,
    "lost_leads": 409,
    "pipeline_value": 861200.0,
    "status_distribution": {"new": 96, "in_progress": 316, "done": 828},
    "stage_distribution": {"lead": 180, "mql": 120, "sql": 70, "opportunity": 42, "customer": 203, "lost": 409},
    "sla_performance": {"due_soon": 6, "breached": 2, "last_7_days": RATE, "last_30_days": RATE},
}
ASSIGNEES_EXAMPLE: dict[str, Any] = {
    "assignees": [
        {
            "agent_id": "01981c5e-7d2a-7a11-8c21-0d9e8f7a6b5c",
            "assignee_id": "01981c5e-7d2a-7a11-8c21-0d9e8f7a6b5d",
            "assignee_name": "Priya Rao",
            "assignee_email": "priya@copperline.example",
            "total_leads": 64,
            "open_leads": 21,
            "new_leads": 4,
            "in_progress_leads": 17,
            "done_leads": 43,
            "due_soon": 1,
            "breached": 0,
        }
    ],
    "unassigned": 38,
    "total_leads": 1240,
}
