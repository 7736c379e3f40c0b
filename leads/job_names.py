"""Whom a job tells of: leads and contacts by the ids that it kept, as people know them."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from django.urls import reverse

from crm.accounts.models import User
from leads.actions.bulk import as_id
from leads.models import Contact, Lead


def named(ids: Collection[str], user: User) -> dict[str, tuple[str, str]]:
    """Id → name and page, of those that are there and that the user may see; two statements."""
    keys = {id: key for id in ids if isinstance(key := as_id(id), UUID)}
    leads = Lead.objects.alive().visible_to(user).filter(pk__in=keys.values()).select_related("contact")
    contacts = Contact.objects.alive().visible_to(user).filter(pk__in=keys.values())
    found = {lead.pk: (lead.contact.name, reverse("leads:detail", args=[lead.pk])) for lead in leads}
    found |= {contact.pk: (contact.name, reverse("contacts:detail", args=[contact.pk])) for contact in contacts}
    return {id: found[key] for id, key in keys.items() if key in found}
