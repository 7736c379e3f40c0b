"""Mail that leaves the product: what is to be sent, and each try."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.timezone import now

from crm.core.encrypted import EncryptedTextField
from crm.core.tenancy import TenantKey, TenantModel
from crm.mail.querysets import WAITING, MailQuerySet


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
    resend_of = TenantKey("self", models.SET_NULL, null=True, blank=True, related_name="+", db_index=False)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        help_text="Who asked to send it again",
    )
    state = models.CharField(max_length=8, choices=MailState, default=MailState.QUEUED)
    tries = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(default=now, help_text="When it is next tried")
    claimed_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=now, editable=False)
    sent_at = models.DateTimeField(null=True, blank=True)

    objects = MailQuerySet.as_manager()  # type: ignore[misc]

    personal: ClassVar[frozenset[str]] = frozenset({"to", "subject", "text", "html"})

    class Meta:
        indexes = [
            models.Index(  # the sweep for what a dead worker or broker left
                fields=["due_at"], condition=models.Q(state__in=WAITING), name="mail_due"
            ),
            models.Index(fields=["object_id", "-created_at"], name="mail_of_object"),
            models.Index(fields=["company", "-created_at"], name="mail_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} to {self.to}"

    @property
    def is_waiting(self) -> bool:
        return self.state in (MailState.QUEUED, MailState.SENDING)


class MailAttempt(TenantModel):
    """One try at sending a mail, with what came of it."""

    mail = TenantKey(Mail, models.CASCADE, related_name="attempts")
    number = models.PositiveSmallIntegerField()
    at = models.DateTimeField(default=now)
    error = models.TextField(blank=True, help_text="Empty: it was accepted")

    class Meta:
        ordering = ["mail", "number"]
        constraints = [models.UniqueConstraint(fields=["mail", "number"], name="mail_attempt_once")]

    def __str__(self) -> str:
        return f"{self.number}: {self.error or 'accepted'}"
