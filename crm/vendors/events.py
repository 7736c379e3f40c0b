"""What happens to vendors, by name."""

from __future__ import annotations

VENDOR_CREATED = "vendor.created"
VENDOR_UPDATED = "vendor.updated"
VENDOR_PAUSED = "vendor.paused"
VENDOR_RESUMED = "vendor.resumed"
VENDOR_CAP_REACHED = "vendor.cap_reached"
VENDOR_KEY_MADE = "vendor.key_made"
VENDOR_KEY_REVOKED = "vendor.key_revoked"

LABELS = {
    VENDOR_CREATED: "Vendor added",
    VENDOR_UPDATED: "Vendor changed",
    VENDOR_PAUSED: "Vendor paused",
    VENDOR_RESUMED: "Vendor active again",
    VENDOR_CAP_REACHED: "The day's number of leads reached",
    VENDOR_KEY_MADE: "Vendor key made",
    VENDOR_KEY_REVOKED: "Vendor key revoked",
}
