"""What templates show often: times, money, shares, faces, and links that change one part of the address."""

from __future__ import annotations

import html
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django import template
from django.http import QueryDict
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()

SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "INR": "₹", "CAD": "CA$", "AUD": "A$"}
WITHOUT_CENTS = {"JPY", "KRW", "CLP", "VND", "ISK"}
NEAR_FULL, FULL = 80, 100  # percent of a capacity
MINUTE, HOUR, DAY = 60, 3600, 86400


@register.filter
def when(moment: datetime | None, empty: str = "–") -> SafeString:
    """`<time>` as one would say it, with the exact moment and zone in the tooltip."""
    if moment is None:
        return format_html('<span class="mut">{}</span>', empty)
    local = timezone.localtime(moment)
    iso = local.isoformat(timespec="seconds")
    return SafeString(f'<time datetime="{iso}" title="{exact(local)}">{said(local)}</time>')


def exact(local: datetime) -> str:
    return f"{local:%a} {local.day} {local:%b %Y, %H:%M:%S %Z}"


def said(local: datetime) -> str:
    """ "12 min ago", "in 2 h", then the clock of today, "yesterday", the weekday, the date."""
    now = timezone.localtime()
    seconds = (now - local).total_seconds()
    if abs(seconds) < MINUTE:
        return "now"
    if abs(seconds) < 6 * HOUR:
        return f"{span(seconds)} ago" if seconds > 0 else f"in {span(seconds)}"
    days = (now.date() - local.date()).days
    named = {0: clock(local), 1: "yesterday", -1: f"tomorrow, {clock(local)}"}
    if days in named:
        return named[days]
    if abs(days) < 7:
        return f"{local:%a}" if days > 0 else f"{local:%a}, {clock(local)}"
    year = "" if local.year == now.year else f" {local.year}"
    return f"{local.day} {local:%b}{year}"


def clock(local: datetime) -> str:
    return f"{local:%H:%M}"


def span(seconds: float) -> str:
    """A length of time in two units at most: "6 min", "1 h 14", "3 d"."""
    seconds = int(abs(seconds))
    if seconds < HOUR:
        return f"{max(seconds // MINUTE, 1)} min"
    if seconds < DAY:
        hours, minutes = seconds // HOUR, seconds % HOUR // MINUTE
        return f"{hours} h {minutes:02d}" if minutes else f"{hours} h"
    return f"{seconds // DAY} d"


@register.filter(name="span")
def span_filter(value: timedelta | float | None) -> str:
    """Seconds, or a time delta, as a length of time."""
    if value is None:
        return "–"
    return span(value.total_seconds() if isinstance(value, timedelta) else value)


@register.filter
def length_of_call(seconds: int | None) -> str:
    """As a telephone shows it: 3:07, 1:02:45."""
    if seconds is None:
        return "–"
    minutes, rest = divmod(seconds, MINUTE)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


@register.filter
def money(amount: Decimal | float | None, currency: str = "USD") -> str:
    """With its currency; cents only where there are any."""
    if amount is None:
        return "–"
    amount = Decimal(str(amount))
    places = 0 if currency in WITHOUT_CENTS or amount == amount.to_integral_value() else 2
    symbol = SYMBOLS.get(currency, f"{currency} ")
    return f"{'−' if amount < 0 else ''}{symbol}{abs(amount):,.{places}f}"


@register.filter
def initials(name: str) -> str:
    """Two letters for a face: "Priya Raghunathan" → "PR", "Aria" → "Ar"."""
    words = [word for word in str(name).replace("@", " ").split() if word[0].isalnum()]
    if not words:
        return "?"
    return (words[0][0] + words[-1][0]).upper() if len(words) > 1 else words[0][:2].capitalize()


@register.filter
def load_level(percent: float | None) -> str:
    """The class of a load: none below 80 %, `warn` from there, `bad` when full."""
    if percent is None or percent < NEAR_FULL:
        return ""
    return "bad" if percent >= FULL else "warn"


@register.simple_tag
def face(name: str, percent: float | None = None, css: str = "") -> SafeString:
    """Initials in a ring that shows the load (`percent` of the capacity); no ring without one. Decorative."""
    ring = ""
    if percent is not None:
        ring = (
            f'<circle class="v {load_level(percent)}" cx="12" cy="12" r="11" pathLength="100"'
            f' stroke-dasharray="{min(round(percent), 100)} 100" transform="rotate(-90 12 12)"/>'
        )
    return SafeString(
        f'<svg class="face {css}" viewBox="0 0 24 24" aria-hidden="true"><circle cx="12" cy="12" r="11"/>{ring}'
        f'<text x="12" y="15">{html.escape(initials(name))}</text></svg>'
    )


@register.simple_tag
def load_meter(held: int, room: int | None, css: str = "") -> SafeString:
    """How full an agent is: grey below 80 %, amber, red when full; nothing where there is no maximum."""
    if room is None:
        return SafeString("")
    top = max(room, 1)
    return format_html(
        '<meter class="{}" min="0" max="{}" low="{}" high="{}" optimum="0" value="{}"'
        ' aria-label="{} of {} open leads held"></meter>',
        css,
        top,
        f"{top * NEAR_FULL / 100 - 0.1:.1f}",
        f"{top - 0.5:.1f}",
        held if room else top,
        held,
        room,
    )


@register.simple_tag(takes_context=True)
def query(context: template.Context, **changes: Any) -> str:
    """The address's query with some parts changed; an empty value leaves the part out. Always begins with `?`."""
    params: QueryDict = context["request"].GET.copy()
    for name, value in changes.items():
        params.pop(name, None)
        if value not in (None, ""):
            params[name] = str(value)
    return f"?{params.urlencode()}"


@register.filter
def percent(share: float | None) -> str:
    """0.914 → "91.4%"."""
    return "–" if share is None else f"{share * 100:.1f}%"


@register.filter
def count(number: int) -> str:
    return f"{number:,}"


@register.filter
def field_id(name: str) -> str:
    return f"id_{name}"


@register.inclusion_tag("components/_field.html")
def field(bound: Any, hint: str = "", **attrs: Any) -> dict[str, Any]:
    """A form's field with its label, its hint, and its errors tied to it for screen readers."""
    described = [
        f"{bound.auto_id}-{part}" for part, shown in (("h", hint or bound.help_text), ("e", bound.errors)) if shown
    ]
    widget = bound.field.widget
    attrs = {name.replace("_", "-"): value for name, value in attrs.items()}
    if described:
        attrs["aria-describedby"] = " ".join(described)
    if bound.errors:
        attrs["aria-invalid"] = "true"
    base = {"select": "form-select", "checkbox": "form-check-input"}.get(
        getattr(widget, "input_type", ""), "form-control"
    )
    attrs["class"] = f"{base}{' is-invalid' if bound.errors else ''}"
    return {
        "bound": bound,
        "control": bound.as_widget(attrs=attrs),
        "hint": hint or bound.help_text,
        "is_check": base == "form-check-input",
    }
