"""Contacts and leads for tests, written straight to the tables: no rule, no event."""

from __future__ import annotations

import factory

from crm.accounts.tests.factories import TenantFactory
from crm.core.text import fold
from leads.models import Contact, Lead


class ContactFactory(TenantFactory):
    first_name = factory.Sequence(lambda n: f"Ada{n}")
    last_name = "Byron"
    email = factory.Sequence(lambda n: f"contact{n}@example.org")
    phone_e164 = factory.Sequence(lambda n: f"+1415555{2000 + n:04d}")
    organization = ""
    search_text = factory.LazyAttribute(
        lambda o: fold(f"{o.first_name} {o.last_name} {o.email} {o.phone_e164} {o.organization}")
    )

    class Meta:
        model = Contact


class LeadFactory(TenantFactory):
    contact = factory.SubFactory(ContactFactory)
    last_name_key = factory.LazyAttribute(lambda o: o.contact.sort_key)
    search_text = factory.LazyAttribute(lambda o: o.contact.search_text)

    class Meta:
        model = Lead
