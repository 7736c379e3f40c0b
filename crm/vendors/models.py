"""Outside parties that send leads in: who they are, their keys, and what became of all they sent."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.timezone import now

from crm.core.tenancy import TenantKey, TenantModel
from crm.vendors.querysets import VendorQuerySet


class Status(models.TextChoices):
    ACTIVE = "active", "Active"
    PAUSED = "paused", "Paused"


class Vendor(TenantModel):
    """An outside party that posts leads, named by its code."""

    code = models.CharField(max_length=50)
    name = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    status = models.CharField(max_length=6, choices=Status, default=Status.ACTIVE)
    field_mapping = models.JSONField(default=dict, blank=True, help_text="The vendor's name of a field → ours")
    daily_cap = models.PositiveIntegerField(null=True, blank=True, help_text="Leads accepted a day; empty: no limit")
    price = models.DecimalField(
        max_digits=12, decimal_places=2, null=True, blank=True, help_text="What an accepted lead costs"
    )
    created_at = models.DateTimeField(default=now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    objects = VendorQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        ordering: ClassVar[list[str]] = ["code"]
        constraints = [models.UniqueConstraint(fields=["company", "code"], name="vendor_code_once")]

    def __str__(self) -> str:
        return self.code

    @property
    def is_paused(self) -> bool:
        return self.status == Status.PAUSED


class VendorKey(TenantModel):
    """A secret by which a vendor is known; only its hash is kept, and one is alive at a time."""

    vendor = TenantKey(Vendor, models.CASCADE, related_name="keys", db_index=False)
    prefix = models.CharField(max_length=16, help_text="The beginning of the key, to tell it by")
    key_hash = models.CharField(max_length=64, unique=True, help_text="SHA-256 of the key")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(default=now, editable=False)
    last_used_at = models.DateTimeField(null=True, blank=True, help_text="To the minute")
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [  # also finds a vendor's key
            models.UniqueConstraint(fields=["vendor"], condition=Q(revoked_at__isnull=True), name="vendor_key_alive")
        ]

    def __str__(self) -> str:
        return f"{self.prefix}…"


class Kind(models.TextChoices):
    POST = "post", "Lead"
    PING = "ping", "Ping"


class Outcome(models.TextChoices):
    ACCEPTED = "accepted", "Accepted"
    REFUSED = "refused", "Refused"


class VendorPost(TenantModel):
    """One lead or ping that a vendor sent, and what became of it."""

    vendor = TenantKey(Vendor, models.CASCADE, related_name="posts", db_index=False)
    kind = models.CharField(max_length=4, choices=Kind, default=Kind.POST)
    outcome = models.CharField(max_length=8, choices=Outcome, default=Outcome.ACCEPTED)
    reason_code = models.CharField(max_length=40, blank=True, help_text="Why it was refused")
    lead_id = models.UUIDField(null=True, help_text="The lead that it made")
    cost = models.DecimalField(max_digits=12, decimal_places=2, null=True, help_text="The vendor's price at that time")
    at = models.DateTimeField(default=now)

    class Meta:
        indexes = [models.Index(fields=["vendor", "kind", "at"], name="vendor_post_of")]  # the scorecard

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.get_outcome_display().lower()}"


class VendorReturn(TenantModel):
    """A lead that was given back to its vendor, and is not paid for."""

    vendor = TenantKey(Vendor, models.CASCADE, related_name="returns", db_index=False)
    lead_id = models.UUIDField()
    reason = models.CharField(max_length=200)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False)
    cost = models.DecimalField(max_digits=12, decimal_places=2, null=True, help_text="What was paid for it")
    at = models.DateTimeField(default=now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["company", "lead_id"], name="vendor_return_once")]
        indexes = [models.Index(fields=["vendor", "at"], name="vendor_return_of")]  # the scorecard

    def __str__(self) -> str:
        return self.reason


class VendorDay(TenantModel):
    """How many leads of a vendor were accepted on a day of the company; the daily cap is held by this row."""

    vendor = TenantKey(Vendor, models.CASCADE, related_name="days", db_index=False)
    day = models.DateField()
    accepted = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["vendor", "day"], name="vendor_day_once")]

    def __str__(self) -> str:
        return f"{self.day}: {self.accepted}"


class Reservation(TenantModel):
    """A phone number or e-mail address, by its hash, that this vendor alone may post for the next minutes."""

    vendor = TenantKey(Vendor, models.CASCADE, related_name="reservations", db_index=False)
    sha256 = models.CharField(max_length=64)
    expires_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["company", "sha256"], name="reservation_once")]
        indexes = [
            models.Index(fields=["expires_at"], name="reservation_end"),  # those over are thrown away
            models.Index(fields=["vendor", "expires_at"], name="reservation_of"),  # counted against the cap
        ]

    def __str__(self) -> str:
        return f"until {self.expires_at:%H:%M:%S}"
