"""The rules by which a company's new leads find their agents."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.timezone import now

from agents.models import Agent
from crm.core.tenancy import TenantKey, TenantModel, TenantQuerySet
from leads.choices import Strategy

STRATEGIES = (Strategy.ROUND_ROBIN, Strategy.CAPACITY, Strategy.PERFORMANCE, Strategy.MANUAL)


class RuleQuerySet(TenantQuerySet["RoutingRule"]):
    def in_order(self) -> RuleQuerySet:
        return self.order_by("position", "pk")


class RoutingRule(TenantModel):
    """New leads that meet all conditions go to one of the pool, chosen by the strategy."""

    name = models.CharField(max_length=100)
    position = models.PositiveIntegerField(default=0, help_text="The first rule that matches decides")
    is_active = models.BooleanField(default=True)
    conditions = models.JSONField(default=list, blank=True, help_text="All must hold; none: every lead matches")
    strategy = models.CharField(
        max_length=12, choices=[(s.value, s.label) for s in STRATEGIES], default=Strategy.ROUND_ROBIN
    )
    version = models.PositiveIntegerField(
        default=1, editable=False, help_text="Counts the changes of conditions, strategy and agents"
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", editable=False, db_index=False
    )
    created_at = models.DateTimeField(default=now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    objects = RuleQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        indexes = [models.Index(fields=["company", "position"], name="routing_in_order")]  # every creation; the page

    def __str__(self) -> str:
        return self.name


class RuleAgent(TenantModel):
    """One agent of a rule's pool, in the order named; a rule without any means the default pool."""

    rule = TenantKey(RoutingRule, models.CASCADE, related_name="seats", db_index=False)
    agent = TenantKey(Agent, models.PROTECT, related_name="+", db_index=False)
    position = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["rule", "agent"], name="rule_agent_once")]

    def __str__(self) -> str:
        return str(self.agent_id)
