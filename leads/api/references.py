"""Whom a body names: an agent by UUID, e-mail or user, a contact, a campaign."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agents.models import Agent
from crm.core.api.fields import as_uuid
from crm.core.errors import InvalidField, Missing


def agent_in(body: Mapping[str, Any]) -> Agent | None:
    """The agent that the body names, if it names one.

    Raises `Missing` (404) for an unknown e-mail and `InvalidField` (422) for an unknown UUID or a malformed name.
    """
    for field in ("agent_id", "agent_email"):
        if reference := body.get(field):
            return agent_named(field, reference)
    if user_id := body.get("assignee_id"):
        return the_one(Agent.objects.filter(user=user_id), "assignee_id")
    return None


def agent_named(field: str, reference: str) -> Agent:
    if as_uuid(reference) is not None:
        return the_one(Agent.objects.filter(pk=reference), field)
    if "@" not in reference:
        raise InvalidField(field, "Must be an agent's UUID or e-mail address")
    if (agent := Agent.objects.named(reference).select_related("user").first()) is None:
        raise Missing("No such agent")
    return agent


def the_one(agents: Any, field: str) -> Agent:
    agent: Agent | None = agents.select_related("user").first()
    if agent is None:
        raise InvalidField(field, "No such agent")
    return agent
