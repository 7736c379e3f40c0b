"""What the actions on agents refuse."""

from __future__ import annotations

from crm.accounts.models import User
from crm.core.errors import Conflict


class IsAgentAlready(Conflict):
    """A user is one agent."""

    code = "agent_exists"

    def __init__(self, user: User) -> None:
        super().__init__(f"{user.name} is an agent already")


class UserIsInactive(Conflict):
    """Who can't sign in can't work leads."""

    code = "user_inactive"

    def __init__(self, user: User) -> None:
        super().__init__(f"{user.name} is inactive; activate the user first")


class IsNoAgent(Conflict):
    """The user is not tied to an agent."""

    code = "no_agent"

    def __init__(self, user: User) -> None:
        super().__init__(f"{user.name} is no agent")
