"""Examples for the documentation."""

from __future__ import annotations

from typing import Any

from leads.api import examples

OTHER = "01981c5e-7d2a-7c3e-9f10-2b6c1a5d4e40"
PAIR: dict[str, Any] = {
    "id": "01981c5e-b222-7abc-8def-0123456789ab",
    "state": "open",
    "reasons": ["email", "name"],
    "found_by": "scan",
    "found_at": "2026-03-02T09:30:00Z",
    "decided_at": None,
    "decided_by_id": None,
    "contacts": [
        {
            "id": examples.CONTACT["id"],
            "name": "Ann Lee",
            "email": "ann.lee@example.com",
            "phone_e164": "+14155552671",
            "organization": "Acme Corp",
            "merged_into_id": None,
        },
        {
            "id": OTHER,
            "name": "Ann Lee",
            "email": "annlee+crm@example.com",
            "phone_e164": None,
            "organization": "Acme Corp",
            "merged_into_id": None,
        },
    ],
}
MERGE: dict[str, Any] = {"other_id": OTHER, "fields": {"organization": "other", "tags": "this"}, "dry_run": False}
LEAD_MERGE: dict[str, Any] = {"other_id": OTHER, "fields": {"deal_value": "other"}, "dry_run": False}
FIELD: dict[str, Any] = {
    "field": "organization",
    "this": "Acme",
    "other": "Acme Corp",
    "taken": "other",
    "result": "Acme Corp",
    "may_choose": True,
    "why": None,
}
MERGED: dict[str, Any] = {
    "other_id": OTHER,
    "dry_run": False,
    "fields": [FIELD],
    "leads": {"moved": [examples.LEAD["id"]], "merged": []},
    "job_id": "01981c5e-a111-7abc-8def-0123456789ab",
}
MERGED_CONTACT: dict[str, Any] = {"contact": examples.CONTACT, **MERGED}
MERGED_LEAD: dict[str, Any] = {"lead": examples.LEAD, **MERGED}
