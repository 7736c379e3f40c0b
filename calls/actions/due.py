"""The scheduler: of each voice agent with free lines, what is due is claimed and sent to be dialled.

A claim is a `Call` row, written with the gate's decision in one transaction while the agent's row is locked; two
schedulers wait for each other there, and the database lets no lead have two calls at once. What costs time, dialling,
comes after the commit.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, Max, OuterRef
from django.utils.timezone import now

from agents.hours import hours_of
from agents.models import Agent, Availability, Kind
from calls.actions.editing import CALLS
from calls.models import Call, Status
from calls.querysets import DIALLED
from crm.compliance.channels import Channel
from crm.compliance.decided import decided_by
from crm.compliance.gate import decide_many, keep_many
from crm.compliance.verdict import Verdict
from crm.core.bulk_rows import insert_rows
from crm.core.tasks import later
from crm.providers.accounts import provider_in_use
from leads.actions import hold_leads
from leads.models import Lead, Priority
from leads.querysets import DUE_AT, LeadQuerySet

HOLD = timedelta(days=1)  # where no hour of the day changes the answer; whatever does change it releases the hold
ROUNDS = (1, 50, 200, 500, 500, 500)  # leads looked at, the free lines at least; most tell how the whole batch ends
AT_WORK = (Availability.AVAILABLE, Availability.BUSY)
MOST_URGENT_FIRST = tuple(sorted(Priority.values, reverse=True))


def companies_with_due_leads(at: datetime) -> list[UUID]:
    """Asked across companies: one look into the index of what is due for each voice agent, however much it holds."""
    due = Lead.objects.due(at).filter(agent=OuterRef("pk"), priority__in=Priority.values)
    voices = Agent.objects.active().filter(kind=Kind.VOICE).filter(Exists(due))
    return list(voices.order_by().values_list("company_id", flat=True).distinct())


def due_agents(at: datetime) -> list[UUID]:
    """The active company's voice agents that have something to call."""
    due = Lead.objects.due(at).filter(agent=OuterRef("pk"), priority__in=Priority.values)
    voices = Agent.objects.active().filter(kind=Kind.VOICE).filter(Exists(due))
    return list(voices.order_by("pk").values_list("pk", flat=True))


@dataclass
class Round:
    """What one transaction did: calls to be dialled, leads held back, and whether more may be due."""

    calls: Sequence[Call] = ()
    held: int = 0
    goes_on: bool = False


def call_due_of(agent_id: UUID, *, at: datetime | None = None) -> int:
    """Call what is due of this voice agent, as many as it has free lines; how many calls were claimed.

    Leads that may not be called now are held until they may. Each round is a transaction of its own; what is left
    after the last one is due still, and the next tick goes on.
    """
    moment, claimed = at or now(), 0
    for size in ROUNDS:
        with transaction.atomic():
            done = _round(agent_id, size, moment)
        claimed += len(done.calls)
        if not done.goes_on:
            break
    return claimed


def _round(agent_id: UUID, size: int, at: datetime) -> Round:
    agent = _locked(agent_id)
    free = free_lines(agent) if agent else 0
    if agent is None or free <= 0:
        return Round()
    leads = _due_leads(agent, max(size, free), at)
    verdicts = decide_many([lead.contact for lead in leads], Channel.VOICE, at=at, actor=CALLS)
    chosen = [lead for lead in leads if verdicts[lead.contact_id].allowed][:free]
    calls = claim(agent, chosen, verdicts, at)
    held = hold([lead for lead in leads if not verdicts[lead.contact_id].allowed], verdicts, at)
    return Round(calls, held, goes_on=bool(held) and len(calls) < free)


def _locked(agent_id: UUID) -> Agent | None:
    """Its row, so that no other scheduler counts its lines meanwhile."""
    rows = Agent.objects.active().filter(pk=agent_id, kind=Kind.VOICE).select_related("company")
    return rows.select_for_update(of=("self",), no_key=True).first()


def free_lines(agent: Agent) -> int:
    return agent.max_concurrent_calls - Call.objects.active().filter(agent=agent, is_manual=False).count()


def is_at_work(agent: Agent, at: datetime) -> bool:
    """Whether it calls of itself: within its hours, and neither away nor offline."""
    return agent.availability in AT_WORK and hours_of(agent, agent.company).is_open(at)


def _due_leads(agent: Agent, size: int, at: datetime) -> list[Lead]:
    """What stands at the front, then each priority from the longest due on; locked, passing over what others hold."""
    found: list[Lead] = []
    for part in _parts(agent, at):
        if (missing := size - len(found)) > 0:
            rest = part.exclude(pk__in=[lead.pk for lead in found]) if found else part
            found += rest.select_related("contact").select_for_update(of=("self",), no_key=True, skip_locked=True)[
                :missing
            ]
    return found


def _parts(agent: Agent, at: datetime) -> Iterable[LeadQuerySet]:
    callable_now = callable_by(agent, at)
    yield callable_now.filter(front_at__lte=at).order_by("front_at", "pk")
    if is_at_work(agent, at):
        for priority in MOST_URGENT_FIRST:
            yield callable_now.filter(priority=priority).order_by(DUE_AT)


def callable_by(agent: Agent, at: datetime) -> LeadQuerySet:
    """Due, with attempts left, and nobody is in a call with the person already."""
    talking = Call.objects.active().order_by().values("contact")  # few, and asked for once, not again for each lead
    due: LeadQuerySet = Lead.objects.due(at).filter(agent=agent, attempts_count__lt=agent.max_attempts)
    return due.exclude(contact__in=talking)


def claim(
    agent: Agent, leads: Sequence[Lead], verdicts: dict[UUID, Verdict], at: datetime, **values: Any
) -> list[Call]:
    """A call, with these values, and its decision for each lead; dialled after the commit."""
    if not leads:
        return []
    kept = keep_many([replace(verdicts[lead.contact_id], lead_id=lead.pk) for lead in leads])
    dialled, provider = dialled_before(leads), provider_in_use()
    calls = [
        Call(
            lead=lead,
            contact=lead.contact,
            agent=agent,
            attempt=1 + max(lead.attempts_count, dialled.get(lead.pk, 0)),
            provider=provider,
            phone_e164=lead.contact.phone_e164,
            search_text=lead.search_text,
            requested_at=at,
            look_at=at,
            created_at=at,
            updated_at=at,
            **decided_by(decision),
            **values,
        )
        for lead, decision in zip(leads, kept, strict=True)
    ]
    insert_rows(Call, calls)
    for call in calls:
        later("calls.place_call", call.pk)
    return calls


def dialled_before(leads: Sequence[Lead]) -> dict[UUID, int]:
    """The highest attempt of each lead, so that a count that was set back by hand gets nobody stuck."""
    calls = Call.objects.filter(DIALLED, lead__in=[lead.pk for lead in leads]).exclude(status=Status.CANCELED)
    return dict(calls.order_by().values("lead").annotate(highest=Max("attempt")).values_list("lead", "highest"))


def hold(leads: Sequence[Lead], verdicts: dict[UUID, Verdict], at: datetime) -> int:
    """Keep the denials, and ask no more before they may change."""
    keep_many([replace(verdicts[lead.contact_id], lead_id=lead.pk) for lead in leads])
    until: dict[datetime, list[UUID]] = {}
    for lead in leads:
        until.setdefault(verdicts[lead.contact_id].next_permitted_at or at + HOLD, []).append(lead.pk)
    hold_leads(until)
    return len(leads)
