"""A user's own notifications (S2): the list, reading, and by which channel it wants which news."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from crm.accounts.actions import choose_notifications
from crm.core.api.json import utc_text
from crm.core.api.schema import describe
from crm.core.api.views import ApiViewSet
from crm.core.errors import InvalidField
from crm.notifications.actions import read, read_all
from crm.notifications.filters import NotificationFilter
from crm.notifications.kinds import Channel, Kind, choices_of, chosen
from crm.notifications.models import Notification
from crm.notifications.querysets import NotificationQuerySet

COUNTED = 1000

EXAMPLE: dict[str, Any] = {
    "id": "0196b2f0-7a00-7000-8000-00000000d001",
    "kind": "sla_due_soon",
    "title": "Ada Byron is due at 14:30",
    "text": "A call, a message, an outcome or a stage move counts as the first response.",
    "url": "/leads/0196b2f0-7a00-7000-8000-00000000b001/",
    "object_type": "lead",
    "object_id": "0196b2f0-7a00-7000-8000-00000000b001",
    "created_at": "2026-03-02T13:05:00Z",
    "read_at": None,
    "is_read": False,
}
CHOICES: dict[str, Any] = {"preferences": {kind.value: {channel.value: True for channel in Channel} for kind in Kind}}


class ChoicesBody(serializers.Serializer[Any]):
    preferences = serializers.DictField(help_text="Kind to channel (`in_app`, `email`) to true or false")


class NotificationViewSet(ApiViewSet):
    """Everybody sees and reads their own alone; another's is 403."""

    schema_tag = "Notifications"
    permissions = dict.fromkeys(("list", "read", "read_all", "choices", "choose"), "notifications.view")

    def own(self) -> NotificationQuerySet:
        user: Any = self.request.user
        return Notification.objects.visible_to(user)

    @describe(
        "Notifications",
        listing="notifications",
        filterset=NotificationFilter,
        ordering=["created_at"],
        answer_example=EXAMPLE,
        extra_example={"unread_count": 3},
    )
    def list(self, request: Request) -> Response:
        """What the user was told, newest first; `unread_count` is over all of them, and counts to 1,000."""
        return self.listing(
            self.own(),
            plural="notifications",
            represent=lambda rows: [notification_json(row) for row in rows],
            filterset=NotificationFilter,
            ordering={"created_at": "created_at"},
            default="-created_at",
            extra={"unread_count": self.own().unread()[:COUNTED].count()},
        )

    @describe(
        "Mark a notification as read", answer_example={**EXAMPLE, "read_at": EXAMPLE["created_at"], "is_read": True}
    )
    def read(self, request: Request, pk: str) -> Response:
        """Answers the notification; one that is read stays as it is."""
        row = read(self.find(self.own(), pk))
        return self.answer(notification_json(row), row=row)

    @describe("Mark all notifications as read", answer_example={"success": True, "updated_count": 3})
    def read_all(self, request: Request) -> Response:
        user: Any = request.user
        return self.answer({"success": True, "updated_count": read_all(user)})

    @describe("What the user is told", answer_example=CHOICES)
    def choices(self, request: Request) -> Response:
        """Each kind of news with the channels that it may come by, as chosen or by default."""
        user: Any = request.user
        return self.answer({"preferences": choices_of(user)})

    @describe(
        "Choose what the user is told",
        body=ChoicesBody,
        example={"preferences": {"job": {"email": True}}},
        answer_example=CHOICES,
    )
    def choose(self, request: Request) -> Response:
        """Changes the named kinds and channels alone; answers all."""
        user: Any = request.user
        wanted = checked(self.body(ChoicesBody)["preferences"])
        return self.answer({"preferences": choices_of(choose_notifications(user, chosen(wanted, user)))})


def checked(wanted: dict[str, Any]) -> dict[str, dict[str, bool]]:
    """Raises `InvalidField` for a kind or a channel that is not there, and for what is no yes or no."""
    for kind, channels in wanted.items():
        if kind not in Kind.values:
            raise InvalidField("preferences", f"Kinds are {', '.join(Kind.values)}.")
        if not isinstance(channels, dict) or set(channels) - set(Channel.values):
            raise InvalidField("preferences", f"Channels are {', '.join(Channel.values)}.")
        if not all(isinstance(value, bool) for value in channels.values()):
            raise InvalidField("preferences", f"Say true or false for each channel of {kind}.")
    return wanted


def notification_json(row: Notification) -> dict[str, Any]:
    return {
        "id": str(row.pk),
        "kind": row.kind,
        "title": row.title,
        "text": row.text,
        "url": row.url or None,
        "object_type": row.object_type or None,
        "object_id": str(row.object_id) if row.object_id else None,
        "created_at": utc_text(row.created_at),
        "read_at": utc_text(row.read_at) if row.read_at else None,
        "is_read": row.read_at is not None,
    }
