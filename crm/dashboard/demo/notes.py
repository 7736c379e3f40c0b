"""What the people of the demo were told lately: some of it read, some not yet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from crm.accounts.models import User
from crm.accounts.permissions_table import Role
from crm.dashboard.demo.cast import Setting
from crm.dashboard.demo.lives import Life
from crm.notifications.kinds import Kind
from crm.notifications.models import Notification
from leads.models import Lead

EACH = 8
READ_AFTER = timedelta(hours=3)  # what is older than that has been read


def notes_of(setting: Setting, lives: Sequence[Life], now: datetime) -> list[Notification]:
    """The newest of each: leads given to agents, missed deadlines to managers, vendors' full days to administrators."""
    found = [*_given(setting, lives), *_missed(setting, lives, now), *_capped(setting, now)]
    for note in found:
        note.read_at = note.created_at + READ_AFTER if note.created_at < now - READ_AFTER else None
    return found


def _given(setting: Setting, lives: Sequence[Life]) -> Iterator[Notification]:
    for agent in setting.agents:
        held = [life.lead for life in lives if life.lead.agent == agent and life.lead.assigned_at]
        for lead in sorted(held, key=lambda lead: lead.assigned_at or lead.created_at)[-EACH:] if agent.user else ():
            at = lead.assigned_at or lead.created_at
            yield _note(agent.user, Kind.ASSIGNED, f"{lead.contact.name} was given to you", at, lead)


def _missed(setting: Setting, lives: Sequence[Life], now: datetime) -> Iterator[Notification]:
    missed = [life.lead for life in lives if life.lead.breached_at and life.lead.breached_at < now]
    latest = sorted(missed, key=lambda lead: lead.breached_at or now)[-EACH:]
    for user in setting.users:
        for lead in latest if user.role == Role.MANAGER else ():
            title = f"{lead.contact.name} passed the deadline without a response"
            text = f"It is with {lead.agent.name}." if lead.agent else ""
            yield _note(user, Kind.SLA_BREACHED, title, lead.breached_at or now, lead, text)


def _capped(setting: Setting, now: datetime) -> Iterator[Notification]:
    admin = setting.first(Role.ADMIN)
    for days, vendor in enumerate(setting.vendors):
        title, at = f"{vendor.name} has sent all its leads for the day", now - timedelta(days=days, hours=1)
        yield Notification(user=admin, kind=Kind.VENDOR_CAP, title=title, url=f"/vendors/{vendor.pk}/", created_at=at)


def _note(user: User | None, kind: Kind, title: str, at: datetime, lead: Lead, text: str = "") -> Notification:
    url = f"/leads/{lead.pk}/"
    row = Notification(kind=kind, title=title, text=text, url=url, object_type="lead", object_id=lead.pk, created_at=at)
    row.user = user  # type: ignore[assignment]
    return row
