"""What the API's documentation shows of consent, decisions and suppressed addresses."""

from __future__ import annotations

from typing import Any

CONTACT = "0193a1b2-7c3d-7e4f-8a5b-6c7d8e9f0a1c"
CONSENT: dict[str, Any] = {"channel": "sms", "granted": False, "wording": "Please no texts", "source": "web form"}
ENTRY: dict[str, Any] = {
    "id": "0193a1b2-7c3d-7e4f-8a5b-6c7d8e9f0c01",
    "contact_id": CONTACT,
    "channel": "sms",
    "state": "revoked",
    "granted": False,
    "wording": "Please no texts",
    "basis": None,
    "source": "api",
    "origin": "web form",
    "address": "+14155552671",
    "ip": "192.0.2.7",
    "actor": "Mara Lindt",
    "lead_id": None,
    "at": "2026-06-23T10:00:00Z",
}
STANDING: dict[str, Any] = {
    "contact_id": CONTACT,
    "opt_in_status": "unknown",
    "do_not_contact": False,
    "channels": {"voice": None, "sms": "revoked", "whatsapp": None, "email": "granted"},
}
RECORDED: dict[str, Any] = {**STANDING, "entries": [ENTRY]}
DECISION: dict[str, Any] = {
    "contact_id": CONTACT,
    "lead_id": None,
    "channel": "voice",
    "at": "2026-06-24T01:15:00Z",
    "allowed": False,
    "reason": "Florida calling hours: 08:00–20:00, and it is 21:15 on Tuesday, 23 June in America/New_York",
    "next_permitted_at": "2026-06-24T12:00:00Z",
    "time_zones": ["America/New_York"],
    "places": ["US-FL"],
    "rules": [
        {
            "code": "us_fl_hours",
            "outcome": "deny",
            "text": "Florida calling hours: 08:00–20:00, and it is 21:15 on Tuesday, 23 June in America/New_York",
            "source": "Fla. Stat. § 501.616(6)(a)",
        }
    ],
    "notice": "The rules are kept with care and with their sources, and are not legal advice.",
}
NEW_SUPPRESSION: dict[str, Any] = {
    "phone": "+14155552671",
    "channels": ["voice", "sms"],
    "reason": "Asked by letter",
    "source": "mail",
}
SUPPRESSION: dict[str, Any] = {
    "id": "0193a1b2-7c3d-7e4f-8a5b-6c7d8e9f0c11",
    "kind": "phone",
    "address": "+1•••2671",
    "sha256": "2f6c6b0a54c7f3d6f0e1d8f0a9f6c1f7f7c4b1f0e9d8c7b6a5948372615f0e1d",
    "channels": ["voice", "sms"],
    "reason": "Asked by letter",
    "source": "mail",
    "expires_at": None,
    "is_active": True,
    "created_at": "2026-06-23T10:00:00Z",
}
