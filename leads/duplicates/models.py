"""Two contacts that may be one person."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.timezone import now

from crm.core.tenancy import TenantKey, TenantModel
from leads.duplicates.querysets import PairQuerySet


class Reason(models.TextChoices):
    """Why they may be one."""

    NAMED_TOGETHER = "named_together", "One submission named the phone of one and the e-mail of the other"
    EMAIL = "email", "The same e-mail address but for dots or a tag"
    PHONE = "phone", "The same phone number but for its country or prefix"
    NAME = "name", "The same name at the same employer"


class FoundBy(models.TextChoices):
    CREATION = "creation", "A new or changed contact"
    IMPORT = "import", "An import"
    SCAN = "scan", "A search through all contacts"
    MERGE = "merge", "A merge of one of them"


class PairState(models.TextChoices):
    OPEN = "open", "To be decided"
    MERGED = "merged", "Merged"
    DISMISSED = "dismissed", "Not the same"


class DuplicatePair(TenantModel):
    """Two contacts that may be one person, the one with the smaller id first, and what a person decided of them."""

    first = TenantKey("leads.Contact", models.CASCADE, related_name="+", db_index=False)
    second = TenantKey("leads.Contact", models.CASCADE, related_name="+", db_index=False)
    reasons = models.JSONField(default=list)
    found_by = models.CharField(max_length=8, choices=FoundBy)
    state = models.CharField(max_length=9, choices=PairState, default=PairState.OPEN)
    found_at = models.DateTimeField(default=now, editable=False)
    decided_at = models.DateTimeField(null=True, editable=False)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", editable=False, db_index=False
    )

    objects = PairQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        verbose_name = "possible duplicate"
        constraints = [
            models.UniqueConstraint(fields=["company", "first", "second"], name="duplicate_pair_once"),
            models.CheckConstraint(condition=Q(first__lt=F("second")), name="duplicate_pair_ordered"),
        ]
        indexes = [
            models.Index(fields=["company", "state", "-found_at", "-id"], name="duplicate_pair_list"),
            models.Index(fields=["first"], name="duplicate_pair_first"),  # a contact's page, and a merge
            models.Index(fields=["second"], name="duplicate_pair_second"),
        ]

    def __str__(self) -> str:
        return f"{self.first_id} = {self.second_id}?"

    @property
    def reason_labels(self) -> list[str]:
        return [str(Reason(reason).label) for reason in self.reasons if reason in Reason.values]
