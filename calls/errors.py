"""Why a lead is not called, and what can't be done to a call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crm.core.errors import Conflict

if TYPE_CHECKING:
    from agents.models import Agent
    from calls.models import Call
    from crm.compliance.verdict import Verdict


class LeadIsDone(Conflict):
    """A closed lead is reopened before it is called again."""

    code = "lead_done"

    def __init__(self) -> None:
        super().__init__("The lead is done; reopen it first")


class NobodyCalls(Conflict):
    """A lead without a holder has nobody to call it."""

    code = "nobody_holds"

    def __init__(self) -> None:
        super().__init__("Nobody holds this lead; name an agent to call it")


class AgentIsOff(Conflict):
    """The holder works here no more."""

    code = "agent_inactive"

    def __init__(self, agent: Agent) -> None:
        super().__init__(f"{agent.name} is inactive")


class NoAttemptsLeft(Conflict):
    """The lead was called as often as its agent may."""

    code = "no_attempts_left"

    def __init__(self, attempts: int, agent: Agent) -> None:
        super().__init__(f"No attempts left: {attempts} of {agent.max_attempts} are made")


class NotPermitted(Conflict):
    """The contact gate says no, and no hour of the day changes that."""

    code = "not_permitted"

    def __init__(self, verdict: Verdict) -> None:
        rules = [rule.code for rule in verdict.denials]
        super().__init__(verdict.reason or "The contact may not be called", rules=rules)


class CallIsOver(Conflict):
    """What has ended can't be canceled."""

    code = "call_is_over"

    def __init__(self, call: Call) -> None:
        super().__init__(f"The call is over: it was {call.get_status_display().lower()}")
