"""Mail that leaves the product: what is to be sent, and each try."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from crm.core.encrypted import EncryptedTextField
from crm.core.tenancy import TenantKey, TenantModel


class MailState(models.TextChoices):
    QUEUED = "queued", "Waiting"
    SENDING = "sending", "Being sent"
    SENT = "sent", "Sent"
    FAILED = "failed", "Given up"


class Mail(TenantModel):
    """One message to one address. Its bodies are encrypted, and wiped once it is sent."""

    kind = models.CharField(max_length=64, help_text="The template's name: lead_assigned, invitation …")
    to = models.EmailField()
    subject = models.CharField(max_length=300)
    text = EncryptedTextField(blank=True)
    html = EncryptedTextField(blank=True)
    object_type = models.CharField(max_length=32, blank=True)
    object_id = models.UUIDField(null=True, blank=True)
    state = models.CharField(max_length=8, choices=MailState, default=MailState.QUEUED)
    tries = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(default=timezone.now, help_text="When it is next tried")
    claimed_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(  # the sweep for what a dead worker or broker left
                fields=["due_at"], condition=models.Q(state__in=["queued", "sending"]), name="mail_due"
            ),
            models.Index(fields=["object_id", "-created_at"], name="mail_of_object"),
            models.Index(fields=["company", "-created_at"], name="mail_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} to {self.to}"


class MailAttempt(TenantModel):
    """One try at sending a mail, with what came of it."""

    mail = TenantKey(Mail, models.CASCADE, related_name="attempts")
    number = models.PositiveSmallIntegerField()
    at = models.DateTimeField(default=timezone.now)
    error = models.TextField(blank=True, help_text="Empty: it was accepted")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["mail", "number"], name="mail_attempt_once")]

    def __str__(self) -> str:
        return f"{self.number}: {self.error or 'accepted'}"
