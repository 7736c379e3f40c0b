"""Who is there already with this phone number or e-mail address."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q

from crm.accounts.models import User
from leads.errors import InvalidPhone
from leads.models import Contact, Lead
from leads.phone_numbers import normalize

SHOWN = 5


@dataclass(frozen=True)
class Match:
    """A contact (none where the asker may not know who it is) and its leads; those out of sight are only counted."""

    contact: Contact | None
    by: str
    leads: list[Lead]
    hidden_open: int


def similar_leads(user: User, *, phone: str, email: str, country: str) -> list[Match]:
    """At most a handful; five queries. What is no phone number yet matches nobody. Who was merged into another is that
    one, by its own phone and e-mail too."""
    number, address = number_of(phone, country), email.strip().lower()
    if not number and not address:
        return []
    same = Q(phone_e164=number) if number else Q()
    same |= Q(email=address) if address else Q()
    merged = list(Contact.objects.merged().filter(same).values_list("phone_e164", "merged_into")[:SHOWN])
    contacts = list(Contact.objects.alive().filter(same | Q(pk__in=[into for _, into in merged]))[:SHOWN])
    by_phone = {into for phone, into in merged if number and phone == number}
    leads = list(Lead.objects.alive().filter(contact__in=contacts).select_related("agent").order_by("-created_at")[:50])
    known = set(Contact.objects.visible_to(user).filter(pk__in=[c.pk for c in contacts]).values_list("pk", flat=True))
    seen = set(Lead.objects.visible_to(user).filter(pk__in=[lead.pk for lead in leads]).values_list("pk", flat=True))
    return [
        Match(
            contact=contact if contact.pk in known else None,
            by="this phone number" if contact.pk in by_phone or is_its(number, contact) else "this e-mail address",
            leads=[lead for lead in leads if lead.contact_id == contact.pk and lead.pk in seen],
            hidden_open=sum(lead.contact_id == contact.pk and lead.pk not in seen and lead.is_open for lead in leads),
        )
        for contact in contacts
    ]


def is_its(number: str, contact: Contact) -> bool:
    return bool(number) and contact.phone_e164 == number


def number_of(phone: str, country: str) -> str:
    try:
        return normalize(phone, country) if phone.strip() else ""
    except InvalidPhone:
        return ""
