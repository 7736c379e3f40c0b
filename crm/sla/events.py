"""What happens on the clocks of leads, by name."""

from __future__ import annotations

LEAD_SLA_DUE_SOON = "lead.sla_due_soon"
LEAD_SLA_BREACHED = "lead.sla_breached"

LABELS = {
    LEAD_SLA_DUE_SOON: "Deadline near",
    LEAD_SLA_BREACHED: "Deadline passed",
}
