"""What people are told in the app."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.timezone import now

from crm.core.tenancy import TenantModel
from crm.notifications.kinds import ICONS, Kind
from crm.notifications.querysets import NotificationQuerySet


class Notification(TenantModel):
    """One thing that one person is told, with where to look; read once the person has seen it."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="notifications", db_index=False)
    kind = models.CharField(max_length=16, choices=Kind)
    title = models.CharField(max_length=300)
    text = models.CharField(max_length=500, blank=True)
    url = models.CharField(max_length=500, blank=True, help_text="A page of the product, without its host")
    object_type = models.CharField(max_length=32, blank=True)
    object_id = models.UUIDField(null=True, blank=True, help_text="What it tells of; none where it tells of many")
    key = models.CharField(max_length=100, blank=True, help_text="Told once: no second one with this key")
    created_at = models.DateTimeField(default=now, editable=False)
    read_at = models.DateTimeField(null=True, blank=True)

    objects = NotificationQuerySet.as_manager()  # type: ignore[misc]

    personal: ClassVar[frozenset[str]] = frozenset({"title", "text"})

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "key"], condition=~Q(key=""), name="notification_told_once")
        ]
        indexes = [
            models.Index(fields=["user", "-created_at", "-id"], name="notification_newest"),  # the list; the bell
            models.Index(  # the badge: how many are unread
                fields=["user", "-created_at"], condition=Q(read_at__isnull=True), name="notification_unread"
            ),
            models.Index(fields=["object_id"], name="notification_of_object"),  # erasure
            models.Index(fields=["created_at"], name="notification_age"),  # the purge
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def updated_at(self) -> datetime:
        """It changes once: when it is read."""
        return self.read_at or self.created_at

    @property
    def icon(self) -> str:
        return ICONS.get(Kind(self.kind), "bell") if self.kind in Kind.values else "bell"
