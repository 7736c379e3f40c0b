"""Leads that their agent did not touch in time go on to the next one, or back to the queue.

`accept_due_at` is set with each placement; what meets the partial index `lead_accept_due` is due. Who let a lead pass
stands in its history and is skipped from then on, unless somebody gives it the lead by hand.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.timezone import now

from crm.accounts.models import Company
from crm.audit.recording import Event
from crm.core.actors import System
from crm.core.tenancy import current_company_id
from leads.assignment.desk import Desk, Way
from leads.assignment.placing import Placement, give_back, place
from leads.assignment.strategies import Choice, passed_over_json, reason_for
from leads.events import LEAD_UNACCEPTED
from leads.models import Assignment, Lead, Strategy
from leads.querysets import LeadQuerySet
from leads.routing.rules import Rule, active_rules, first_match

ACCEPTING = System("accept time")
BATCH = 1000  # leads in one transaction, and in one mail to each manager
BY_STRATEGY = (Strategy.ROUND_ROBIN, Strategy.CAPACITY, Strategy.PERFORMANCE)
ALL_LET_IT_PASS, NOBODY_FITS, NO_RULE = "all_let_it_pass", "nobody_fits", "no_rule"


def due(at: datetime) -> LeadQuerySet:
    """Held, open, and not touched by the moment at which it was to be; in the words of the index."""
    return Lead.objects.open().filter(accept_due_at__lte=at, first_response_at__isnull=True, agent__isnull=False)


def return_untouched(*, at: datetime | None = None) -> int:
    """All that is due in the active company, batch after batch; how many leads left their agents.

    Safe to run twice and beside another: a row that somebody holds is left out, one that was moved is due no more.
    """
    company, moment, count = Company.objects.get(pk=current_company_id()), at or now(), 0
    if company.accept_minutes is None:
        return 0
    while done := _return_batch(company, moment):
        count += done
    return count


def companies_with_due(at: datetime) -> list[UUID]:
    """Across companies: those that have an accept time and something due."""
    on = due(at).filter(company__accept_minutes__isnull=False)
    return list(on.order_by().values_list("company_id", flat=True).distinct())


def stop_clocks() -> int:
    """The company has given up its accept time: nothing that runs now returns a lead later. How many ran."""
    return Lead.objects.filter(accept_due_at__isnull=False).update(accept_due_at=None)


@dataclass
class Past:
    """What a lead's history says: how it came to its holder, and who let it pass."""

    placement: Mapping[str, Any] = field(default_factory=dict)  # the stored reason
    strategy: str = ""
    let_pass: set[UUID] = field(default_factory=set)


def past_of(leads: Iterable[Lead]) -> dict[UUID, Past]:
    """One query."""
    holders = {lead.pk: lead.agent_id for lead in leads}
    past = {pk: Past() for pk in holders}
    rows = Assignment.objects.filter(lead_id__in=holders).order_by("at", "pk")
    for pk, before, to, strategy, reason in rows.values_list(
        "lead_id", "from_agent_id", "to_agent_id", "strategy", "reason"
    ):
        if passed := reason.get("not_accepted"):
            past[pk].let_pass.add(UUID(passed["agent_id"]))
        if to is not None and to == holders[pk] and to != before:
            past[pk].placement, past[pk].strategy = reason, strategy
    return past


@dataclass(frozen=True)
class Next:
    """By what a lead goes on: a rule, or the strategy that placed it."""

    way: Way
    rule: Rule | None = None


def next_of(lead: Lead, past: Past, rules: Sequence[Rule]) -> Next | None:
    """The rule that placed it, while it is on; the strategy that did, with its pool; else as a lead that comes in."""
    placed_by = past.placement.get("rule")
    if placed_by is None and past.strategy in BY_STRATEGY:
        pool = past.placement.get("pool_ids")
        return Next(Way(past.strategy, tuple(UUID(pk) for pk in pool) if pool else None))
    named = placed_by and placed_by["id"]
    rule = next((rule for rule in rules if str(rule.pk) == named), None) or first_match(rules, lead)
    return Next(rule.way, rule) if rule else None


