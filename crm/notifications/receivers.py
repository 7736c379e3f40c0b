"""Which event tells whom; in the transaction of the event, by set."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from crm.audit.events import events_recorded
from crm.audit.models import AuditEntry
from crm.compliance.events import TEXT_RECEIVED
from crm.jobs.events import JOB_FAILED, JOB_FINISHED
from crm.notifications.actions import forget_people, news_of_given
from crm.notifications.lead_news import (
    news_of_breaches,
    news_of_due_soon,
    news_of_taken,
    news_of_texts,
    news_of_unaccepted,
)
from crm.notifications.other_news import news_of_jobs, news_of_vendor_caps
from crm.notifications.telling import News, tell
from crm.sla.events import LEAD_SLA_BREACHED, LEAD_SLA_DUE_SOON
from crm.vendors.events import VENDOR_CAP_REACHED
from leads.events import CONTACT_DELETED, LEAD_ASSIGNED, LEAD_REASSIGNED, LEAD_UNASSIGNED

Compose = Callable[[list[AuditEntry]], list[News]]
TOLD: Mapping[str, tuple[Compose, ...]] = {
    LEAD_ASSIGNED: (news_of_given,),
    LEAD_REASSIGNED: (news_of_given, news_of_taken),
    LEAD_UNASSIGNED: (news_of_taken,),
    LEAD_SLA_DUE_SOON: (news_of_due_soon,),
    LEAD_SLA_BREACHED: (news_of_breaches,),
    "lead.unaccepted": (news_of_unaccepted,),
    TEXT_RECEIVED: (news_of_texts,),
    JOB_FINISHED: (news_of_jobs,),
    JOB_FAILED: (news_of_jobs,),
    VENDOR_CAP_REACHED: (news_of_vendor_caps,),
}


def connect() -> None:
    events_recorded.connect(on_events, dispatch_uid="notifications")


def on_events(entries: list[AuditEntry], **kwargs: Any) -> None:
    """One piece of news for each person, kind and batch; nothing where the transaction is rolled back.

    Who is deleted is named no more.
    """
    if gone := [entry.object_id for entry in entries if entry.action == CONTACT_DELETED]:
        forget_people(gone)
    heard: dict[Compose, list[AuditEntry]] = {}
    for entry in entries:
        for compose in TOLD.get(entry.action, ()):
            heard.setdefault(compose, []).append(entry)
    if news := [one for compose, batch in heard.items() for one in compose(batch)]:
        tell(news)
