"""Where a person may be: every time zone that the number, the address or a stated zone allows."""

from __future__ import annotations

from leads.models import Contact
from leads.phone_numbers import zones_of


def zones_of_contact(contact: Contact) -> tuple[str, ...]:
    """Ordered, none where nobody knows. A permitted time must be permitted in all of them."""
    stated = {contact.timezone} if contact.timezone else set()
    return tuple(sorted({*stated, *zones_of(contact.phone_e164)}))
