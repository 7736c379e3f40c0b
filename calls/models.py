"""Calls: who called whom, how it went, and what the provider told of it."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.utils.timezone import now

from agents.models import Agent
from calls.querysets import DIALLED, IS_ACTIVE, CallQuerySet
from crm.compliance.decided import Decided, sent_only_if_allowed
from crm.core.tenancy import TenantKey, TenantModel
from leads.models import Contact, Lead


class Direction(models.TextChoices):
    OUTBOUND = "outbound", "Outgoing"
    INBOUND = "inbound", "Incoming"


class Status(models.TextChoices):
    """In their order: an update never takes a call back (`RANK`)."""

    QUEUED = "queued", "Queued"
    RINGING = "ringing", "Ringing"
    IN_PROGRESS = "in_progress", "In progress"
    COMPLETED = "completed", "Completed"
    FAILED = "failed", "Failed"
    CANCELED = "canceled", "Canceled"


FINAL = (Status.COMPLETED, Status.FAILED, Status.CANCELED)
RANK: dict[str, int] = {Status.QUEUED: 0, Status.RINGING: 1, Status.IN_PROGRESS: 2, **dict.fromkeys(FINAL, 3)}


class Outcome(models.TextChoices):
    ANSWERED = "answered", "Answered"
    NO_ANSWER = "no_answer", "No answer"
    FAILED = "failed", "Failed"


class Call(Decided):
    """One attempt to speak with a contact, dialled by the product, come in, or logged by hand.

    What the product dials points at the decision of the contact gate that allowed it.
    """

    lead = TenantKey(Lead, models.PROTECT, related_name="calls", db_index=False)
    contact = TenantKey(Contact, models.PROTECT, related_name="calls", db_index=False)
    agent = TenantKey(Agent, models.PROTECT, null=True, blank=True, related_name="calls", db_index=False)
    attempt = models.PositiveIntegerField(help_text="Which attempt of the lead it is, from 1")
    direction = models.CharField(max_length=8, choices=Direction, default=Direction.OUTBOUND)
    is_manual = models.BooleanField(default=False, help_text="Logged by hand")
    provider = models.CharField(max_length=20, blank=True)
    provider_id = models.CharField(max_length=64, blank=True, help_text="The provider's own name for it")
    phone_e164 = models.CharField(max_length=16, blank=True, help_text="The number that was called")
    status = models.CharField(max_length=11, choices=Status, default=Status.QUEUED)
    outcome = models.CharField(max_length=9, choices=Outcome, blank=True)
    detail = models.CharField(max_length=40, blank=True, help_text="busy, voicemail, invalid_number …")
    trouble = models.CharField(max_length=300, blank=True, help_text="What the provider said last, where it refused")
    requested_at = models.DateTimeField(default=now)
    placed_at = models.DateTimeField(null=True, blank=True, help_text="When the provider took it")
    answered_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    duration_seconds = models.PositiveIntegerField(null=True, blank=True)
    answered_by = models.CharField(max_length=20, blank=True, help_text="human or machine, as the provider heard it")
    transferred_to = models.CharField(max_length=200, blank=True, help_text="The person who took it over")
    recording_url = models.CharField(max_length=500, blank=True)
    transcript = models.JSONField(default=list, blank=True, help_text='[{"speaker", "text", "seconds"}]')
    summary = models.TextField(blank=True)
    disposition = models.CharField(max_length=50, blank=True, help_text="Its outcome, by its key")
    callback_at = models.DateTimeField(null=True, blank=True, help_text="When the person asked to be called")
    cost = models.DecimalField(max_digits=12, decimal_places=4, null=True, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    price_due_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="When to ask the provider what it cost, which it knows later"
    )
    look_at = models.DateTimeField(default=now, help_text="While it is active: without news by then it is looked at")
    tries = models.PositiveSmallIntegerField(default=0, help_text="How often a worker set out to dial it")
    cancel_asked = models.BooleanField(default=False)
    is_muted = models.BooleanField(default=False, help_text="The contact does not hear our person")
    is_held = models.BooleanField(default=False, help_text="The contact waits on the line")
    needs_wrap_up = models.BooleanField(default=False, help_text="A person of ours talks, and has not said how it went")
    search_text = models.TextField(blank=True, editable=False, help_text="The contact's, to search by")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", editable=False
    )
    created_at = models.DateTimeField(default=now, editable=False)
    updated_at = models.DateTimeField(default=now, editable=False)

    objects = CallQuerySet.as_manager()  # type: ignore[misc]

    personal: ClassVar[frozenset[str]] = frozenset(
        {"phone_e164", "transcript", "summary", "recording_url", "transferred_to"}
    )

    class Meta:
        constraints = [
            sent_only_if_allowed("call_only_if_allowed", unless=~DIALLED),
            models.UniqueConstraint(  # no lead is called twice at once, whatever races
                fields=["lead"], condition=IS_ACTIVE & DIALLED, name="call_one_at_a_time"
            ),
            models.UniqueConstraint(  # no attempt is dialled twice; a canceled one may be taken up again
                fields=["lead", "attempt"], condition=DIALLED & ~Q(status="canceled"), name="call_attempt_once"
            ),
            models.UniqueConstraint(
                fields=["company", "provider", "provider_id"], condition=~Q(provider_id=""), name="call_provider_once"
            ),
            models.CheckConstraint(condition=~DIALLED | Q(agent__isnull=False), name="call_has_agent"),
        ]
        indexes = [
            models.Index(fields=["company", "-created_at", "-id"], name="call_newest"),  # the history
            models.Index(fields=["agent", "-created_at", "-id"], name="call_of_agent"),  # an agent's; contact rate
            models.Index(fields=["company", "outcome", "-created_at", "-id"], name="call_by_outcome"),
            models.Index(fields=["lead", "-created_at", "-id"], name="call_of_lead"),
            models.Index(  # how often a person was tried lately, for the laws that limit it
                fields=["contact", "placed_at"], condition=Q(placed_at__isnull=False), name="call_tried"
            ),
            models.Index(fields=["contact"], condition=IS_ACTIVE, name="call_talking"),  # nobody is called by two
            models.Index(fields=["agent"], condition=IS_ACTIVE & DIALLED, name="call_lines"),  # an agent's free lines
            models.Index(fields=["agent"], condition=Q(needs_wrap_up=True), name="call_unfinished"),  # the cockpit's
            models.Index(fields=["look_at"], condition=IS_ACTIVE & DIALLED, name="call_left"),  # the sweep
            models.Index(fields=["price_due_at"], condition=Q(price_due_at__isnull=False), name="call_price_due"),
            GinIndex(fields=["search_text"], opclasses=["gin_trgm_ops"], name="call_search"),
        ]

    def __str__(self) -> str:
        return f"Call {self.attempt} ({self.get_status_display().lower()})"

    @property
    def is_over(self) -> bool:
        return self.status in FINAL

    @property
    def is_dialled(self) -> bool:
        """By the product itself."""
        return not self.is_manual and self.direction == Direction.OUTBOUND


class CallEvent(TenantModel):
    """One thing that the provider told of a call; told again, it has the same id and changes nothing."""

    call = TenantKey(Call, models.CASCADE, related_name="events", db_index=False)
    provider = models.CharField(max_length=20)
    event_id = models.CharField(max_length=200)
    status = models.CharField(max_length=11, choices=Status, blank=True)
    detail = models.CharField(max_length=40, blank=True)
    is_late = models.BooleanField(default=False, help_text="The call had gone further already")
    at = models.DateTimeField(help_text="When it happened, as the provider says")
    received_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["company", "provider", "event_id"], name="call_event_once"),
        ]
        indexes = [models.Index(fields=["call", "received_at"], name="call_event_of_call")]

    def __str__(self) -> str:
        return f"{self.status or 'news'} of {self.provider}"


def ended(call: Call) -> dict[str, Any]:
    """What an event may say of a call that is over: nothing personal."""
    return {
        "outcome": call.outcome or None,
        "detail": call.detail or None,
        "disposition": call.disposition or None,
        "duration_seconds": call.duration_seconds,
    }
