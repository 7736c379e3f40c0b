"""Telling people that a call-back is due: once for each promised moment, whenever the tick comes.

What was told is the state: a notification, a mail or both, as the person wants it. What is older than a day when the
tick comes is left to the queue, where it stands.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.urls import reverse

from agents.models import Kind as AgentKind
from crm.accounts.models import Company
from crm.mail.actions import Outgoing
from crm.mail.models import Mail
from crm.notifications.assignment_mails import in_words
from crm.notifications.kinds import Channel, Kind
from crm.notifications.models import Notification
from crm.notifications.telling import News, tell
from leads.models import Lead
from leads.querysets import LeadQuerySet

MAIL = "call_back"
STALE = timedelta(days=1)
BATCH = 500


def companies_with_call_backs(at: datetime) -> list[UUID]:
    """Ask it across all of them: one look into an index for each."""
    due = due_call_backs(at).filter(company=OuterRef("pk"))
    return list(Company.objects.filter(Exists(due)).values_list("pk", flat=True))


@transaction.atomic
def tell_call_backs(at: datetime) -> int:
    """How many were told. Leads are locked, so that of two ticks at once one leaves them to the other."""
    rows = (
        due_call_backs(at)
        .select_related("contact", "agent__user__company", "agent__company")
        .order_by("next_attempt_at", "pk")
    )
    due = list(rows.select_for_update(of=("self",), no_key=True, skip_locked=True)[:BATCH])
    tell(_news(lead) for lead in due)
    return len(due)


def due_call_backs(at: datetime) -> LeadQuerySet:
    """Promised for a moment that has come, by a person who holds the lead and was not told yet."""
    since = {"object_id": OuterRef("pk"), "created_at__gte": OuterRef("next_attempt_at")}
    told = Exists(Notification.objects.filter(kind=Kind.CALL_BACK, **since))
    mailed = Exists(Mail.objects.filter(kind=MAIL, **since))
    promised = Lead.objects.open().filter(
        disposition="callback", next_attempt_at__lte=at, next_attempt_at__gt=at - STALE
    )
    people = promised.filter(agent__kind=AgentKind.HUMAN, agent__user__is_active=True)
    chosen = "agent__user__notification_choices__call_back"
    in_app = Q(**{f"{chosen}__{Channel.IN_APP}__isnull": True}) | Q(**{f"{chosen}__{Channel.IN_APP}": True})
    return people.filter(in_app | Q(**{f"{chosen}__{Channel.EMAIL}": True})).exclude(told).exclude(mailed)


def _news(lead: Lead) -> News:
    holder: Any = lead.agent
    phone = f"Call {lead.contact.phone_e164}." if lead.contact.phone_e164 else ""
    url, title = reverse("leads:detail", args=[lead.pk]), f"{lead.contact.name} waits for your call"
    return News(holder.user, Kind.CALL_BACK, title, url, phone, lead, mail=_mail(lead, title, url))


def _mail(lead: Lead, title: str, url: str) -> Outgoing:
    holder: Any = lead.agent
    context = {
        "title": title,
        "name": holder.user.first_name or holder.name,
        "promised": in_words(lead.next_attempt_at, holder),
        "phone": lead.contact.phone_e164,
        "organization": lead.contact.organization,
        "url": f"{settings.PUBLIC_URL}{url}",
        "company": holder.company.name,
    }
    return Outgoing(MAIL, holder.user.email, context, lead)
