"""The order in which leads are worked: the agent's queue, or any filtered list that one came from (`?in=`)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.http import QueryDict
from django.urls import reverse

from agents.models import Agent
from calls.cockpit.desk import SHOWN, Next, queue_of, waiting_rows
from crm.compliance.verdict import Verdict
from crm.core.api.problems import Unacceptable
from crm.core.http import Request
from leads import listing
from leads.models import Lead
from leads.querysets import LeadQuerySet
from leads.views.filtering import filtered, list_url
from leads.views.listing import order_of

AHEAD = 10  # of a list that is worked through


@dataclass(frozen=True)
class Way:
    """`rows`: what the column shows. `trail`: the query that keeps the list, empty for the queue."""

    rows: list[Next]
    previous: Lead | None
    following: Lead | None
    trail: str
    list_url: str

    def url(self, lead: Lead) -> str:
        return f"{reverse('cockpit:lead', args=[lead.pk])}{self.trail}"

    def at_first(self) -> Way:
        """As one stands at the first of the column, having come from nowhere."""
        return replace(self, following=self.rows[1].lead if len(self.rows) > 1 else None)

    def verdict_on(self, lead: Lead) -> Verdict | None:
        """Where it stands in the column the gate was asked already."""
        return next((row.verdict for row in self.rows if row.lead.pk == lead.pk), None)

    @property
    def previous_url(self) -> str:
        return self.url(self.previous) if self.previous else ""

    @property
    def following_url(self) -> str:
        return self.url(self.following) if self.following else ""

    @property
    def home_url(self) -> str:
        return f"{reverse('cockpit:home')}{self.trail}"


def way_of(request: Request, agent: Agent, current: Lead | None, at: datetime) -> Way:
    """From the list in the address, where it names one that is understood; else the queue."""
    if named := request.GET.get("in", ""):
        params = listing.tidy(QueryDict(named))
        try:
            return _through_list(request, filtered(request, params), params, agent, current, at)
        except Unacceptable:
            pass
    return _through_queue(request, agent, current, at)


def _through_queue(request: Request, agent: Agent, current: Lead | None, at: datetime) -> Way:
    """A lead that does not wait there is behind none and before all."""
    rows = queue_of(agent, at, request.user)
    leads = [row.lead for row in rows]
    place = leads.index(current) if current in leads else -1
    before = leads[place - 1] if place > 0 else None
    behind = leads[place + 1] if place + 1 < len(leads) else None
    return Way(rows, before, behind, "", "")


def _through_list(
    request: Request, leads: LeadQuerySet, params: QueryDict, agent: Agent, current: Lead | None, at: datetime
) -> Way:
    order, shown = order_of(params), leads.select_related("contact").telling_merges()
    before: Any = None
    if current is None:
        ahead = order.take(shown, AHEAD, None)
    else:
        others, position = shown.exclude(pk=current.pk), order.position_of(current)
        before = next(iter(order.take(others, 1, position, backwards=True)), None)
        ahead = order.take(others, AHEAD, position)
    trail = QueryDict(mutable=True)
    trail["in"] = params.urlencode()
    column = [*([current] if current else []), *ahead][:SHOWN]
    rows = waiting_rows(column, agent, at, request.user)
    return Way(rows, before, ahead[0] if ahead else None, f"?{trail.urlencode()}", list_url(params))
