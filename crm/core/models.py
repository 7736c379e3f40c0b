"""Rows that serve every subject."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from crm.core.encrypted import EncryptedTextField
from crm.core.tenancy import TenantModel


class IdempotentAnswer(TenantModel):
    """The first answer to a POST with an `Idempotency-Key`, given again to its repetition for 24 hours.

    Inserted inside the transaction of the work, so that a second caller waits at the unique index.
    """

    scope = models.CharField(max_length=64, help_text="SHA-256 of principal, method, route and key")
    body_hash = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    headers = models.JSONField(default=dict)
    body = EncryptedTextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["company", "scope"], name="idempotent_once")]
        indexes = [models.Index(fields=["created_at"], name="idempotent_age")]  # thrown away after a day

    def __str__(self) -> str:
        return self.scope
