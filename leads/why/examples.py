"""What the documentation shows of why and why not."""

from __future__ import annotations

from typing import Any

from leads.assignment.examples import AGENT_ID, LEAD_ID

DETAIL: dict[str, Any] = {
    "type": "object",
    "required": ["text", "holds"],
    "properties": {
        "text": {"type": "string"},
        "holds": {"type": "boolean", "nullable": True, "description": "Whether a condition is met; null: plain fact."},
    },
    "additionalProperties": True,
}
CAUSE: dict[str, Any] = {
    "type": "object",
    "required": ["code", "text", "is_decisive", "details"],
    "properties": {
        "code": {"type": "string", "description": "For programs; never changes."},
        "text": {"type": "string"},
        "is_decisive": {"type": "boolean", "description": "Removing it, and it alone, changes the answer."},
        "details": {"type": "array", "items": DETAIL},
    },
    "additionalProperties": True,
}
SECTION: dict[str, Any] = {
    "type": "object",
    "required": ["name", "title", "answer", "causes"],
    "properties": {
        "name": {"type": "string"},
        "title": {"type": "string"},
        "answer": {"type": "string"},
        "causes": {"type": "array", "items": CAUSE},
    },
}
ANSWER_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["lead_id", "at", "sections"],
    "properties": {
        "lead_id": {"type": "string", "format": "uuid"},
        "at": {"type": "string", "format": "date-time"},
        "sections": {"type": "array", "items": SECTION},
    },
}
ANSWER: dict[str, Any] = {
    "lead_id": LEAD_ID,
    "at": "2026-03-01T09:20:00Z",
    "sections": [
        {
            "name": "assignment",
            "title": "Assigned",
            "answer": "George Smith holds it.",
            "causes": [
                {
                    "code": "placed",
                    "text": "Dana Cole gave it to George Smith, chosen by most room.",
                    "is_decisive": True,
                    "agent_id": AGENT_ID,
                    "strategy": "capacity",
                    "assignment_id": "01981c5e-a000-7ddd-8eee-0123456789ab",
                    "at": "2026-03-01T09:00:00Z",
                    "details": [
                        {"text": "Came first of 4 agents", "holds": None},
                        {"text": "Held 15 open leads of 25 before", "holds": None},
                        {"text": "Was available, within business hours", "holds": None},
                    ],
                },
                {
                    "code": "passed_over_full",
                    "text": "Mia Ortiz was passed over: no room.",
                    "is_decisive": False,
                    "agent_id": "01981c5e-7d2a-7fff-9f10-2b6c1a5d4e3f",
                    "details": [],
                },
            ],
        }
    ],
}
