"""Many leads at once: shared out by a strategy, or returned to the queue, in a constant number of statements."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils.timezone import now

from agents.models import Agent
from crm.core.actors import Actor
from crm.core.collector import uncollected
from leads.assignment.candidates import candidates, default_pool, keep_turns, lock_agents, taken_pairs
from leads.assignment.errors import LeadIsClosed, NobodyFits
from leads.assignment.placing import Placement, give_back, lock_leads, place
from leads.assignment.strategies import Choice, Ranking, pool_of, reason_for
from leads.models import Lead, Strategy
from leads.querysets import LeadQuerySet

BATCH = 1000  # leads in one transaction
NO_SUCH_LEAD = "Lead not found"  # malformed, unknown, deleted, another's: all in the same words


class Failure(NamedTuple):
    """A lead that stayed where it was, as the caller named it, and why in one sentence."""

    lead_id: UUID | str
    error: str


@dataclass
class Result:
    """What became of the leads that were given."""

    assigned: int = 0
    failed: list[Failure] = field(default_factory=list)
    distribution: Counter[UUID] = field(default_factory=Counter)  # agent → leads it got
    placed: dict[UUID, UUID] = field(default_factory=dict)  # lead → agent; kept where its holder was named again
    unchanged: int = 0  # of `placed`, those whose holder was named again

    def as_json(self) -> dict[str, object]:
        return {
            "assigned_count": self.assigned,
            "failed_count": len(self.failed),
            "distribution": {str(agent): count for agent, count in self.distribution.items()},
        }


def assign_many(
    leads: QuerySet[Lead] | Iterable[UUID | str],
    *,
    strategy: str,
    pool: Iterable[Agent | UUID] | None = None,
    by: Actor,
    notes: str = "",
    within: QuerySet[Lead] | None = None,
) -> Result:
    """Share the leads out among the pool's agents; what can't be placed stays as it is and is reported.

    `leads`: ids, in the order in which they are to be placed (a malformed or unknown one fails alone), or a queryset
    without slices, placed in the order of ids and read batch by batch, so that no list of all ids is held.
    `pool`: for `manual` the agents to fill in this order, for the others none means `default_pool`. `within`
    limits ids to what the asker may assign. A held lead is handed on by `manual`, and by the other strategies to
    another than its holder. Each 1,000 leads are one transaction; call it outside of one for more than that.
    """
    named = None if pool is None else _ids(pool)
    work = _Work(default_pool() if named is None else named, strategy, by, notes, named=named)
    if isinstance(leads, QuerySet):
        work.assign_selection(leads)
    else:
        work.assign_ids(leads, Lead.objects.all() if within is None else within)
    return work.result


def return_many(leads: LeadQuerySet, *, by: Actor, why: str, notes: str = "", wait: bool = True) -> int:
    """Return all open held leads of the queryset to the queue, on record; how many they were. `why`: one short word.

    `wait=False` leaves out the leads that another transaction holds at this moment.
    """
    count, last = 0, None
    with transaction.atomic():
        while rows := _page(leads.open().filter(agent__isnull=False), last, wait=wait):
            last = rows[-1].pk
            give_back([Placement(lead, None, {"returned": why}) for lead in rows], by=by, at=now(), notes=notes)
            count += len(rows)
    return count


def return_all_of(agent_id: UUID, *, by: Actor, why: str) -> int:
    """Return what the agent holds, and hold its row until the transaction ends, so that nothing new comes to it.

    What came between the two is fetched without waiting: whoever holds such a lead may be waiting for the agent.
    """
    held = Lead.objects.filter(agent_id=agent_id)
    count = return_many(held, by=by, why=why)
    lock_agents([agent_id])
    return count + return_many(held, by=by, why=why, wait=False)


def _ids(pool: Iterable[Agent | UUID]) -> list[UUID]:
    return list(dict.fromkeys(agent.pk if isinstance(agent, Agent) else agent for agent in pool))


def _page(leads: QuerySet[Lead], last: UUID | None, *, wait: bool = True) -> list[Lead]:
    return lock_leads(leads if last is None else leads.filter(pk__gt=last), limit=BATCH, wait=wait)


@dataclass
class _Work:
    """One call of `assign_many`, batch after batch."""

    pool: list[UUID]
    strategy: str
    by: Actor
    notes: str
    named: list[UUID] | None = None  # the pool, where it was not the default one
    result: Result = field(default_factory=Result)

    def assign_selection(self, leads: QuerySet[Lead]) -> None:
        last: UUID | None = None
        while True:
            with transaction.atomic(), uncollected():
                if not (rows := _page(leads, last)):
                    return
                last = rows[-1].pk
                self._assign(rows)

    def assign_ids(self, named: Iterable[UUID | str], leads: QuerySet[Lead]) -> None:
        wanted = iter(self._well_formed(named))
        while batch := list(islice(wanted, BATCH)):
            with transaction.atomic(), uncollected():
                found = {lead.pk: lead for lead in lock_leads(leads.filter(pk__in=batch, deleted_at__isnull=True))}
                self.result.failed += [Failure(pk, NO_SUCH_LEAD) for pk in batch if pk not in found]
                self._assign([found[pk] for pk in batch if pk in found])

    def _well_formed(self, named: Iterable[UUID | str]) -> dict[UUID, None]:
        """Each once, in the order given."""
        known: dict[UUID, None] = {}
        for name in named:
            try:
                known[name if isinstance(name, UUID) else UUID(name)] = None
            except (ValueError, TypeError, AttributeError):
                self.result.failed.append(Failure(name, NO_SUCH_LEAD))
        return known

    def _assign(self, leads: Sequence[Lead]) -> None:
        """The rows are locked; the agents follow, so that every path waits in the same order."""
        if not leads:
            return
        at = now()
        found = candidates(self.pool, strategy=self.strategy, at=at)
        pairs = taken_pairs({lead.contact_id for lead in leads}, [c.agent.pk for c in found])
        ranking = Ranking(found, self.strategy, set(pairs))
        placements = [p for lead in leads if (p := self._choose(lead, ranking))]
        if placements:
            company = found[0].agent.company
            place(placements, company, strategy=self.strategy, by=self.by, at=at, notes=self.notes)
        if self.strategy == Strategy.ROUND_ROBIN:
            moved = sorted((c for c in found if c.turns), key=lambda c: (c.turns, c.index))
            keep_turns([c.agent.pk for c in moved], at)

    def _choose(self, lead: Lead, ranking: Ranking) -> Placement | None:
        """Books the lead with its new holder, or says why there is none."""
        if not lead.is_open:
            self.result.failed.append(Failure(lead.pk, LeadIsClosed().message))
            return None
        if self.strategy == Strategy.MANUAL and lead.agent_id in ranking.by_agent:
            self._count(lead, lead.agent_id)
            self.result.unchanged += 1
            return None
        choice = ranking.choose(lead)
        if choice.candidate is None:
            self.result.failed.append(Failure(lead.pk, _why_nobody(choice, ranking)))
            return None
        agent, reason = choice.candidate.agent, reason_for(self.strategy, choice, len(ranking.candidates))
        placement = Placement(lead, agent, reason | pool_of(agent.company, self.named))
        ranking.take(lead, choice.candidate)
        self._count(lead, choice.candidate.agent.pk)
        return placement

    def _count(self, lead: Lead, agent_id: UUID) -> None:
        self.result.assigned += 1
        self.result.distribution[agent_id] += 1
        self.result.placed[lead.pk] = agent_id


def _why_nobody(choice: Choice, ranking: Ranking) -> str:
    """Of the one agent named, or of all."""
    if len(ranking.candidates) == 1:
        only = ranking.candidates[0]
        why = dict(choice.passed_over)[only.agent.pk]
        return _SENTENCES[why].format(name=only.agent.name, current=only.current, max=only.agent.max_capacity)
    if any(why == "holds_another" for _, why in choice.passed_over):
        return "Every agent with room has an open lead of this contact"
    return NobodyFits().message


_SENTENCES = {
    "full": "{name} has no room: {current} of {max} open leads",
    "inactive": "{name} is inactive",
    "holds_it": "{name} holds this lead already",
    "holds_another": "{name} has another open lead of this contact",
}
