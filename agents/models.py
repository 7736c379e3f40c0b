"""Whoever works and calls leads: people and AI voice agents."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.timezone import now

from agents.querysets import AgentQuerySet
from crm.core.tenancy import TenantKey, TenantModel

CAPACITY_LIMIT = 10_000


class Kind(models.TextChoices):
    HUMAN = "human", "Person"
    VOICE = "voice", "AI voice agent"


class Availability(models.TextChoices):
    AVAILABLE = "available", "Available"
    BUSY = "busy", "Busy"
    AWAY = "away", "Away"
    OFFLINE = "offline", "Offline"


class Agent(TenantModel):
    """A person (tied to one user) or an AI voice agent that holds leads up to its capacity."""

    kind = models.CharField(max_length=5, choices=Kind, default=Kind.HUMAN)
    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="agent")
    name = models.CharField(max_length=200)
    is_active = models.BooleanField(default=True)
    availability = models.CharField(max_length=9, choices=Availability, default=Availability.AVAILABLE)
    timezone = models.CharField(max_length=64, blank=True, help_text="Empty: the company's")
    business_hours = models.JSONField(
        null=True, blank=True, help_text='{"mon": [["09:00", "17:00"]], …}; empty: the company\'s'
    )
    max_attempts = models.PositiveSmallIntegerField(default=3)
    retry_delay_minutes = models.PositiveIntegerField(default=60)
    max_concurrent_calls = models.PositiveSmallIntegerField(default=1)
    max_capacity = models.PositiveIntegerField(
        null=True, blank=True, default=25, help_text="Open leads it may hold; none: without limit (voice agents alone)"
    )
    voice_script = models.TextField(blank=True)
    voice = models.CharField(max_length=64, blank=True)
    caller_number = models.CharField(max_length=16, blank=True, help_text="E.164")
    own_number = models.CharField(
        max_length=16, blank=True, help_text="E.164; the telephone at which a provider rings a person first"
    )
    last_placed_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="Its last turn in the rotation (round robin)"
    )
    created_at = models.DateTimeField(default=now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    objects = AgentQuerySet.as_manager()  # type: ignore[misc]

    personal: ClassVar[frozenset[str]] = frozenset({"name", "caller_number", "own_number"})

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="human", user__isnull=False) | Q(kind="voice", user__isnull=True),
                name="agent_human_has_user",
            ),
            models.CheckConstraint(
                condition=Q(kind="voice") | Q(max_capacity__isnull=False), name="agent_human_has_capacity"
            ),
            models.CheckConstraint(
                condition=Q(max_capacity__isnull=True) | Q(max_capacity__lte=CAPACITY_LIMIT), name="agent_capacity_sane"
            ),
        ]
        indexes = [models.Index(fields=["company", "is_active", "name"], name="agent_list")]  # GET /agents

    def __str__(self) -> str:
        return self.name

    @property
    def email(self) -> str | None:
        return self.user.email if self.user else None


class AgentGoal(TenantModel):
    """What an agent means to reach in a day; nothing where no goal is set."""

    agent = TenantKey(Agent, models.CASCADE, related_name="+", db_index=False)
    calls = models.PositiveIntegerField(null=True, blank=True)
    reached = models.PositiveIntegerField(null=True, blank=True, help_text="Calls that a person answered")
    qualified = models.PositiveIntegerField(null=True, blank=True, help_text="Calls that ended as qualified")
    talk_minutes = models.PositiveIntegerField(null=True, blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["agent"], name="agent_goal_once")]  # also finds an agent's

    def __str__(self) -> str:
        return f"Goals of {self.agent}"
