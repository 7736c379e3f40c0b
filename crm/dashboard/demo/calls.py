"""The calls that the demo's leads have behind them, told from how each lead stands; and when voice agents call next."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from random import Random

from agents.models import Kind
from calls import events
from calls.models import Call, Outcome, Status, ended
from crm.audit.recording import Event
from crm.compliance.channels import Channel
from crm.compliance.decided import decided_by
from crm.compliance.models import ContactDecision
from crm.core.actors import Actor, System
from crm.dashboard.demo.lives import Life
from crm.dashboard.demo.words import SAID
from leads.dispositions import BUILT_IN
from leads.models import Lead

IN_VAIN = ((Outcome.NO_ANSWER, ""), (Outcome.NO_ANSWER, "voicemail"), (Outcome.NO_ANSWER, "busy"), (Outcome.FAILED, ""))
BETWEEN = timedelta(seconds=30)  # two calls that a voice agent has before it
SHORTEST_TALK, LONGEST_TALK = 25, 640
TAKEN_OVER = [{"code": "history", "outcome": "pass", "text": "Taken over with the history", "source": "Demo company"}]


def call_history(lives: Iterable[Life], now: datetime, dice: Random) -> Iterator[tuple[Call, ContactDecision | None]]:
    """Each attempt of each lead: the earlier ones in vain, the last one as its disposition says."""
    for life in lives:
        lead = life.lead
        if lead.agent is None or not lead.contact.phone_e164 or lead.first_response_at is None:
            continue
        moments = _moments(lead, now)
        for attempt, moment in enumerate(moments, start=1):
            call = _call(lead, attempt, moment, is_last=attempt == len(moments), dice=dice)
            decision = None if call.is_manual else _decision(call)
            if decision is not None:
                call.decision, call.decision_allowed = decided_by(decision).values()
            by: Actor = lead.agent.user or System("calls")
            name = events.CALL_LOGGED if call.is_manual else events.CALL_COMPLETED
            data = {"call_id": call.pk, "attempt": attempt, "agent_id": lead.agent.pk, **ended(call)}
            life.events.append(Event(name, lead, by, data=data, at=moment))
            yield call, decision


def _moments(lead: Lead, now: datetime) -> Sequence[datetime]:
    """From the first response to what happened last, evenly."""
    first = lead.first_response_at or now
    last = max(min(lead.updated_at, now - timedelta(minutes=12)), first)
    steps = max(lead.attempts_count - 1, 1)
    return [first + (last - first) * n / steps for n in range(lead.attempts_count)]


def _call(lead: Lead, attempt: int, at: datetime, *, is_last: bool, dice: Random) -> Call:
    outcome, detail = _how(lead, is_last, dice)
    answered = outcome == Outcome.ANSWERED
    seconds = round(dice.triangular(SHORTEST_TALK, LONGEST_TALK, 90)) if answered else 0
    is_voice = lead.agent is not None and lead.agent.kind == Kind.VOICE
    summary, lines = dice.choice(SAID) if answered else ("", ())
    return Call(
        lead=lead,
        contact=lead.contact,
        agent=lead.agent,
        attempt=attempt,
        is_manual=not is_voice,
        provider="simulator" if is_voice else "",
        phone_e164=lead.contact.phone_e164,
        search_text=lead.search_text,
        status=Status.FAILED if outcome == Outcome.FAILED else Status.COMPLETED,
        outcome=outcome,
        detail=detail,
        requested_at=at,
        placed_at=at,
        answered_at=at + timedelta(seconds=8) if answered else None,
        ended_at=at + timedelta(seconds=seconds + 20),
        duration_seconds=seconds,
        transcript=[{"speaker": s, "text": t, "seconds": 6 * n} for n, (s, t) in enumerate(lines)] if is_voice else [],
        summary=summary,
        disposition=lead.disposition if is_last else "",
        created_at=at,
        updated_at=at,
    )


def _how(lead: Lead, is_last: bool, dice: Random) -> tuple[Outcome, str]:
    if not is_last or lead.disposition in ("no_answer", "voicemail"):
        outcome, detail = dice.choices(IN_VAIN, (5, 3, 2, 1))[0]
        return (Outcome.NO_ANSWER, "voicemail") if is_last and lead.disposition == "voicemail" else (outcome, detail)
    if lead.disposition == "wrong_number":
        return Outcome.FAILED, "invalid_number"
    known = BUILT_IN.get(lead.disposition)
    return Outcome.ANSWERED, "hung_up" if known is not None and known.key == "hung_up" else ""


def _decision(call: Call) -> ContactDecision:
    return ContactDecision(
        contact=call.contact,
        lead=call.lead,
        channel=Channel.VOICE,
        actor_label="calls",
        at=call.requested_at,
        allowed=True,
        rules=TAKEN_OVER,
        created_at=call.requested_at,
    )


def line_up(leads: Iterable[Lead], now: datetime) -> None:
    """Each voice agent has its open leads before it one after the other, so that there is something to watch."""
    before: dict[object, int] = {}
    for lead in leads:
        if lead.agent is not None and lead.agent.kind == Kind.VOICE and lead.is_open:
            place = before[lead.agent.pk] = before.get(lead.agent.pk, -1) + 1
            lead.schedule_at, lead.next_attempt_at = now + place * BETWEEN, None
