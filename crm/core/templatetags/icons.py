"""Icons: lucide's, and a few symbols of our own (a stage as a filling pie, a score's band as bars)."""

from __future__ import annotations

from functools import cache

import lucide
from django import template
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

register = template.Library()

RING = '<circle cx="12" cy="12" r="9"/>'
SLICE = (
    '<circle cx="12" cy="12" r="3" stroke-width="6" stroke-linecap="butt" pathLength="1"'
    ' stroke-dasharray="{} 1" transform="rotate(-90 12 12)"/>'
)
BAR = '<path d="M{}" stroke-width="4"{}/>'
BARS = ("5 20V14", "12 20V9", "19 20V4")
OWN = {
    "s-lead": RING,
    "s-mql": RING + SLICE.format(".25"),
    "s-sql": RING + SLICE.format(".5"),
    "s-opportunity": RING + SLICE.format(".75"),
    **{
        f"band{count}": "".join(BAR.format(bar, "" if n < count else ' opacity=".25"') for n, bar in enumerate(BARS))
        for count in (1, 2, 3)
    },
}
ALIAS = {"s-customer": "circle-check", "s-lost": "circle-x"}


@register.simple_tag
def icon(name: str, css: str = "") -> SafeString:
    """A 16-pixel icon beside a word, hidden from screen readers. `css`: further classes."""
    return draw(str(name), str(css))


@cache
def draw(name: str, css: str) -> SafeString:
    shape = OWN.get(name) or lucide_shape(ALIAS.get(name, name))
    classes = f"i {escape(css)}".strip()
    return mark_safe(  # noqa: S308 - drawn by us and by lucide; `css` is escaped
        f'<svg class="{classes}" width="16" height="16" viewBox="0 0 24 24" aria-hidden="true">{shape}</svg>'
    )


def lucide_shape(name: str) -> str:
    """What stands inside lucide's `<svg>`; line, width and colour come from our stylesheet."""
    lines = lucide._render_icon(name, None).splitlines()[1:-1]
    return "".join(line.strip().replace(" />", "/>") for line in lines)
