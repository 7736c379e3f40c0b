"""What the documentation shows of bulk requests."""

from __future__ import annotations

from typing import Any

LEADS = ["0193a1b2-7c3d-7e4f-8a5b-6c7d8e9f0a1b", "0193a1b2-7c3d-7e4f-8a5b-6c7d8e9f0a1c", "lead3"]
AGENT = "0193a1b2-0000-7000-8000-0000000000a1"
JOB = "0193a1b2-9999-7000-8000-0000000000f1"
DONE: dict[str, Any] = {"lead_id": LEADS[0], "success": True, "error": None}
FAILED: dict[str, Any] = {"lead_id": LEADS[2], "success": False, "error": "Lead not found"}

UPDATE: dict[str, Any] = {"lead_ids": LEADS, "updates": {"disposition": "Qualified", "priority": "high"}}
UPDATED: dict[str, Any] = {
    "success": True,
    "updated_count": 2,
    "failed_count": 1,
    "results": [DONE, {**DONE, "lead_id": LEADS[1]}, FAILED],
    "job_id": JOB,
    "returned_to_queue": [],
}
ASSIGN: dict[str, Any] = {
    "filter": {"unassigned": True, "source": "website"},
    "strategy": "round_robin",
    "agent_emails": ["george@contentkingpins.com"],
}
ASSIGNED: dict[str, Any] = {
    "success": True,
    "assigned_count": 2,
    "failed_count": 1,
    "results": [
        {**DONE, "agent_id": AGENT},
        {**DONE, "lead_id": LEADS[1], "agent_id": AGENT},
        {**FAILED, "agent_id": None},
    ],
    "job_id": JOB,
    "distribution": {AGENT: 2},
}
DELETE: dict[str, Any] = {"lead_ids": LEADS}
DELETED: dict[str, Any] = {
    "success": True,
    "deleted_count": 2,
    "failed_count": 1,
    "results": [DONE, {**DONE, "lead_id": LEADS[1]}, FAILED],
    "job_id": JOB,
}
