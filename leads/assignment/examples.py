"""What the documentation shows of assignment."""

from __future__ import annotations

from typing import Any

LEAD_ID = "01981c5e-9a10-7b2c-8d3e-4f5a6b7c8d9e"
AGENT_ID = "01981c5e-7d2a-7c3e-9f10-2b6c1a5d4e3f"
CAPACITY: dict[str, Any] = {"current": 16, "max": 25, "percentage": 64, "available_slots": 9}
LEAD: dict[str, Any] = {
    "id": LEAD_ID,
    "contact_id": "01981c5e-9a0f-7aaa-9b1c-0a1b2c3d4e5f",
    "first_name": "John",
    "last_name": "Doe",
    "email": "john@example.com",
    "phone_e164": "+14155552671",
    "agent_id": AGENT_ID,
    "agent_email": "george@contentkingpins.com",
    "status": "new",
    "stage": "lead",
    "priority": "high",
    "score": 40,
    "deadline": "2026-03-01T11:00:00Z",
    "sla_status": "on_track",
    "assigned_at": "2026-03-01T09:00:00Z",
}
ASSIGN = {"agent_email": "george@contentkingpins.com", "priority": "high", "notes": "High-value lead from campaign"}
ASSIGNED = {"success": True, "lead": LEAD, "agent_capacity": CAPACITY}
RETURNED = {
    "success": True,
    "lead": {
        **LEAD,
        "agent_id": None,
        "agent_email": None,
        "deadline": None,
        "assigned_at": None,
        "sla_status": "none",
    },
    "agent_capacity": {"current": 15, "max": 25, "percentage": 60, "available_slots": 10},
}
ASSIGNMENT: dict[str, Any] = {
    "id": "01981c5e-a000-7ddd-8eee-0123456789ab",
    "lead_id": LEAD_ID,
    "from_agent_id": None,
    "from_agent_name": None,
    "to_agent_id": AGENT_ID,
    "to_agent_name": "George Smith",
    "assigned_by_id": "01981c5e-7d2a-7a11-8c21-0d9e8f7a6b5c",
    "assigned_by": "Dana Cole",
    "strategy": "capacity",
    "notes": "High-value lead from campaign",
    "reason": {
        "strategy": "capacity",
        "rank": 1,
        "pool": 4,
        "current": 15,
        "max": 25,
        "availability": "available",
        "within_hours": True,
        "passed_over": [{"agent_id": "01981c5e-7d2a-7fff-9f10-2b6c1a5d4e3f", "why": "full"}],
        "passed_over_count": 1,
    },
    "deadline": "2026-03-01T11:00:00Z",
    "at": "2026-03-01T09:00:00Z",
}
SUGGESTION: dict[str, Any] = {
    "rank": 1,
    "id": AGENT_ID,
    "agent_id": "george@contentkingpins.com",
    "name": "George Smith",
    "kind": "human",
    "email": "george@contentkingpins.com",
    "can_take": True,
    "points": 76,
    "capacity": {"current": 15, "max": 25, "percentage": 60, "available_slots": 10},
    "performance_score": 85,
    "availability": "available",
    "is_within_business_hours": True,
    "same_time_zone": True,
    "dealt_with_contact": True,
    "reasons": [
        {"key": "room", "text": "Room for 10 of 25", "speaks_for": True},
        {"key": "score", "text": "Performance score 85", "speaks_for": True},
        {"key": "contact", "text": "Has dealt with this contact before", "speaks_for": True},
    ],
}
