"""What people are told of, and by which channel each of them wants it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.db import models

if TYPE_CHECKING:
    from crm.accounts.models import User


class Kind(models.TextChoices):
    ASSIGNED = "assigned", "A lead is given to you"
    TAKEN = "taken", "A lead of yours goes to somebody else or back to the queue"
    SLA_DUE_SOON = "sla_due_soon", "A lead of yours is due within half an hour"
    SLA_BREACHED = "sla_breached", "A deadline has passed without a response"
    UNACCEPTED = "unaccepted", "Nobody has taken up a lead in time"
    CALL_BACK = "call_back", "A call-back of yours is due"
    TEXT = "text", "Somebody whose lead you hold has sent a text message"
    JOB = "job", "An import, export or other long work of yours is over"
    VENDOR_CAP = "vendor_cap", "A vendor has reached its number of leads for the day"


ICONS = {
    Kind.ASSIGNED: "user-check",
    Kind.TAKEN: "arrow-right-left",
    Kind.SLA_DUE_SOON: "clock-alert",
    Kind.SLA_BREACHED: "triangle-alert",
    Kind.UNACCEPTED: "user-x",
    Kind.CALL_BACK: "phone",
    Kind.TEXT: "message-square",
    Kind.JOB: "list-checks",
    Kind.VENDOR_CAP: "store",
}


class Channel(models.TextChoices):
    IN_APP = "in_app", "In the app"
    EMAIL = "email", "By e-mail"


# Where a user has not chosen: all in the app, and by mail what can't wait.
MAILED = frozenset({Kind.ASSIGNED, Kind.SLA_DUE_SOON, Kind.SLA_BREACHED, Kind.UNACCEPTED})


def wants(user: User, kind: str, channel: str) -> bool:
    """Costs no query: the choices stand on the user's row."""
    chosen = user.notification_choices.get(kind, {}).get(channel)
    return bool(chosen) if chosen is not None else channel == Channel.IN_APP or kind in MAILED


def choices_of(user: User) -> dict[str, dict[str, bool]]:
    """Every kind with every channel, as chosen or by default."""
    return {kind.value: {channel.value: wants(user, kind, channel) for channel in Channel} for kind in Kind}


def chosen(wanted: Mapping[str, Mapping[str, Any]], user: User) -> dict[str, dict[str, bool]]:
    """What the user's row is to hold: the choices so far, with the wanted ones in their place."""
    kept = {kind: dict(channels) for kind, channels in user.notification_choices.items() if kind in Kind.values}
    for kind, channels in wanted.items():
        kept[kind] = {**kept.get(kind, {}), **{name: bool(value) for name, value in channels.items()}}
    return kept
