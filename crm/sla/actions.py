"""Clocks follow their leads, and tell by themselves when a deadline comes near and when it has passed.

A breach is a fact of the clock, not of the tick that finds it: its moment is the deadline, and a clock that ended late
while no worker ran is found all the same. So hours without workers change nothing but when people hear of it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Case, DateTimeField, F, OuterRef, Subquery, Value, When
from django.db.models.functions import Coalesce

from crm.audit.recording import Event, record_many
from crm.core.actors import System
from crm.core.behind import writing_behind
from crm.core.bulk_rows import insert_from, insert_rows, update_rows
from crm.sla.events import LEAD_SLA_BREACHED, LEAD_SLA_DUE_SOON
from crm.sla.models import Timer
from crm.sla.querysets import TimerQuerySet
from leads.actions import mark_breached
from leads.models import Assignment, Lead

BATCH = 1000  # leads in one transaction of a tick
TICK = System("SLA clock")
STARTED = ("id", "company", "lead", "agent", "priority", "started_at", "due_at")
TAKEN_OVER = (*STARTED, "answered_at", "ended_at", "breached_at")
TOLD_FIELDS = ("company", "contact", "agent", "created_by", "breached_at")


# --- A lead's clock starts, is answered, ends: one statement each, in the transaction of what happened ---------------


def start_clocks(assignment_ids: Collection[UUID]) -> None:
    """One for each of these assignments, from what now stands on its lead."""
    given = Assignment.objects.filter(pk__in=assignment_ids, lead__deadline__isnull=False).order_by()
    columns = ("pk", "company", "lead", "to_agent", "lead__priority", "lead__assigned_at", "lead__deadline")
    insert_from(Timer, STARTED, given.values_list(*columns))


def end_clocks(lead_ids: Collection[UUID], at: datetime) -> None:
    """The first response ends a clock at its own moment; being handed on, returned, closed or deleted ends it now."""
    answer = Subquery(Lead.objects.filter(pk=OuterRef("lead")).values("first_response_at")[:1])
    running = Timer.objects.running().filter(lead__in=lead_ids)
    running.update(answered_at=answer, ended_at=Coalesce(answer, Value(at, output_field=DateTimeField())))


def follow_leads(lead_ids: Collection[UUID], at: datetime) -> None:
    """Bring the clocks to where their leads stand now, whatever moved them there (undo, restoring)."""
    leads = list(Lead.objects.filter(pk__in=lead_ids).order_by("pk"))
    timers: dict[tuple[UUID, UUID, datetime], Timer] = {}
    for timer in Timer.objects.filter(lead__in=lead_ids):
        timers[timer.lead_id, timer.agent_id, timer.started_at] = timer
    current = [timers.get(_clock(lead)) or _new_timer(lead) for lead in leads if _has_clock(lead)]
    ends = {lead.pk: _end(lead, at) for lead in leads}
    for timer in current:
        timer.answered_at, timer.ended_at = ends[timer.lead_id]
    over = [t for t in timers.values() if t.ended_at is None and t not in current]
    for timer in over:
        timer.ended_at = at
    insert_rows(Timer, [t for t in current if t._state.adding])
    update_rows(Timer, [*(t for t in current if not t._state.adding), *over], ("answered_at", "ended_at"))


def take_over_clocks() -> None:
    """Make the clocks of leads that came with one (history brought in, the demo); nobody is told of old breaches."""
    held = Lead.objects.filter(agent__isnull=False, assigned_at__isnull=False, deadline__isnull=False)
    without = held.filter(sla_timers__isnull=True).order_by()
    ended = Coalesce("first_response_at", "closed_at", "deleted_at")
    late = Case(When(breached_at__gte=F("assigned_at"), then=F("deadline")))
    columns = ("pk", "company", "pk", "agent", "priority", "assigned_at", "deadline", "first_response_at")
    insert_from(Timer, TAKEN_OVER, without.values_list(*columns, ended, late))


def _has_clock(lead: Lead) -> bool:
    return lead.agent_id is not None and lead.deadline is not None and lead.assigned_at is not None


def _clock(lead: Lead) -> Any:
    return lead.pk, lead.agent_id, lead.assigned_at


def _new_timer(lead: Lead) -> Timer:
    clock: dict[str, Any] = {"agent_id": lead.agent_id, "started_at": lead.assigned_at, "due_at": lead.deadline}
    return Timer(lead=lead, priority=lead.priority, **clock)


def _end(lead: Lead, at: datetime) -> tuple[datetime | None, datetime | None]:
    """When it was answered, and when it ended."""
    if lead.first_response_at is not None:
        return lead.first_response_at, lead.first_response_at
    return None, None if lead.is_open else at


# --- Time passes -----------------------------------------------------------------------------------------------------


def mark_overdue(at: datetime) -> int:
    """Mark and tell every clock whose deadline has passed without a response; how many clocks.

    Statements do not grow with the batch of 1,000.
    """
    return _until_none_is_left(_mark_batch, at)


def remind_due_soon(at: datetime) -> int:
    """Remind the holders of leads that are due within half an hour, each clock once; how many clocks."""
    return _until_none_is_left(_remind_batch, at)


def _until_none_is_left(work: Callable[[datetime], int], at: datetime) -> int:
    done = 0
    while count := work(at):
        done += count
    return done


@transaction.atomic
def _mark_batch(at: datetime) -> int:
    claimed = _claim(Timer.objects.overdue(at))
    if not claimed:
        return 0
    Timer.objects.filter(pk__in=[timer.pk for timer, _ in claimed]).update(breached_at=F("due_at"))
    with writing_behind(len(claimed)):
        mark_breached({lead: timer.due_at for timer, lead in claimed})  # of several, the last one counts
        record_many(Event(LEAD_SLA_BREACHED, lead, TICK, data=_told(timer)) for timer, lead in claimed)
    return len(claimed)


@transaction.atomic
def _remind_batch(at: datetime) -> int:
    claimed = _claim(Timer.objects.due_soon(at))
    if not claimed:
        return 0
    Timer.objects.filter(pk__in=[timer.pk for timer, _ in claimed]).update(reminded_at=at)
    record_many(Event(LEAD_SLA_DUE_SOON, lead, TICK, data=_told(timer)) for timer, lead in claimed)
    return len(claimed)


def _claim(due: TimerQuerySet) -> list[tuple[Timer, Lead]]:
    """The oldest of these and their leads, which stay locked; what somebody else is changing is left to the next tick.

    Leads are locked before their clocks, as whoever answers or hands on a lead does it; under the lead's lock its
    clocks are read again, so that of two ticks at once one finds nothing left.
    """
    oldest = due.order_by("due_at").values("lead")[:BATCH]
    rows = Lead.objects.filter(pk__in=Subquery(oldest)).only(*TOLD_FIELDS).order_by("pk")
    leads = {lead.pk: lead for lead in rows.select_for_update(of=("self",), no_key=True, skip_locked=True)}
    timers = due.filter(lead__in=leads).order_by("due_at", "pk") if leads else due.none()
    return [(timer, leads[timer.lead_id]) for timer in timers]


def _told(timer: Timer) -> Mapping[str, Any]:
    return {"agent_id": timer.agent_id, "deadline": timer.due_at, "timer_id": timer.pk}
