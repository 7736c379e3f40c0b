"""What the API's documentation shows of the intake."""

from __future__ import annotations

from typing import Any

from leads.api.examples import IDS

PING: dict[str, Any] = {"phone_sha256": "5f16aa6b5c1fd1c1a8bd7f0b8ecfd19b07f7c2c6ee0e4b1d5a5f0f9d4f3b2a10"}
PING_ANSWER: dict[str, Any] = {"accepted": True, "reason_code": None, "reserved_until": "2026-06-23T10:10:00Z"}
RETURN: dict[str, Any] = {"reason": "The number is not in service"}
RETURN_ANSWER: dict[str, Any] = {
    "success": True,
    "lead_id": IDS["lead"],
    "vendor_code": "DEMO001",
    "reason": "The number is not in service",
    "returned_at": "2026-06-23T11:00:00Z",
    "stage": "lost",
}
