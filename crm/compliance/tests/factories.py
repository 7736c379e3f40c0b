"""Rows of the gate for tests, written straight to the tables: no rule, no event."""

from __future__ import annotations

import factory

from crm.accounts.tests.factories import TenantFactory
from crm.compliance.models import AddressKind, ConsentEvent, ContactDecision, Suppression
from leads.hashes import sha256_hex
from leads.tests.factories import ContactFactory


class DecisionFactory(TenantFactory):
    contact = factory.SubFactory(ContactFactory)
    channel = "voice"
    allowed = True

    class Meta:
        model = ContactDecision


class ConsentFactory(TenantFactory):
    contact = factory.SubFactory(ContactFactory)
    channel = "voice"
    state = "revoked"
    source = "agent"

    class Meta:
        model = ConsentEvent


class SuppressionFactory(TenantFactory):
    kind = AddressKind.PHONE
    value = factory.Sequence(lambda n: f"+1415555{7000 + n:04d}")
    value_sha256 = factory.LazyAttribute(lambda o: sha256_hex(o.value))
    channels = factory.LazyFunction(lambda: ["voice", "sms", "whatsapp"])

    class Meta:
        model = Suppression
