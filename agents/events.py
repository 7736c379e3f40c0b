"""What happens to agents, by name."""

from __future__ import annotations

AGENT_CREATED = "agent.created"
AGENT_UPDATED = "agent.updated"
AGENT_CAPACITY_SET = "agent.capacity_set"
AGENT_AVAILABILITY_SET = "agent.availability_set"
AGENT_ACTIVATED = "agent.activated"
AGENT_DEACTIVATED = "agent.deactivated"
AGENT_GOALS_SET = "agent.goals_set"

LABELS = {
    AGENT_CREATED: "Agent created",
    AGENT_UPDATED: "Agent updated",
    AGENT_CAPACITY_SET: "Capacity set",
    AGENT_AVAILABILITY_SET: "Availability set",
    AGENT_ACTIVATED: "Agent activated",
    AGENT_DEACTIVATED: "Agent deactivated",
    AGENT_GOALS_SET: "Goals set",
}
