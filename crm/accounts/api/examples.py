"""Answers as the API documentation shows them."""

from __future__ import annotations

from typing import Any

USER: dict[str, Any] = {
    "id": "01937e2c-8f5a-7c3e-9d41-2b6f0a8c1e57",
    "company_id": "01937e2c-8e11-7a90-b2c4-5d3e7f901a62",
    "email": "george@contentkingpins.com",
    "username": "george",
    "first_name": "George",
    "last_name": "Smith",
    "name": "George Smith",
    "role": "agent",
    "is_active": True,
    "agent_id": "01937e2c-9012-7d04-8a3b-6c5d4e3f2a10",
    "timezone": "America/New_York",
    "last_login": "2026-11-20T08:59:12Z",
    "created_at": "2026-11-02T14:30:00Z",
    "updated_at": "2026-11-20T08:59:12Z",
}
TOKENS: dict[str, Any] = {
    "access": "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiIwMTkzN2UyYyJ9.c2lnbmF0dXJl",
    "refresh": "01937e2ca1b27c3e9d412b6f0a8c1e57.k3J9vQ.5f1e",
    "token": "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiIwMTkzN2UyYyJ9.c2lnbmF0dXJl",
    "token_type": "Bearer",
    "expires_in": 3600,
    "user": USER,
}
COMPANY: dict[str, Any] = {
    "id": "01937e2c-8e11-7a90-b2c4-5d3e7f901a62",
    "name": "Content Kingpins",
    "timezone": "America/New_York",
    "default_country": "US",
    "currency": "USD",
    "sla_duration_minutes": 120,
    "sla_by_priority": {"urgent": 30},
    "sla_clock": "calendar",
    "calling_hours": {"start": "08:00", "end": "21:00"},
    "business_hours": {"mon": [["09:00", "17:00"]], "tue": [["09:00", "12:00"], ["13:00", "17:00"]]},
    "holidays": ["2026-12-25"],
    "agents_may_claim": True,
    "accept_minutes": 15,
    "attribution_days": 30,
    "record_calls": True,
    "recording_notice": "This call may be recorded.",
    "retention_days": 730,
    "duplicate_policy": "refuse",
    "qualify_threshold": 70,
    "promote_threshold": 75,
    "disqualify_threshold": 40,
    "created_at": "2026-11-02T14:30:00Z",
    "updated_at": "2026-11-20T08:59:12Z",
}
AGENT: dict[str, Any] = {
    "id": "01937e2c-9012-7d04-8a3b-6c5d4e3f2a10",
    "name": "George Smith",
    "kind": "human",
    "availability": "available",
    "is_active": True,
    "max_capacity": 25,
}
ME: dict[str, Any] = {**USER, "user": USER, "company": COMPANY, "agent": AGENT}
INVITATION: dict[str, Any] = {
    "id": "01937e2d-0b7f-7e21-a5c8-3f2e1d0c9b8a",
    "email": "priya@contentkingpins.com",
    "role": "manager",
    "created_at": "2026-11-20T09:00:00Z",
    "expires_at": "2026-11-27T09:00:00Z",
    "accepted_at": None,
}


def message(text: str) -> dict[str, Any]:
    return {"message": text}
