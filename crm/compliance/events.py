"""What happens to consent, suppressed addresses and calling hours, by name."""

from __future__ import annotations

CONSENT_GRANTED = "consent.granted"
CONSENT_REVOKED = "consent.revoked"
CONSENT_CLEARED = "consent.cleared"
TEXT_RECEIVED = "text.received"
SUPPRESSION_ADDED = "suppression.added"
SUPPRESSION_CHANGED = "suppression.changed"
SUPPRESSION_LIFTED = "suppression.lifted"
STRICTER_HOURS_SET = "stricter_hours.set"
STRICTER_HOURS_REMOVED = "stricter_hours.removed"

LABELS = {
    CONSENT_GRANTED: "Consent granted",
    CONSENT_REVOKED: "Consent revoked",
    CONSENT_CLEARED: "Consent entry taken back",
    TEXT_RECEIVED: "Text message received",
    SUPPRESSION_ADDED: "Address suppressed",
    SUPPRESSION_CHANGED: "Suppressed address changed",
    SUPPRESSION_LIFTED: "Address no longer suppressed",
    STRICTER_HOURS_SET: "Stricter calling hours set",
    STRICTER_HOURS_REMOVED: "Stricter calling hours removed",
}
