"""How a lead's stage, score, priority and SLA clock are drawn, alike in lists, on its page and at home."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any

from django import template
from django.utils.safestring import SafeString
from django.utils.timezone import localtime, now

from crm.accounts.models import Company
from crm.core.templatetags.icons import draw
from crm.core.templatetags.ui import MINUTE, exact, span
from leads.models import Lead, Priority, Stage
from leads.rows import phone_shown
from leads.sla import DUE_SOON, SlaStatus, sla_status, stopped_at

register = template.Library()

PRIORITY_ICONS = {
    Priority.LOW: ("arrow-down", "mut"),
    Priority.HIGH: ("signal-high", "mut"),
    Priority.URGENT: ("octagon-alert", "bad"),
}


@register.simple_tag
def stage(lead: Lead) -> SafeString:
    """Icon and word."""
    return SafeString(f"{draw(f's-{lead.stage}', '')}{Stage(lead.stage).label}")


@register.simple_tag
def priority_mark(lead: Lead) -> SafeString:
    """Nothing for a normal one; else an icon with its word for screen readers."""
    if lead.priority not in PRIORITY_ICONS:
        return SafeString("")
    return mark_of(Priority(lead.priority))


@cache
def mark_of(priority: Priority) -> SafeString:
    """Our own words alone: nothing to escape."""
    (name, css), label = PRIORITY_ICONS[priority], priority.label
    spoken = f'<span class="visually-hidden">{label} priority</span>'
    return SafeString(f'<span class="ms-1 {css}" title="{label} priority">{draw(name, "")}{spoken}</span>')


@register.simple_tag
def score(lead: Lead, company: Company) -> SafeString:
    """The number and its band by the company's thresholds; a lead that was never scored has none."""
    if not lead.score:
        return SafeString('<span class="mut">No score</span>')
    band, word = band_of(lead.score, company)
    return SafeString(
        f'<span class="cell">{draw(f"band{band}", "")}{lead.score} <span class="mut">{word}</span></span>'
    )


def band_of(points: int, company: Company) -> tuple[int, str]:
    if points >= company.qualify_threshold:
        return 3, "Hot"
    return (2, "Warm") if points >= company.disqualify_threshold else (1, "Cold")


@register.simple_tag
def sla(lead: Lead, at: datetime | None = None) -> SafeString:
    """Icon, clock and words; the exact deadline in the tooltip."""
    at = at or now()
    status = sla_status(lead, at)
    if status == SlaStatus.NONE or lead.deadline is None:
        return SafeString(f'<span class="mut">{"No clock yet" if lead.is_open else "–"}</span>')
    if status == SlaStatus.MET:
        return SafeString(f'<span class="cell mut" title="{due(lead)}">{draw("check", "")}Met</span>')
    words, css, symbol = clock_words(lead, status, at)
    drawn = f"{draw(symbol, '')}{meter(lead, at, words)}{words}"
    return SafeString(f'<span class="cell {css}" title="{due(lead)}">{drawn}</span>')


def clock_words(lead: Lead, status: str, at: datetime) -> tuple[str, str, str]:
    """Words, class and icon of a clock that runs or has run out."""
    assert lead.deadline is not None
    if status == SlaStatus.BREACHED:
        late = stopped_at(lead, at) - lead.deadline
        return f"{span(late.total_seconds())} late", "bad", "triangle-alert"
    left = (lead.deadline - at).total_seconds()
    if status == SlaStatus.DUE_SOON:
        return f"{span(left)} left", "warn", "clock-alert"
    return f"{span(left)} left", "mut", "clock"


@register.simple_tag
def sla_meter(lead: Lead, at: datetime | None = None) -> SafeString:
    at = at or now()
    status = sla_status(lead, at)
    return meter(lead, at, clock_words(lead, status, at)[0]) if status != SlaStatus.NONE else SafeString("")


def meter(lead: Lead, at: datetime, words: str) -> SafeString:
    """Minutes used of those between assignment and deadline: amber when due soon, red when past."""
    assert lead.deadline is not None
    start = lead.assigned_at or lead.created_at
    top = max((lead.deadline - start).total_seconds() / MINUTE, 1)
    used = min(max((stopped_at(lead, at) - start).total_seconds() / MINUTE, 0), top)
    soon = max(top - DUE_SOON.total_seconds() / MINUTE, 0)
    return SafeString(
        f'<meter min="0" max="{round(top)}" low="{round(soon, 1)}" high="{round(top - 0.5, 1)}" optimum="0"'
        f' value="{round(used, 1)}" aria-label="SLA clock, {words}"></meter>'
    )


def due(lead: Lead) -> str:
    return f"First response due {exact(localtime(lead.deadline))}"


@register.filter
def phone(e164: str) -> str:
    """As one reads it."""
    return phone_shown(e164)


@register.filter
def sla_of(lead: Lead) -> str:
    return sla_status(lead, now())


@register.filter
def tags_of(value: Any) -> list[str]:
    return [str(tag) for tag in value] if isinstance(value, list) else []
