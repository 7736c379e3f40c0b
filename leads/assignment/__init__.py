"""Who holds a lead: placed, handed on, given back and claimed within capacity, each with its reason kept.

Leads are locked before agents, each in the order of ids (`candidates.py`); strategies only compute
(`strategies.py`); what is decided is written as a set (`placing.py`), for one lead as for a thousand.
"""

from leads.assignment.bulk import Failure, Result, assign_many, return_many
from leads.assignment.errors import (
    AgentInactive,
    CapacityExceeded,
    ClaimingIsOff,
    LeadIsClosed,
    NobodyFits,
    NobodyHolds,
)
from leads.assignment.single import (
    assign_by_strategy,
    assign_lead,
    claim_lead,
    keep_or_return,
    reassign_lead,
    unassign_lead,
)
from leads.assignment.suggestions import Reason, Suggestion, suggestions_for

__all__ = [
    "AgentInactive",
    "CapacityExceeded",
    "ClaimingIsOff",
    "Failure",
    "LeadIsClosed",
    "NobodyFits",
    "NobodyHolds",
    "Reason",
    "Result",
    "Suggestion",
    "assign_by_strategy",
    "assign_lead",
    "assign_many",
    "claim_lead",
    "keep_or_return",
    "reassign_lead",
    "return_many",
    "suggestions_for",
    "unassign_lead",
]
