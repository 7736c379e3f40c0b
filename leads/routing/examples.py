"""What the documentation shows of routing rules."""

from __future__ import annotations

from typing import Any

from leads.assignment.examples import AGENT_ID, LEAD_ID

RULE_ID = "01981c5e-b100-7aaa-8bbb-0123456789ab"
CONDITIONS = [
    {"field": "source", "operator": "is_one_of", "values": ["Web", "Partner"]},
    {"field": "deal_value", "operator": "at_least", "values": ["10000"]},
]
NEW_RULE: dict[str, Any] = {
    "name": "Large deals",
    "conditions": CONDITIONS,
    "strategy": "capacity",
    "agent_emails": ["george@contentkingpins.com"],
}
RULE: dict[str, Any] = {
    "id": RULE_ID,
    "name": "Large deals",
    "position": 1,
    "is_active": True,
    "conditions": [
        {**CONDITIONS[0], "text": "Source is one of Web, Partner"},
        {**CONDITIONS[1], "text": "Deal value is at least 10000"},
    ],
    "strategy": "capacity",
    "agent_ids": [AGENT_ID],
    "agents": [{"id": AGENT_ID, "agent_id": "george@contentkingpins.com", "name": "George Smith", "is_active": True}],
    "has_active_agents": True,
    "version": 1,
    "created_at": "2026-03-01T09:00:00Z",
    "updated_at": "2026-03-01T09:00:00Z",
}
DRY_RUN: dict[str, Any] = {
    "leads": 2,
    "placed": 1,
    "unassigned": {"no_rule": 1, "nobody_fits": 0},
    "rules": [{"id": None, "name": "Large deals", "version": 0, "is_active": True, "matched": 1, "placed": 1}],
    "agents": [{"id": AGENT_ID, "agent_id": "george@contentkingpins.com", "name": "George Smith", "leads": 1}],
    "results": [
        {
            "lead_id": LEAD_ID,
            "name": "John Doe",
            "rule_id": None,
            "rule_name": "Large deals",
            "agent_id": AGENT_ID,
            "agent_name": "George Smith",
            "why": None,
            "detail": "",
        },
        {
            "lead_id": "01981c5e-9a10-7b2c-8d3e-4f5a6b7c8d9f",
            "name": "Jane Roe",
            "rule_id": None,
            "rule_name": None,
            "agent_id": None,
            "agent_name": None,
            "why": "no_rule",
            "detail": "",
        },
    ],
}
