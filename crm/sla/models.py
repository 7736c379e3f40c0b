"""The clock of each assignment, kept for good."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from agents.models import Agent
from crm.core.tenancy import TenantKey, TenantModel
from crm.sla.querysets import UNJUDGED, TimerQuerySet
from leads.models import Lead, Priority


class Outcome(models.TextChoices):
    """How a clock stands; derived from its moments."""

    RUNNING = "running", "Running"
    MET = "met", "Met"
    BREACHED = "breached", "Breached"
    STOPPED = "stopped", "Stopped"


class Timer(TenantModel):
    """One agent's clock on one lead: from the assignment to the first response, or to whatever ended it before.

    Lead and agent are held by the keys of (company, id) alone, so that a batch of assignments checks each once.
    """

    lead = TenantKey(Lead, models.CASCADE, related_name="sla_timers", db_index=False, db_constraint=False)
    agent = TenantKey(Agent, models.PROTECT, related_name="sla_timers", db_index=False, db_constraint=False)
    priority = models.PositiveSmallIntegerField(choices=Priority, help_text="The lead's, when the clock started")
    started_at = models.DateTimeField()
    due_at = models.DateTimeField(help_text="When the first response was owed")
    reminded_at = models.DateTimeField(null=True, blank=True, help_text="When the holder was reminded")
    answered_at = models.DateTimeField(null=True, blank=True, help_text="The first response")
    ended_at = models.DateTimeField(
        null=True, blank=True, help_text="The first response, or when the lead was handed on, returned, closed"
    )
    breached_at = models.DateTimeField(null=True, blank=True, help_text="The deadline, once it was found passed")

    objects = TimerQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        ordering = ["-started_at", "-id"]
        indexes = [
            models.Index(fields=["due_at"], condition=UNJUDGED, name="sla_timer_overdue"),  # the tick: breaches
            models.Index(  # the tick: reminders; the board
                fields=["due_at", "company"], condition=Q(ended_at__isnull=True), name="sla_timer_running"
            ),
            models.Index(fields=["lead", "-started_at"], name="sla_timer_of_lead"),  # a lead's clocks; ending one
            models.Index(fields=["company", "due_at"], name="sla_timer_by_day"),  # rates of a week, of a month
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(answered_at__isnull=True) | Q(ended_at__isnull=False), name="sla_timer_answer_ends"
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_outcome().label}, due {self.due_at:%Y-%m-%d %H:%M}"

    def get_outcome(self) -> Outcome:
        if self.breached_at is not None or (self.ended_at is not None and self.ended_at > self.due_at):
            return Outcome.BREACHED
        if self.answered_at is not None:
            return Outcome.MET
        return Outcome.STOPPED if self.ended_at is not None else Outcome.RUNNING