@transaction.atomic
def _return_batch(company: Company, at: datetime) -> int:
    leads = _locked(at)
    if not leads:
        return 0
    past, rules = past_of(leads), active_rules()
    following = {lead.pk: next_of(lead, past[lead.pk], rules) for lead in leads}
    ways = {one.way for one in following.values() if one}
    desk = Desk(ways, {lead.contact_id for lead in leads}, at=at)
    batch = _Batch(company, desk)
    for lead in sorted(leads, key=lambda lead: (lead.accept_due_at, lead.pk)):
        batch.move(lead, following[lead.pk], past[lead.pk])
    batch.write()
    return len(leads)


def _locked(at: datetime) -> list[Lead]:
    """With what a rule may ask. Rows that another worker or the agent itself holds at this moment are left out."""
    rows = due(at).select_related("contact", "vendor").order_by("pk")
    return list(rows.select_for_update(of=("self",), no_key=True, skip_locked=True)[:BATCH])


class _Batch:
    """Each lead to its next agent as far as there is one; the clock of the next begins with this moment."""

    def __init__(self, company: Company, desk: Desk) -> None:
        self.company, self.desk, self.at = company, desk, now()
        self.on: list[Placement] = []
        self.back: list[Placement] = []
        self.told: list[Event] = []

    def move(self, lead: Lead, following: Next | None, past: Past) -> None:
        holder = lead.agent_id
        assert holder is not None
        assert lead.accept_due_at is not None
        passed = {"agent_id": str(holder), "due_at": lead.accept_due_at.isoformat().replace("+00:00", "Z")}
        rule = {"rule": following.rule.as_json()} if following and following.rule else {}
        let_pass = past.let_pass | {holder}
        choice = self.desk.choose(following.way, lead, let_pass=let_pass) if following else Choice(None, ())
        if following is None or choice.candidate is None:
            self._give_back(lead, choice, {"not_accepted": passed, **rule}, let_pass, is_routed=following is not None)
            return
        reason = reason_for(following.way.strategy, choice, len(self.desk.rankings[following.way].candidates))
        reason |= {"not_accepted": passed, **rule}
        if pool := past.placement.get("pool_ids"):
            reason["pool_ids"] = pool
        self.on.append(Placement(lead, choice.candidate.agent, reason, following.way.strategy))
        self.desk.take(following.way, lead, choice.candidate)
        self.desk.taken.add((lead.contact_id, holder))  # until this is written, so that no two leads change places

    def _give_back(
        self, lead: Lead, choice: Choice, reason: dict[str, Any], let_pass: set[UUID], *, is_routed: bool
    ) -> None:
        why = _why(choice, let_pass) if is_routed else NO_RULE
        told = {"passed_over": passed_over_json(choice), "passed_over_count": len(choice.passed_over)}
        self.back.append(Placement(lead, None, {"returned": "not_accepted", "why": why, **reason, **told}))
        rule = reason.get("rule") or {}
        data = {
            "why": why,
            "from_agent_id": str(lead.agent_id),
            "rule_id": rule.get("id"),
            "rule_name": rule.get("name"),
        }
        self.told.append(Event(LEAD_UNACCEPTED, lead, ACCEPTING, data=data))

    def write(self) -> None:
        place(self.on, self.company, strategy="", by=ACCEPTING, at=self.at)
        self.desk.keep_turns()
        give_back(self.back, by=ACCEPTING, at=self.at, then=self.told)


def _why(choice: Choice, let_pass: set[UUID]) -> str:
    """Whether the whole pool has had it, or somebody is left who can't take it now."""
    return ALL_LET_IT_PASS if {pk for pk, _ in choice.passed_over} <= let_pass else NOBODY_FITS
