"""What the API's documentation shows of calls."""

from __future__ import annotations

from typing import Any

LEAD_ID = "0193a1b2-7c3d-7e4f-8a5b-6c7d8e9f0a01"
AGENT_ID = "0193a1b2-7c3d-7e4f-8a5b-6c7d8e9f0c01"
SCHEDULE: dict[str, Any] = {"lead_id": LEAD_ID}
SCHEDULED: dict[str, Any] = {"message": "Lead scheduled successfully"}
BULK_SCHEDULE: dict[str, Any] = {"lead_ids": [LEAD_ID, "no-id"], "at": "2026-06-24T15:00:00Z"}
BULK_SCHEDULED: dict[str, Any] = {
    "success": True,
    "scheduled_count": 1,
    "failed_count": 1,
    "results": [
        {"lead_id": LEAD_ID, "success": True, "error": None, "held_until": "2026-06-24T16:00:00Z"},
        {"lead_id": "no-id", "success": False, "error": "Lead not found", "held_until": None},
    ],
    "job_id": "0193a1b2-7c3d-7e4f-8a5b-6c7d8e9f0b02",
}
CALL: dict[str, Any] = {
    "id": "0193a1b2-7c3d-7e4f-8a5b-6c7d8e9f0d01",
    "lead_id": LEAD_ID,
    "agent_id": AGENT_ID,
    "lead_name": "John",
    "lead_phone": "+14155552671",
    "agent_name": "Sales Agent",
    "status": "completed",
    "outcome": "answered",
    "duration_seconds": 180,
    "transcript_url": "https://crm.example.com/calls/0193a1b2-7c3d-7e4f-8a5b-6c7d8e9f0d01/#transcript",
    "summary": "Customer interested in premium plan, scheduled demo for next week",
    "created_at": "2026-06-23T14:15:00Z",
    "contact_id": "0193a1b2-7c3d-7e4f-8a5b-6c7d8e9f0e01",
    "attempt": 1,
    "direction": "outbound",
    "is_manual": False,
    "provider": "simulator",
    "detail": None,
    "disposition": "completed",
    "requested_at": "2026-06-23T14:15:00Z",
    "placed_at": "2026-06-23T14:15:01Z",
    "answered_at": "2026-06-23T14:15:09Z",
    "ended_at": "2026-06-23T14:18:09Z",
    "callback_at": None,
    "recording_url": None,
    "cost": 0.05,
    "currency": "USD",
    "updated_at": "2026-06-23T14:18:09Z",
}
ONE: dict[str, Any] = {
    **CALL,
    "provider_id": "sim-0193a1b2-7c3d-7e4f-8a5b-6c7d8e9f0d01",
    "answered_by": "human",
    "transferred_to": None,
    "trouble": None,
    "cancel_asked": False,
    "is_muted": False,
    "is_held": False,
    "needs_wrap_up": False,
    "transcript": [{"speaker": "contact", "text": "Oh, good timing.", "seconds": 4}],
    "decision": {
        "id": "0193a1b2-7c3d-7e4f-8a5b-6c7d8e9f0f01",
        "allowed": True,
        "at": "2026-06-23T14:15:00Z",
        "rules": [{"code": "do_not_contact", "outcome": "pass", "text": "…", "source": "The person's own wish"}],
    },
    "events": [{"status": "completed", "detail": None, "at": "2026-06-23T14:18:09Z", "is_late": False}],
}
DIALLED: dict[str, Any] = {
    **ONE,
    "status": "queued",
    **dict.fromkeys(("outcome", "disposition", "summary", "duration_seconds", "transcript_url", "provider_id"), None),
    **dict.fromkeys(("placed_at", "answered_at", "ended_at", "answered_by", "cost", "currency"), None),
    "transcript": [],
    "events": [],
    "needs_wrap_up": True,
}
LOG: dict[str, Any] = {
    "lead_id": LEAD_ID,
    "outcome": "answered",
    "duration_seconds": 240,
    "disposition": "qualified",
    "summary": "Wants an offer for twenty seats.",
}
METRICS: dict[str, Any] = {
    "total_calls": 500,
    "answered_calls": 350,
    "no_answer_calls": 120,
    "failed_calls": 30,
    "pickup_rate": 70.0,
    "average_attempts_per_lead": 1.8,
    "active_agents": 5,
}
