"""The filters of a person's notifications, for page and API."""

from __future__ import annotations

from django.db.models import QuerySet

from crm.core.api.filters import BoolFilter, CsvFilter, StrictFilterSet
from crm.notifications.kinds import Kind
from crm.notifications.models import Notification


class UnreadFilter(BoolFilter):
    """`unread=true` leaves out what has been read, `false` what has not."""

    def filter(self, qs: QuerySet[Notification], value: bool | None) -> QuerySet[Notification]:
        return qs if value is None else qs.filter(read_at__isnull=value)


class NotificationFilter(StrictFilterSet):
    unread = UnreadFilter("read_at")
    kind = CsvFilter(choices=Kind)

    class Meta:
        model = Notification
        fields: list[str] = []
