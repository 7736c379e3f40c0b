"""From a template's name to a subject and two bodies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import css_inline
from django.conf import settings
from django.template import Context
from django.template.loader import get_template

SUBJECT_LIMIT = 300


@dataclass(frozen=True)
class Rendered:
    subject: str
    text: str
    html: str


def render_mail(kind: str, context: Mapping[str, Any]) -> Rendered:
    """Render `templates/emails/<kind>/{subject.txt,body.txt,body.html}`; `public_url` is there beside the context.

    The subject is one line whatever the values hold, so that none can add a header. The HTML's style sheet is
    written into its elements, as mail programs want it; nothing is fetched for that.
    """
    values = {"public_url": settings.PUBLIC_URL, **context}
    subject = " ".join(_plain_text(f"emails/{kind}/subject.txt", values).split())
    return Rendered(
        subject=subject[:SUBJECT_LIMIT],
        text=_plain_text(f"emails/{kind}/body.txt", values).strip() + "\n",
        html=_inliner().inline(get_template(f"emails/{kind}/body.html").render(values)),
    )


def _plain_text(name: str, values: dict[str, Any]) -> str:
    """Without HTML escapes: a Django template escapes whatever its file is called."""
    template: Any = get_template(name)
    return str(template.template.render(Context(values, autoescape=False)))


@cache
def _inliner() -> css_inline.CSSInliner:
    return css_inline.CSSInliner(load_remote_stylesheets=False)
