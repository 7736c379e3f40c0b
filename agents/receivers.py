"""Agents follow their users: made with them, switched off and on with them, and called as they are called."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from agents.actions import activate_agent, create_agent, deactivate_agent, update_agent
from agents.models import Agent
from crm.accounts.models import User
from crm.accounts.permissions_table import Role
from crm.audit.events import events_recorded
from crm.audit.models import AuditEntry
from crm.core.actors import Actor, System


def connect() -> None:
    events_recorded.connect(on_events, dispatch_uid="agents.users")


def on_events(entries: Sequence[AuditEntry], **kwargs: Any) -> None:
    heard = [entry for entry in entries if entry.action in REACTIONS]
    if not heard:
        return
    found = User.objects.select_related("agent").in_bulk([entry.object_id for entry in heard])
    for entry in heard:
        if user := found.get(entry.object_id):
            REACTIONS[entry.action](user, entry)


def _user_created(user: User, entry: AuditEntry) -> None:
    if user.role == Role.AGENT:
        _make_agent(user, by=_actor(entry))


def _user_deactivated(user: User, entry: AuditEntry) -> None:
    if agent := _agent_of(user):
        deactivate_agent(agent, by=_actor(entry))


def _user_activated(user: User, entry: AuditEntry) -> None:
    if user.role == Role.AGENT:
        _make_agent(user, by=_actor(entry))


def _user_updated(user: User, entry: AuditEntry) -> None:
    """Who becomes an agent gets room for leads; who is promoted keeps its leads until they are handed on."""
    changed = {change["field"] for change in entry.changes}
    if "role" in changed and user.role == Role.AGENT and user.is_active:
        _make_agent(user, by=_actor(entry))
    if changed & {"first_name", "last_name"} and (agent := _agent_of(user)):
        update_agent(agent, {"name": user.name}, by=_actor(entry))


REACTIONS: dict[str, Callable[[User, AuditEntry], None]] = {
    "user.created": _user_created,
    "user.deactivated": _user_deactivated,
    "user.activated": _user_activated,
    "user.updated": _user_updated,
}


def _make_agent(user: User, *, by: Actor) -> None:
    """A new one, or the one that the user was before."""
    if agent := _agent_of(user):
        activate_agent(agent, by=by)
    else:
        create_agent(user, {"timezone": user.timezone}, by=by)


def _agent_of(user: User) -> Agent | None:
    return getattr(user, "agent", None)


def _actor(entry: AuditEntry) -> Actor:
    return entry.user or System(entry.actor_label)
