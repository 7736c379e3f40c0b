"""What is to be done with a lead next, in one sentence: the first thing its page says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from crm.core.templatetags.ui import clock, span
from leads.models import Contact, Lead, Stage
from leads.sla import SlaStatus, sla_status


@dataclass(frozen=True)
class Step:
    """A heading, and why; `until` is the moment it is about."""

    title: str
    why: str
    icon: str
    css: str = "mut"
    until: datetime | None = None


def next_step(lead: Lead, at: datetime) -> Step:
    if lead.deleted_at is not None:
        return Step(
            "This lead was deleted", "It stands in no list and counts for nobody.", "trash-2", "mut", lead.deleted_at
        )
    if lead.contact.do_not_contact and lead.is_open:
        return Step("Do not call or write", "The contact does not want to be contacted.", "ban", "bad")
    if not lead.is_open:
        return closed_step(lead)
    if lead.agent_id is None:
        return Step("Find an agent", "Nobody holds this lead, so no clock runs.", "user-plus", "warn")
    return open_step(lead, at)


def closed_step(lead: Lead) -> Step:
    if lead.stage == Stage.CUSTOMER:
        return Step("Won", "The lead became a customer.", "circle-check", "ok", lead.closed_at)
    if lead.stage == Stage.LOST:
        return Step(
            "Lost", "Moving it to another stage, with a reason, opens it again.", "circle-x", "mut", lead.closed_at
        )
    return Step("Done", "Another outcome or stage opens it again.", "circle-check", "mut", lead.closed_at)


def open_step(lead: Lead, at: datetime) -> Step:
    status = sla_status(lead, at)
    verb = "Call" if lead.contact.phone_e164 else "Write"
    if lead.first_response_at is None and lead.deadline is not None:
        if status == SlaStatus.BREACHED:
            late = span((at - lead.deadline).total_seconds())
            return Step(
                f"{verb} now, {late} late", "The first response was due", "triangle-alert", "bad", lead.deadline
            )
        left = span((lead.deadline - at).total_seconds())
        css, icon = ("warn", "clock-alert") if status == SlaStatus.DUE_SOON else ("mut", "clock")
        return Step(f"{verb} within {left}", "The first response is due", icon, css, lead.deadline)
    moment = next((m for m in (lead.next_attempt_at, lead.schedule_at) if m is not None), None)
    if moment is not None:
        due = moment <= at
        return Step(
            f"{verb} again{' now' if due else ''}",
            "The next attempt is set for",
            "phone",
            "warn" if due else "mut",
            moment,
        )
    return Step("Keep it going", "The first response was made", "reply", "mut", lead.first_response_at)


def local_times(contact: Contact, at: datetime) -> str:
    """What the clock says where the contact may be: "13:18, Phoenix"; empty where nobody knows."""
    shown: dict[str, str] = {}
    for name in contact.zones:
        try:
            local = at.astimezone(ZoneInfo(name))
        except (ZoneInfoNotFoundError, ValueError):
            continue
        shown.setdefault(clock(local), name.rsplit("/", 1)[-1].replace("_", " "))
    if len(shown) > 2:
        times = list(shown)
        return f"between {times[0]} and {times[-1]}"
    return " or ".join(f"{time}, {place}" for time, place in shown.items())
