"""Agents for tests."""

from __future__ import annotations

import factory

from agents.models import Agent, Kind
from crm.accounts.tests.factories import TenantFactory, UserFactory


class AgentFactory(TenantFactory):
    """A person with a user of its own."""

    user = factory.SubFactory(UserFactory)
    name = factory.LazyAttribute(lambda o: o.user.name)

    class Meta:
        model = Agent


class VoiceAgentFactory(TenantFactory):
    kind = Kind.VOICE
    name = factory.Sequence(lambda n: f"Voice {n}")
    max_capacity = None

    class Meta:
        model = Agent
