"""The sections of `GET /leads/{id}/why`, registered by name; an app above adds its own in its `ready()`.

A section states one answer ("Nobody holds it") and its causes. A cause is *decisive* where removing it, and it alone,
changes the answer; whoever registers a section tests that. What stands in the way beside others is named too, and is
not decisive. Texts are for the reader who asks: they name no lead, contact or document that this user may not see.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from crm.accounts.models import User
from leads.models import Lead


@dataclass(frozen=True)
class Detail:
    """One fact that a cause rests on: `holds` says whether a condition is met, none that it is plain information."""

    text: str
    holds: bool | None = None
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Cause:
    """What led to the answer. `code` is for programs and never changes; `data` stands beside it in the API."""

    code: str
    text: str
    is_decisive: bool = True
    details: Sequence[Detail] = ()
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Section:
    """One question about the lead, answered in one sentence; the first cause weighs most."""

    title: str
    answer: str
    causes: Sequence[Cause] = ()


# (lead with its contact, agent and company's settings at hand; who asks; the moment) → none where it does not apply.
# It costs a constant number of queries.
Explain = Callable[[Lead, User, datetime], Section | None]

_sections: dict[str, tuple[int, Explain]] = {}


def register(name: str, explain: Explain, *, order: int = 100) -> None:
    """`name` is the section's key in the API, in one word such as `called`; the same name again replaces it."""
    _sections[name] = (order, explain)


def explain(lead: Lead, user: User, at: datetime) -> dict[str, Section]:
    """Name → section, in order; those that do not apply to this lead are left out."""
    ordered = sorted(_sections.items(), key=lambda item: (item[1][0], item[0]))
    found = ((name, ask(lead, user, at)) for name, (_, ask) in ordered)
    return {name: section for name, section in found if section is not None}
