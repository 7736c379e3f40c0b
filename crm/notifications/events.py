"""What notifications do that is worth telling, by name."""

from __future__ import annotations

LEAD_MAIL_RESENT = "lead.mail_resent"

LABELS = {LEAD_MAIL_RESENT: "Assignment mail sent again"}
