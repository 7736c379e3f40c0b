"""Why somebody holds the lead, or why nobody does: read from the history, where each placement keeps its reason."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from agents.models import Agent
from crm.accounts.models import User
from leads.assignment.words import PASSED, RETURNED
from leads.models import Assignment, Lead, Strategy
from leads.routing.explaining import queue_causes
from leads.why.registry import Cause, Detail, Section

TITLE = "Assigned"
LOOKED_AT = 50  # changes of holder


def placement_section(lead: Lead, user: User, at: datetime) -> Section:
    """Two queries for a lead that somebody holds; for one in the queue the rules are asked again."""
    history = changes_of_holder(lead)
    last = history[0] if history else None
    if lead.agent is not None:
        past = next((row for row in history if row.to_agent_id == lead.agent_id), None)
        return held(lead.agent, past, names_in(history[:1]))
    if not lead.is_open:
        state = "deleted" if lead.deleted_at else "closed"
        return Section(
            TITLE, "Nobody holds it.", [Cause(state, f"It is {state}, and only an open lead is given to anybody.")]
        )
    answer, causes = queue_causes(lead, at)
    came = returned(last) if last else never_placed()
    return Section(TITLE, f"Nobody holds it. {answer}", [*causes, came])


def changes_of_holder(lead: Lead) -> list[Assignment]:
    """Newest first; where a holder was only named again is left out."""
    rows = lead.assignments.select_related("user", "from_agent", "to_agent").order_by("-at", "-pk")[:LOOKED_AT]
    return [row for row in rows if row.from_agent_id != row.to_agent_id]


def names_in(rows: Iterable[Assignment]) -> Mapping[str, str]:
    """Id → name of the agents whom the reasons name."""
    ids = {one["agent_id"] for row in rows for one in row.reason.get("passed_over", ())}
    return {str(pk): name for pk, name in Agent.objects.filter(pk__in=ids).values_list("pk", "name")} if ids else {}


def held(holder: Agent, last: Assignment | None, names: Mapping[str, str]) -> Section:
    if last is None or last.to_agent_id != holder.pk:  # as in tables filled by hand
        return Section(TITLE, f"{holder.name} holds it.", [Cause("placed", "Its history does not say who gave it.")])
    passed = [passed_over(one, names) for one in last.reason.get("passed_over", ())]
    return Section(TITLE, f"{holder.name} holds it.", [placed(holder, last), *passed])


def placed(holder: Agent, row: Assignment) -> Cause:
    """Who gave it, how, and what was known of the agent at that moment."""
    data = {"agent_id": holder.pk, "strategy": row.strategy or None, "assignment_id": row.pk, "at": row.at}
    if rule := row.reason.get("rule"):
        data |= {"rule_id": rule["id"], "rule_name": rule["name"], "rule_version": rule["version"]}
    return Cause("placed", how(holder, row), details=facts(row.reason), data=data)


def how(holder: Agent, row: Assignment) -> str:
    who, rule = actor(row), row.reason.get("rule")
    if row.strategy == Strategy.CLAIM:
        return f"{holder.name} claimed it."
    if rule:
        who = f"The rule “{rule['name']}” (version {rule['version']})"
    by = "" if row.strategy in ("", Strategy.MANUAL) else f", chosen by {Strategy(row.strategy).label.lower()}"
    before = f" from {row.from_agent.name}" if row.from_agent else ""
    passed = ", who had not touched it in time," if before and row.reason.get("not_accepted") else ""
    return f"{who} gave it{before}{passed} to {holder.name}{by}."


def actor(row: Assignment) -> str:
    return row.user.name if row.user else row.actor_label.capitalize() or "The product"


def facts(reason: Mapping[str, Any]) -> list[Detail]:
    """What the placement's stored reason says of the chosen agent."""
    told: list[Detail] = []
    if reason.get("pool", 0) > 1:
        told.append(Detail(f"Came first of {reason['pool']} agents" if reason.get("rank") == 1 else rank_words(reason)))
    if "current" in reason:
        room = "without a limit" if reason.get("max") is None else f"of {reason['max']}"
        told.append(Detail(f"Held {reason['current']} open leads {room} before"))
    if reason.get("availability"):
        hours = "within" if reason.get("within_hours", True) else "outside"
        told.append(Detail(f"Was {reason['availability']}, {hours} business hours"))
    if reason.get("score") is not None:
        told.append(Detail(f"Had a performance score of {round(reason['score'])}"))
    return told


def rank_words(reason: Mapping[str, Any]) -> str:
    return f"Came number {reason.get('rank', 1)} of {reason['pool']} agents; those before could not take it"


def passed_over(one: Mapping[str, Any], names: Mapping[str, str]) -> Cause:
    """Decisive where this agent would have come first but for what stood in its way."""
    name, why = names.get(one["agent_id"], "An agent"), one["why"]
    text = f"{name} was passed over: {PASSED.get(why, why)}."
    return Cause(f"passed_over_{why}", text, bool(one.get("ahead")), data={"agent_id": one["agent_id"]})


def returned(row: Assignment) -> Cause:
    why = str(row.reason.get("returned", ""))
    words = RETURNED.get(why, why.replace("_", " "))
    holder = row.from_agent.name if row.from_agent else "its agent"
    text = f"It came back to the queue from {holder}{f': {words}' if words else ''}."
    return Cause("returned", text, data={"why": why or None, "from_agent_id": row.from_agent_id, "at": row.at})


def never_placed() -> Cause:
    return Cause("never_placed", "No agent was named when it came in, and nobody has assigned or claimed it since.")
