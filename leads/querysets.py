"""Named selections of leads and contacts."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.apps import apps
from django.db.models import (
    BooleanField,
    Case,
    Exists,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    Subquery,
    TextField,
    When,
)
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Coalesce, Greatest

from crm.accounts.permissions_table import allows
from crm.core.tenancy import TenantQuerySet

if TYPE_CHECKING:
    from agents.models import Agent
    from crm.accounts.models import User
    from leads.models import Contact, Lead  # noqa: F401

OPEN_STATUSES = ("new", "in_progress")
OPEN_STAGES = ("lead", "mql", "sql", "opportunity")
# An open lead: not deleted, not done, not customer or lost. The partial indexes have the same words.
IS_OPEN = Q(deleted_at__isnull=True, status__in=OPEN_STATUSES, stage__in=OPEN_STAGES)
# When a call is due: every moment to be waited for has come; without any, since the lead is there. No literal stands in
# it, so that SQLite too finds the index on it.
DUE_AT = Greatest(
    Coalesce("schedule_at", "created_at"),
    Coalesce("next_attempt_at", "created_at"),
    Coalesce("held_until", "created_at"),
)

EXTERNAL_ID = Cast(KeyTextTransform("external_id", "custom_fields"), TextField())


class LeadQuerySet(TenantQuerySet["Lead"]):
    def alive(self) -> Self:
        return self.filter(deleted_at__isnull=True)

    def open(self) -> Self:
        return self.filter(IS_OPEN)

    def by_external_id(self, ids: Iterable[str]) -> Self:
        """By the id that another system gave them, as imports keep it among the custom fields."""
        return self.alias(external_id=EXTERNAL_ID).filter(external_id__in=ids)

    def due(self, at: datetime) -> Self:
        """Open ones whose next call is due, with `due_at`; whoever holds them, and whatever attempts are left."""
        return self.open().annotate(due_at=DUE_AT).filter(due_at__lte=at)

    def queue_of(self, agent: Agent, at: datetime) -> Self:
        """What a person is to call now: first what was put at the front, then call-backs, by priority and score.

        Then the nearest deadline, and who waits longest. A lead without attempts left stands in no queue.
        """
        due = self.due(at).filter(agent=agent, attempts_count__lt=agent.max_attempts)
        return due.order_by(
            F("front_at").asc(nulls_last=True),
            Case(When(disposition="callback", then=0), default=1),
            "-priority",
            "-score",
            F("deadline").asc(nulls_last=True),
            "created_at",
            "pk",
        )

    def telling_merges(self) -> Self:
        """With `has_merged`: whether a lead was merged into it, or a contact into its own; two looks into an index."""
        lead = apps.get_model("leads.Lead").objects.filter(merged_into=OuterRef("pk"))
        contact = apps.get_model("leads.Contact").objects.filter(merged_into=OuterRef("contact_id"))
        return self.annotate(has_merged=ExpressionWrapper(Exists(lead) | Exists(contact), BooleanField()))

    def visible_to(self, user: User) -> Self:
        """Admins and managers see all; an agent what it holds or created."""
        if allows(user, "leads.view_all"):
            return self
        from agents.models import Agent

        # one value, not a join: PostgreSQL then reads both indexes, by agent and by creator
        own = Subquery(Agent.objects.filter(user=user).values("pk")[:1])
        return self.filter(Q(agent=own) | Q(created_by=user))


class ContactQuerySet(TenantQuerySet["Contact"]):
    def alive(self) -> Self:
        return self.filter(deleted_at__isnull=True)

    def merged(self) -> Self:
        """Those that are another contact now; each points at it."""
        return self.filter(merged_into__isnull=False)

    def visible_to(self, user: User) -> Self:
        """Admins and managers see all; an agent those it created or of whose leads it sees one."""
        if allows(user, "leads.view_all"):
            return self
        leads = apps.get_model("leads.Lead").objects.alive().visible_to(user)
        return self.filter(Q(created_by=user) | Q(pk__in=leads.values("contact_id")))
