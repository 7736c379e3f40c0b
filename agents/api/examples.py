"""What the documentation shows of agents."""

from __future__ import annotations

from typing import Any

HOURS = {"mon": [["09:00", "17:00"]], "tue": [["09:00", "12:30"], ["13:30", "17:00"]]}

AGENT: dict[str, Any] = {
    "id": "01981c5e-7d2a-7c3e-9f10-2b6c1a5d4e3f",
    "agent_id": "george@contentkingpins.com",
    "user_id": "01981c5e-7d2a-7a11-8c21-0d9e8f7a6b5c",
    "name": "George Smith",
    "kind": "human",
    "email": "george@contentkingpins.com",
    "availability": "available",
    "is_active": True,
    "timezone": "America/New_York",
    "business_hours": HOURS,
    "has_own_hours": True,
    "is_within_business_hours": True,
    "capacity": {"current": 15, "max": 25, "percentage": 60, "available_slots": 10},
    "performance_score": 85,
    "max_attempts": 3,
    "retry_delay_minutes": 60,
    "max_concurrent_calls": 1,
    "voice_script": "",
    "voice": "",
    "caller_number": "",
    "own_number": "+14155550133",
    "created_at": "2026-03-01T09:00:00Z",
    "updated_at": "2026-03-01T09:00:00Z",
}
SUMMARY = {"summary": {"total_agents": 5, "active_agents": 4, "utilization_percentage": 72}}
GOALS: dict[str, Any] = {
    "agent_id": "george@contentkingpins.com",
    "period": "day",
    "calls": 60,
    "reached": 20,
    "qualified": 8,
    "talk_minutes": 180,
    "updated_at": "2026-03-01T09:00:00Z",
}
