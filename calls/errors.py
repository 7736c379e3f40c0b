"""Why a lead is not called, and what can't be done to a call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crm.core.errors import Conflict, Missing, Refused

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
    """The contact gate says no: until then, or where there is no such moment until something else changes."""

    code = "not_permitted"

    def __init__(self, verdict: Verdict) -> None:
        rules = [rule.code for rule in verdict.denials]
        then = verdict.next_permitted_at
        super().__init__(verdict.reason or "The contact may not be called", rules=rules, next_permitted_at=then)


class CallIsOver(Conflict):
    """What has ended can't be canceled."""

    code = "call_is_over"

    def __init__(self, call: Call) -> None:
        super().__init__(f"The call is over: it was {call.get_status_display().lower()}")


class NotHeld(Conflict):
    """A person calls the leads that they hold."""

    code = "not_held"

    def __init__(self) -> None:
        super().__init__("You do not hold this lead; take it over first")


class NoNumber(Conflict):
    """There is nothing to dial."""

    code = "no_number"

    def __init__(self) -> None:
        super().__init__("The contact has no telephone number")


class NoTelephone(Conflict):
    """The provider rings the person first, and does not know where."""

    code = "no_telephone"

    def __init__(self) -> None:
        super().__init__("You have no telephone number; a manager enters it on your agent's page")


class AlreadyInCall(Conflict):
    """One call at a time, and each is wrapped up before the next."""

    code = "in_call"

    def __init__(self, call: Call) -> None:
        super().__init__("Your last call is not wrapped up yet", call_id=call.pk)


class NotTalking(Conflict):
    """Only while both are on the line."""

    code = "not_talking"

    def __init__(self) -> None:
        super().__init__("You are not talking in this call")


class NotOffered(Conflict):
    """The provider can't do this in a call."""

    code = "not_offered"

    def __init__(self) -> None:
        super().__init__("Do this on your own telephone; it can't be done from here")


class NotDone(Conflict):
    """The provider was asked, and did not."""

    code = "not_done"

    def __init__(self, why: str) -> None:
        super().__init__(f"It was not done: {why.rstrip('.')}")


class NotTransferable(Conflict):
    """Oneself, somebody who works here no more, or a colleague without a telephone."""

    code = "not_transferable"

    def __init__(self, agent: Agent) -> None:
        super().__init__(f"{agent.name} can't be put through to")


class BeingCalled(Conflict):
    """Somebody else is in a call with the person."""

    code = "being_called"

    def __init__(self) -> None:
        super().__init__("The contact is in a call with us already")


class NoSuchRecording(Missing):
    """It was not recorded, or the provider has thrown it away."""

    code = "no_recording"

    def __init__(self) -> None:
        super().__init__("There is no recording of this call")


class RecordingUnreachable(Refused):
    """The provider has it, and does not hand it out now."""

    status = 502
    code = "recording_unreachable"

    def __init__(self) -> None:
        super().__init__("The recording can't be fetched from the provider now; try again in a minute")
