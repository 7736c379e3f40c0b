"""The audit log: what happened, in entries that the database itself keeps from being changed."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.timezone import now

from crm.audit.querysets import AuditEntryQuerySet
from crm.core.tenancy import TenantKey, TenantModel


class AuditEntry(TenantModel):
    """One thing that happened: who, what, on what, when, from where. Append-only, enforced by triggers.

    `changes` is a list of `{"field", "before", "after"}`, or for personal fields `{"field", "before_hash",
    "after_hash"}` (keyed hashes); the personal values themselves stand in the erasable journal.
    """

    at = models.DateTimeField(default=now)
    action = models.CharField(max_length=64, help_text="The event's name: lead.assigned")
    actor_kind = models.CharField(max_length=8, help_text="user, vendor or system")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    actor_label = models.CharField(max_length=200, help_text="The vendor's code or the part of the product")
    object_type = models.CharField(max_length=32, help_text="lead, contact, agent, user, company …")
    object_id = models.UUIDField()
    changes = models.JSONField(default=list)
    data = models.JSONField(default=dict, help_text="What else is worth telling; nothing personal, no secret")
    ip = models.GenericIPAddressField(null=True, blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    mac = models.CharField(
        max_length=64,
        default="",
        editable=False,
        help_text="Keyed hash of all the above: written by the product, and unchanged",
    )

    objects = AuditEntryQuerySet.as_manager()  # type: ignore[misc]

    beside: models.Model | None = None  # at hand in the transaction that recorded it, kept nowhere

    class Meta:
        verbose_name_plural = "audit entries"
        indexes = [
            models.Index(fields=["company", "-id"], name="audit_newest"),  # the audit page
            models.Index(fields=["object_id", "-id"], name="audit_of_object"),  # a lead's timeline
            models.Index(fields=["company", "action", "-id"], name="audit_by_action"),
            models.Index(fields=["company", "user", "-id"], name="audit_by_user"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.object_type} {self.object_id}"

    @property
    def actor(self) -> str:
        """The name of whoever acted; the user's is read, so select it with the entries."""
        return self.user.name if self.user else self.actor_label


class JournalEntry(TenantModel):
    """Before- and after-images of one entry's fields, personal ones too; can be erased without touching the log."""

    entry = TenantKey(AuditEntry, models.PROTECT, related_name="journal", db_constraint=False)
    object_type = models.CharField(max_length=32)
    object_id = models.UUIDField()
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    batch = models.UUIDField(null=True, editable=False, help_text="The job that it was part of; undo takes that back")

    class Meta:
        verbose_name_plural = "journal entries"
        indexes = [
            models.Index(fields=["object_id"], name="journal_of_object"),  # erasure
            models.Index(  # undo, object after object
                fields=["batch", "object_type", "object_id"],
                condition=models.Q(batch__isnull=False),
                name="journal_of_batch",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.object_type} {self.object_id}"


class AuditSeal(TenantModel):
    """Chains one entry to the one sealed before it in its company (`crm/audit/proof.py`). Append-only, by triggers."""

    number = models.PositiveBigIntegerField()
    entry_id = models.UUIDField(unique=True)
    mac = models.CharField(max_length=64)
    sealed_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["company", "number"], name="seal_number_once")]

    def __str__(self) -> str:
        return f"{self.number}: {self.entry_id}"
