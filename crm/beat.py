"""Every schedule of the product. A name that leaves this list leaves the scheduler's tables at the next migration."""

from __future__ import annotations

from crm.core.schedules import Schedule

SCHEDULES = [
    Schedule("Heartbeat", "core.heartbeat", every_seconds=15),
    Schedule("Send the mail that is due", "mail.send_due", every_seconds=30),
]
