"""Why a lead was not placed, claimed or given back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from agents.capacity import Capacity
from crm.core.errors import Conflict, NotAllowed

if TYPE_CHECKING:
    from agents.models import Agent


class CapacityExceeded(Conflict):
    """The agent holds as many open leads as it may."""

    code = "capacity_exceeded"

    def __init__(self, agent: Agent, capacity: Capacity) -> None:
        super().__init__(
            f"{agent.name} has no room: {capacity.current} of {capacity.max} open leads",
            agent_capacity=capacity.as_json(),
        )
        self.agent = agent
        self.capacity = capacity


class AgentInactive(Conflict):
    """Nobody is assigned to an agent who no longer works here."""

    code = "agent_inactive"

    def __init__(self, agent: Agent) -> None:
        super().__init__(f"{agent.name} is inactive")
        self.agent = agent


class NobodyFits(Conflict):
    """No agent of the pool can take the lead."""

    code = "nobody_fits"

    def __init__(self, passed_over: Sequence[tuple[UUID, str]] = ()) -> None:
        named = [{"agent_id": str(pk), "why": why} for pk, why in passed_over[:20]]
        super().__init__("No agent has room for this lead", passed_over=named)


class LeadIsClosed(Conflict):
    """A closed lead is reopened before it changes hands."""

    code = "lead_closed"

    def __init__(self) -> None:
        super().__init__("The lead is closed; reopen it first")


class NobodyHolds(Conflict):
    """Only a lead that somebody holds can be handed on or given back."""

    code = "nobody_holds"

    def __init__(self) -> None:
        super().__init__("Nobody holds this lead")


class ClaimingIsOff(NotAllowed):
    """The company's setting `agents_may_claim` is off."""

    code = "claiming_is_off"

    def __init__(self) -> None:
        super().__init__("Agents of this company do not claim leads")
