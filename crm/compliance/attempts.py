"""How often a person was tried lately: the apps that dial and send tell it, for laws that limit it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

# (contacts, channels, since) → the moments after `since` at which each contact was tried, in any order; of a contact
# who was not tried nothing need be said. One query, however many contacts.
Count = Callable[[Collection[UUID], Collection[str], datetime], Mapping[UUID, Sequence[datetime]]]

_counters: dict[str, Count] = {}


def register(name: str, count: Count) -> None:
    """From an app's `ready()`; the same name again replaces it."""
    _counters[name] = count


def attempts_since(
    contacts: Collection[UUID], channels: Collection[str], since: datetime
) -> dict[UUID, list[datetime]]:
    """Oldest first, from all that tell."""
    found: dict[UUID, list[datetime]] = {}
    for count in _counters.values():
        for contact, moments in count(contacts, channels, since).items():
            found.setdefault(contact, []).extend(moments)
    return {contact: sorted(moments) for contact, moments in found.items()}
