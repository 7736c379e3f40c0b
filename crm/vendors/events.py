"""What happens to vendors, by name."""

from __future__ import annotations

VENDOR_CREATED = "vendor.created"

LABELS = {VENDOR_CREATED: "Vendor added"}
