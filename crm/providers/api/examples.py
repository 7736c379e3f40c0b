"""What the API's documentation shows of a company's own accounts."""

from __future__ import annotations

from typing import Any

CONNECTION: dict[str, Any] = {
    "provider": "twilio",
    "account": "AC0123456789abcdef0123456789abcdef",
    "secret_end": "9f3c",
    "caller_number": "+14155550100",
    "is_active": True,
    "created_at": "2026-06-23T10:00:00Z",
    "updated_at": "2026-06-23T10:00:00Z",
}
CONNECT: dict[str, Any] = {
    "account": "AC0123456789abcdef0123456789abcdef",
    "secret": "0123456789abcdef0123456789ab9f3c",
    "caller_number": "+14155550100",
}
ASKED: dict[str, Any] = {"works": True, "detail": "Copperline (active)"}
