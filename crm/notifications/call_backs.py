"""Telling people that a call-back is due: once for each promised moment, whenever the tick comes.

The row that tells is the state. What is older than a day when the tick comes is left to the queue, where it stands.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.urls import reverse

from agents.models import Kind as AgentKind
from crm.accounts.models import Company
from crm.notifications.kinds import Kind
from crm.notifications.models import Notification
from crm.notifications.telling import News, tell
from leads.models import Lead
from leads.querysets import LeadQuerySet

STALE = timedelta(days=1)
BATCH = 500


def companies_with_call_backs(at: datetime) -> list[UUID]:
    """Ask it across all of them: one look into an index for each."""
    due = due_call_backs(at).filter(company=OuterRef("pk"))
    return list(Company.objects.filter(Exists(due)).values_list("pk", flat=True))


@transaction.atomic
def tell_call_backs(at: datetime) -> int:
    """How many were told. Leads are locked, so that of two ticks at once one leaves them to the other."""
    rows = due_call_backs(at).select_related("contact", "agent__user__company").order_by("next_attempt_at", "pk")
    due = list(rows.select_for_update(of=("self",), no_key=True, skip_locked=True)[:BATCH])
    tell(_news(lead) for lead in due)
    return len(due)


def due_call_backs(at: datetime) -> LeadQuerySet:
    """Promised for a moment that has come, by a person who holds the lead and was not told yet."""
    told = Notification.objects.filter(
        kind=Kind.CALL_BACK, object_id=OuterRef("pk"), created_at__gte=OuterRef("next_attempt_at")
    )
    promised = Lead.objects.open().filter(
        disposition="callback", next_attempt_at__lte=at, next_attempt_at__gt=at - STALE
    )
    people = promised.filter(agent__kind=AgentKind.HUMAN, agent__user__is_active=True)
    chosen = "agent__user__notification_choices__call_back__in_app"
    wanted = people.filter(Q(**{f"{chosen}__isnull": True}) | Q(**{chosen: True}))
    return wanted.exclude(Exists(told))


def _news(lead: Lead) -> News:
    holder: Any = lead.agent
    phone = f"Call {lead.contact.phone_e164}." if lead.contact.phone_e164 else ""
    url, title = reverse("leads:detail", args=[lead.pk]), f"{lead.contact.name} waits for your call"
    return News(holder.user, Kind.CALL_BACK, title, url, phone, lead)
