"""Why a lead was called, or is not called now: every condition of the scheduler, asked one by one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.utils.timezone import localtime

from agents.hours import hours_of
from agents.models import Agent, Kind
from calls.actions.due import AT_WORK, free_lines
from calls.models import Call
from calls.words import call_words
from crm.accounts.models import User
from crm.compliance.channels import Channel
from crm.compliance.gate import decide
from crm.core.actors import System
from crm.core.templatetags.ui import clock
from leads.models import Lead
from leads.why.registry import Cause, Detail, Section

TITLE = "Called"


def called_section(lead: Lead, user: User, at: datetime) -> Section:
    """Of a voice agent's lead: the call that goes on, else what stands in the way. A constant number of queries."""
    last = Call.objects.filter(lead=lead).order_by("-created_at", "-pk").first()
    if last is not None and not last.is_over:
        return Section(TITLE, f"It is being called: {last.get_status_display().lower()}.", [_last(last)])
    causes = list(_obstacles(lead, at))
    before = [_last(last, is_decisive=False)] if last is not None else []
    if not causes:
        return Section(
            TITLE,
            "It is called at the next tick.",
            [Cause("due", "It is due, and nothing stands in the way."), *before],
        )
    alone = len(causes) == 1
    told = causes if alone else [Cause(c.code, c.text, False, c.details, c.data) for c in causes]
    return Section(TITLE, "It is not called now.", [*told, *before])


def register() -> None:
    from leads.why import registry

    registry.register("called", called_section, order=50)


def _last(call: Call, *, is_decisive: bool = True) -> Cause:
    words = call_words(call).text
    data = {"call_id": call.pk, "at": call.created_at, "status": call.status, "outcome": call.outcome or None}
    return Cause("last_call", f"Attempt {call.attempt}: {words.lower()}.", is_decisive, data=data)


def _obstacles(lead: Lead, at: datetime) -> Iterator[Cause]:
    """Each that must go before a voice agent dials; the order is the one in which the scheduler looks."""
    if not lead.is_open:
        yield Cause("closed", "The lead is closed.", data={"status": lead.status, "stage": lead.stage})
    agent = lead.agent
    if agent is None:
        yield Cause("no_holder", "Nobody holds it.")
    else:
        yield from _of_agent(lead, agent, at)
    yield from _of_time(lead, at)
    yield from _of_contact(lead, at)


def _of_agent(lead: Lead, agent: Agent, at: datetime) -> Iterator[Cause]:
    data: dict[str, Any] = {"agent_id": agent.pk}
    if not agent.is_active:
        yield Cause("agent_inactive", f"{agent.name} is inactive.", data=data)
    if agent.kind != Kind.VOICE:
        yield Cause("agent_is_person", f"{agent.name} is a person: the lead waits in the cockpit's queue.", data=data)
        return
    if lead.attempts_count >= agent.max_attempts:
        text = f"No attempts left: {lead.attempts_count} of {agent.max_attempts} are made."
        yield Cause("no_attempts_left", text, data={**data, "attempts": lead.attempts_count})
    if not _is_at_front(lead, at):
        yield from _of_hours(agent, at, data)
    if free_lines(agent) <= 0:
        lines = agent.max_concurrent_calls
        text = f"{agent.name} has no free line: {lines} call{'s' if lines != 1 else ''} at once."
        yield Cause("no_free_line", text, data={**data, "max_concurrent_calls": lines})


def _of_hours(agent: Agent, at: datetime, data: dict[str, Any]) -> Iterator[Cause]:
    """What stands at the front is called past them."""
    if agent.availability not in AT_WORK:
        yield Cause("agent_away", f"{agent.name} is {agent.get_availability_display().lower()}.", data=data)
    hours = hours_of(agent, agent.company)
    opens = hours.next_opening(at)
    if opens is None:
        yield Cause("never_open", f"{agent.name} has no business hours.", data=data)
    elif opens > at:
        text = f"{agent.name} is outside its business hours until {_moment(opens, hours.zone)}."
        yield Cause("outside_hours", text, data={**data, "opens_at": opens})


def _is_at_front(lead: Lead, at: datetime) -> bool:
    return lead.front_at is not None and lead.front_at <= at


def _of_time(lead: Lead, at: datetime) -> Iterator[Cause]:
    if lead.schedule_at is not None and lead.schedule_at > at:
        text = f"It is scheduled for {_moment(lead.schedule_at)}."
        yield Cause("scheduled", text, data={"schedule_at": lead.schedule_at})
    if lead.next_attempt_at is not None and lead.next_attempt_at > at:
        text = f"The next attempt is due on {_moment(lead.next_attempt_at)}."
        yield Cause("next_attempt", text, data={"next_attempt_at": lead.next_attempt_at})


def _of_contact(lead: Lead, at: datetime) -> Iterator[Cause]:
    """Two calls at once reach nobody. The gate is asked now, whatever it said when it held the lead."""
    if Call.objects.active().filter(contact=lead.contact_id).exclude(lead=lead).exists():
        yield Cause("contact_in_call", "They are in another call at this moment.")
    verdict = decide(lead.contact, Channel.VOICE, at=at, actor=System("why"), lead=lead)
    for rule in verdict.causes:
        data = {"rule": rule.code, "source": rule.source, "next_permitted_at": verdict.next_permitted_at}
        yield Cause(f"gate_{rule.code}", f"{rule.text}.", details=[Detail(rule.source)], data=data)
    if verdict.allowed and lead.held_until is not None and lead.held_until > at:
        text = f"The contact gate held it, and is asked again on {_moment(lead.held_until)}."
        yield Cause("held", text, data={"held_until": lead.held_until})


def _moment(moment: datetime, zone: Any = None) -> str:
    """On the reader's clock, unless another is meant."""
    local = localtime(moment, zone)
    return f"{local:%a} {local.day} {local:%b}, {clock(local)} ({local.tzinfo})"
