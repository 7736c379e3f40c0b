"""One piece of news for one person: in the app and by mail, as the person wants it. In the transaction of the event."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import models

from crm.accounts.models import User
from crm.core.bulk_rows import insert_rows
from crm.mail.actions import Outgoing, queue_mails
from crm.mail.models import Mail
from crm.notifications.kinds import Channel, Kind, wants
from crm.notifications.models import Notification
from leads.assignment.placing import NAMED

SHOWN = NAMED  # things named in news about many


@dataclass(frozen=True)
class News:
    """`url` is a page without its host. `mail`: its own form; without one the common form, with `lines` and `more`."""

    user: User
    kind: Kind
    title: str
    url: str
    text: str = ""
    obj: models.Model | None = None
    key: str = ""
    lines: Sequence[str] = ()
    more: int = 0
    mail: Outgoing | None = None


def tell(news: Iterable[News]) -> list[Mail]:
    """Two statements at most: all notifications, all mails. What leaves the process leaves after the commit."""
    batch = list(news)
    insert_rows(Notification, [_row(one) for one in batch if wants(one.user, one.kind, Channel.IN_APP)])
    return queue_mails(one.mail or _mail(one) for one in batch if wants(one.user, one.kind, Channel.EMAIL))


def _row(one: News) -> Notification:
    return Notification(
        user=one.user,
        kind=one.kind,
        title=one.title[:300],
        text=one.text[:500],
        url=one.url,
        object_type=one.obj._meta.model_name or "" if one.obj else "",
        object_id=one.obj.pk if one.obj else None,
        key=one.key,
    )


def _mail(one: News) -> Outgoing:
    context: dict[str, Any] = {
        "title": one.title,
        "text": one.text,
        "lines": one.lines,
        "more": one.more,
        "url": f"{settings.PUBLIC_URL}{one.url}",
        "go": "Look at it" if one.obj else "Look at them",
        "name": one.user.first_name or one.user.name,
        "company": one.user.company.name if one.user.company else "",
    }
    return Outgoing("notice", one.user.email, context, one.obj)
