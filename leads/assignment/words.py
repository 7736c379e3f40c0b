"""The short words of stored reasons, as people read them."""

from __future__ import annotations

RETURNED = {
    "by_hand": "by hand",
    "full": "the agent had no room when the lead was opened again",
    "inactive": "the agent is no longer active",
    "holds_another": "the agent has another open lead of this contact",
    "agent_deactivated": "the agent was deactivated",
    "not_accepted": "the agent did not touch it in time, and nobody else could take it",
}
PASSED = {
    "full": "no room",
    "inactive": "inactive",
    "holds_it": "held it",
    "holds_another": "has a lead of this contact",
    "let_it_pass": "let it pass before",
}
