"""Leads of the demo that an agent let pass: on with the next one, or back in the queue, each with its reason kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random

from agents.models import Agent, Kind
from crm.audit.recording import Event
from crm.core.actors import as_user
from crm.dashboard.demo.lives import Life, Storyteller
from leads import events
from leads.models import Assignment, Strategy
from leads.routing.accepting import ACCEPTING, NOBODY_FITS

HANDED_ON, GIVEN_BACK = 5, 2
TICK = timedelta(seconds=20)  # after the accept time is over


def let_pass(lives: Sequence[Life], teller: Storyteller, dice: Random) -> None:
    """A few that are held and not touched yet came from somebody else; a few wait because nobody touched them."""
    minutes = teller.setting.company.accept_minutes
    if minutes is None:
        return
    wait = timedelta(minutes=minutes) + TICK
    people = [agent for agent in teller.setting.agents if agent.kind == Kind.HUMAN and agent.is_active]
    for life in _some([life for life in lives if _may_have_passed(life, wait)], HANDED_ON, dice):
        _handed_on(life, _another(people, life.lead.agent, dice), wait, teller)
    for life in _some([life for life in lives if _may_be_back(life, wait, teller.now)], GIVEN_BACK, dice):
        _given_back(life, dice.choice(people), wait, teller)


def _some(lives: list[Life], count: int, dice: Random) -> list[Life]:
    return dice.sample(lives, min(count, len(lives)))


def _another(people: Sequence[Agent], holder: Agent | None, dice: Random) -> Agent:
    return dice.choice([agent for agent in people if agent is not holder])


def _may_have_passed(life: Life, wait: timedelta) -> bool:
    lead = life.lead
    is_fresh = lead.is_open and lead.agent is not None and lead.agent.kind == Kind.HUMAN and not lead.first_response_at
    claimed = is_fresh and life.assignments[0].strategy == Strategy.CLAIM
    there = lead.assigned_at is not None and lead.created_at + wait < lead.assigned_at
    return is_fresh and there and not claimed and len(life.assignments) == 1


def _may_be_back(life: Life, wait: timedelta, now: datetime) -> bool:
    return life.lead.is_open and not life.assignments and life.lead.created_at + 2 * wait < now


def _handed_on(life: Life, first: Agent, wait: timedelta, teller: Storyteller) -> None:
    """The one placement becomes two: the first agent's, and after the accept time the holder's."""
    [row], lead = life.assignments, life.lead
    [event] = [event for event in life.events if event.action == events.LEAD_ASSIGNED]
    before = row.at - wait
    row.from_agent, row.user, row.actor_label, row.strategy = first, None, ACCEPTING.name, Strategy.ROUND_ROBIN
    row.reason = {**row.reason, "strategy": Strategy.ROUND_ROBIN, "not_accepted": _passed(first, row.at)}
    data = {**event.data, "from_agent_id": first.pk, "strategy": row.strategy}
    life.events.remove(event)
    life.assignments.clear()
    teller.place(life, None, first, Strategy.ROUND_ROBIN, teller.manager, before)
    life.assignments.append(row)
    changes = {"agent_id": (first.pk, row.to_agent_id)}
    life.events.append(event._replace(action=events.LEAD_REASSIGNED, by=ACCEPTING, changes=changes, data=data))
    lead.updated_at = max(lead.updated_at, row.at)


def _given_back(life: Life, first: Agent, wait: timedelta, teller: Storyteller) -> None:
    lead, at = life.lead, life.lead.created_at + wait / 9
    teller.place(life, None, first, Strategy.ROUND_ROBIN, teller.manager, at)
    back = at + wait
    reason = {"returned": "not_accepted", "why": NOBODY_FITS, "not_accepted": _passed(first, back)}
    row = Assignment(
        lead=lead, from_agent=first, user=as_user(ACCEPTING), actor_label=ACCEPTING.name, reason=reason, at=back
    )
    life.assignments.append(row)
    told = {"from_agent_id": first.pk, "agent_id": None, "strategy": "", "assignment_id": row.pk}
    unaccepted = {"why": NOBODY_FITS, "from_agent_id": first.pk, "rule_id": None, "rule_name": None}
    life.events += [
        Event(events.LEAD_UNASSIGNED, lead, ACCEPTING, {"agent_id": (first.pk, None)}, told, back),
        Event(events.LEAD_UNACCEPTED, lead, ACCEPTING, data=unaccepted, at=back),
    ]
    lead.updated_at = max(lead.updated_at, back)


def _passed(agent: Agent, at: datetime) -> dict[str, str]:
    return {"agent_id": str(agent.pk), "due_at": f"{at - TICK:%Y-%m-%dT%H:%M:%SZ}"}
