"""Agents: made, changed, switched off and on. What an agent holds stands in `leads.assignment`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.timezone import now

from agents.agent_fields import clean_capacity, clean_fields
from agents.errors import IsAgentAlready, UserIsInactive
from agents.events import (
    AGENT_ACTIVATED,
    AGENT_AVAILABILITY_SET,
    AGENT_CAPACITY_SET,
    AGENT_CREATED,
    AGENT_DEACTIVATED,
    AGENT_UPDATED,
)
from agents.models import Agent, Kind
from crm.accounts.models import User
from crm.audit.recording import record
from crm.core.actors import Actor


@transaction.atomic
def create_agent(user: User | None = None, fields: Mapping[str, Any] | None = None, *, by: Actor) -> Agent:
    """Make a user of the company an agent, or without a user an AI voice agent, which needs a name.

    A person has room for 25 open leads unless told; a voice agent no limit. Raises `IsAgentAlready`,
    `UserIsInactive`, `InvalidField`.
    """
    kind = Kind.VOICE if user is None else Kind.HUMAN
    given = {"name": user.name if user else None, **(fields or {})}
    values = clean_fields({"max_capacity": None if user is None else 25, **given}, kind)
    if user is not None:
        _refuse_no_worker(user)
    agent = Agent(kind=kind, user=user, **values)
    _insert(agent)
    record(AGENT_CREATED, agent, by=by, data={"kind": agent.kind, "user_id": agent.user_id})
    return agent


@transaction.atomic
def update_agent(agent: Agent, changes: Mapping[str, Any], *, by: Actor) -> Agent:
    """Change the named fields; capacity, availability and activity are events of their own. Raises `InvalidField`."""
    wanted = dict(changes)
    active = wanted.pop("is_active", None)
    if active is False:
        agent = deactivate_agent(agent, by=by)
    agent = _locked(agent)
    values = clean_fields(wanted, agent.kind)
    changed = {name: (getattr(agent, name), value) for name, value in values.items() if getattr(agent, name) != value}
    _save(agent, changed)
    for event, names in _EVENTS:
        if part := {name: pair for name, pair in changed.items() if name in names}:
            record(event, agent, by=by, changes=part)
    if rest := {name: pair for name, pair in changed.items() if name not in ("max_capacity", "availability")}:
        record(AGENT_UPDATED, agent, by=by, changes=rest)
    return activate_agent(agent, by=by) if active else agent


_EVENTS = ((AGENT_CAPACITY_SET, {"max_capacity"}), (AGENT_AVAILABILITY_SET, {"availability"}))


def set_capacity(agent: Agent, maximum: int | None, *, by: Actor) -> Agent:
    """Open leads it may hold, 0 to 10,000, none for a voice agent without limit.

    Below what it holds is allowed and only stops new assignments. Raises `InvalidField`.
    """
    clean_capacity(maximum, agent.kind)
    return update_agent(agent, {"max_capacity": maximum}, by=by)


def set_availability(agent: Agent, availability: str, *, by: Actor) -> Agent:
    """Who is not available comes after those who are, and is still assigned to."""
    return update_agent(agent, {"availability": availability}, by=by)


@transaction.atomic
def deactivate_agent(agent: Agent, *, by: Actor) -> Agent:
    """Nothing is assigned to it any more, and its open leads go back to the queue, on record.

    The event comes before the change: leads are locked before agents everywhere, and whoever hears of it returns
    the leads.
    """
    try:
        with transaction.atomic():
            record(AGENT_DEACTIVATED, agent, by=by, changes={"is_active": (True, False)})
            if not Agent.objects.filter(pk=agent.pk, is_active=True).update(is_active=False, updated_at=now()):
                raise _IsOff
    except _IsOff:
        pass
    return _locked(agent)


class _IsOff(Exception):
    """It was off already, or somebody else has just switched it off: nothing happened, nothing is recorded."""


@transaction.atomic
def activate_agent(agent: Agent, *, by: Actor) -> Agent:
    """It may be assigned to again; its leads stay where they went. `UserIsInactive` for whoever can't sign in."""
    agent = _locked(agent)
    if agent.is_active:
        return agent
    if agent.user is not None and not agent.user.is_active:
        raise UserIsInactive(agent.user)
    agent.is_active = True
    agent.save(update_fields=["is_active", "updated_at"])
    record(AGENT_ACTIVATED, agent, by=by, changes={"is_active": (False, True)})
    return agent


def _locked(agent: Agent) -> Agent:
    rows = Agent.objects.select_related("user", "company").select_for_update(of=("self",), no_key=True)
    return rows.get(pk=agent.pk)


def _refuse_no_worker(user: User) -> None:
    if not user.is_active:
        raise UserIsInactive(user)
    if Agent.objects.filter(user=user).exists():
        raise IsAgentAlready(user)


def _insert(agent: Agent) -> None:
    """Two who make one user an agent at the same moment meet at the unique index."""
    try:
        with transaction.atomic():
            agent.save(force_insert=True)
    except IntegrityError:
        if agent.user is not None and Agent.objects.filter(user=agent.user).exists():
            raise IsAgentAlready(agent.user) from None
        raise


def _save(agent: Agent, changed: Mapping[str, tuple[Any, Any]]) -> None:
    for name, (_, after) in changed.items():
        setattr(agent, name, after)
    if changed:
        agent.save(update_fields=[*changed, "updated_at"])
