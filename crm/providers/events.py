"""What happens to a company's own accounts at providers, by name."""

from __future__ import annotations

CONNECTION_MADE = "connection.made"
CONNECTION_CHANGED = "connection.changed"
CONNECTION_REMOVED = "connection.removed"

LABELS = {
    CONNECTION_MADE: "Provider account connected",
    CONNECTION_CHANGED: "Provider account changed",
    CONNECTION_REMOVED: "Provider account disconnected",
}
