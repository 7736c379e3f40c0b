"""Every schedule of the product. A name that leaves this list leaves the scheduler's tables at the next migration."""

from __future__ import annotations

from django.conf import settings

from crm.core.schedules import Schedule

SCHEDULES = [
    Schedule("Heartbeat", "core.heartbeat", every_seconds=15),
    Schedule("Send the mail that is due", "mail.send_due", every_seconds=15),
    Schedule("Seal the audit log", "audit.seal", every_seconds=3),
    Schedule("Seal what slow transactions left", "audit.seal_late", every_seconds=30),
    Schedule("Seal what long transactions left", "audit.seal_rest", every_seconds=3600),
    Schedule("Forget old idempotent answers", "core.purge_answers", every_seconds=3600, queue="bulk"),
    Schedule("Take back leads that nobody touched in time", "leads.return_untouched", every_seconds=30),
    Schedule("Throw away uploads that nobody imported", "leads.purge_imports", every_seconds=3600, queue="bulk"),
    Schedule("Take up jobs that were left behind", "jobs.take_up", every_seconds=10),
    Schedule("Forget reservations that are over", "vendors.purge_reservations", every_seconds=3600, queue="bulk"),
    Schedule("Go on with simulated calls that were left", "simulator.play_left", every_seconds=15),
    Schedule("Forget simulated calls that are over", "simulator.purge", every_seconds=3600, queue="bulk"),
    Schedule("Tell whose call-backs are due", "notifications.call_backs", every_seconds=60),
    Schedule("Forget old notifications", "notifications.purge", every_seconds=3600, queue="bulk"),
    Schedule("Watch the deadlines", "sla.tick", every_seconds=settings.SLA_TICK_SECONDS),
    Schedule("Call the leads that are due", "calls.tick", every_seconds=settings.CALLS_TICK_SECONDS),
    Schedule("Take up calls that were left behind", "calls.sweep", every_seconds=15),
    Schedule("Ask what calls cost", "calls.price", every_seconds=60, queue="bulk"),
    Schedule("Refresh SQLite's statistics", "core.refresh_statistics", every_seconds=3600, queue="bulk"),
]
