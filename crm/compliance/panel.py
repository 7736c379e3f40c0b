"""What the panels of a contact and a lead show: may we reach them now, why not, when; and what they said."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from crm.compliance.channels import CHANNELS, Channel
from crm.compliance.gate import decide_each
from crm.compliance.models import ConsentEvent
from crm.compliance.verdict import RuleOutcome, Verdict
from crm.compliance.zones import whereabouts_of
from crm.core.actors import Actor
from leads.models import Contact, Lead

SHOWN_LINES = 12
ICONS = {
    Channel.VOICE: "phone",
    Channel.SMS: "message-square",
    Channel.WHATSAPP: "message-circle",
    Channel.EMAIL: "mail",
}


@dataclass(frozen=True)
class ChannelRow:
    """One channel: open now, from a moment on, or closed."""

    label: str
    icon: str
    allowed: bool
    reasons: tuple[RuleOutcome, ...]
    as_above: bool  # by the same rules as the row before it
    then: datetime | None
    then_there: str  # on the clocks of the person, where they have one


def channel_rows(
    contact: Contact, *, at: datetime, actor: Actor, lead: Lead | None = None
) -> tuple[list[ChannelRow], Verdict]:
    """All of them, and the whole verdict on a call."""
    verdicts = decide_each(contact, at=at, actor=actor, lead=lead)
    zones = whereabouts_of(contact).zones
    rows: list[ChannelRow] = []
    for channel in CHANNELS:
        before = rows[-1].reasons if rows else ()
        rows.append(_row(verdicts[channel], zones, {rule.code for rule in before}))
    return rows, verdicts[Channel.VOICE]


def _row(verdict: Verdict, zones: tuple[str, ...], before: set[str]) -> ChannelRow:
    then = None if verdict.allowed else verdict.next_permitted_at
    there = f"{then.astimezone(ZoneInfo(zones[0])):%a %H:%M}" if then is not None and len(zones) == 1 else ""
    channel = Channel(verdict.channel)
    repeated = bool(verdict.denials) and before == {rule.code for rule in verdict.denials}
    return ChannelRow(channel.label, ICONS[channel], verdict.allowed, verdict.denials, repeated, then, there)


def last_lines(contact: Contact) -> Iterable[ConsentEvent]:
    return ConsentEvent.objects.filter(contact=contact).select_related("user").newest_first()[:SHOWN_LINES]
