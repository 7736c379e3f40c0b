"""What the API's documentation shows of vendors."""

from __future__ import annotations

from typing import Any

NEW: dict[str, Any] = {
    "vendor_code": "DEMO001",
    "name": "Demo Publisher",
    "description": "Test publisher for validation",
}
CHANGE: dict[str, Any] = {
    "field_mapping": {"mobile": "phone", "given": "first_name", "campaign": "custom_fields.campaign"},
    "daily_cap": 200,
    "price": 12.5,
}
VENDOR: dict[str, Any] = {
    "id": "0193a1b2-7c3d-7e4f-8a5b-6c7d8e9f0b01",
    "company_id": "0193a1b2-0000-7000-8000-000000000001",
    **NEW,
    "status": "active",
    **CHANGE,
    "key_prefix": "acv_q3Zx8b",
    "key_created_at": "2026-06-23T10:00:00Z",
    "key_last_used_at": None,
    "created_at": "2026-06-23T10:00:00Z",
    "updated_at": "2026-06-23T10:00:00Z",
    "accepted_count": 120,
    "rejected_count": 14,
}
WITH_KEY: dict[str, Any] = {**VENDOR, "api_key": "acv_q3Zx8b-shown-this-once-kept-nowhere-0123456789"}
SCORECARD: dict[str, Any] = {
    "vendor_code": "DEMO001",
    "name": "Demo Publisher",
    "start_date": "2026-06-01",
    "end_date": None,
    "posted": 134,
    "accepted": 120,
    "refused": 14,
    "refused_by_reason": {"duplicate": 10, "invalid_phone": 4},
    "acceptance_rate": 89.6,
    "duplicates": 10,
    "duplicate_rate": 7.5,
    "pings": 20,
    "pings_accepted": 18,
    "returns": 2,
    "returns_by_reason": {"The number is not in service": 2},
    "return_rate": 1.7,
    "leads": 120,
    "converted": 9,
    "conversion_rate": 7.5,
    "spent": 1475.0,
    "cost_per_lead": 12.5,
    "cost_per_customer": 163.89,
}
