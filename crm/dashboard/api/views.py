"""The dashboard's figures (S2)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.timezone import now
from rest_framework.request import Request
from rest_framework.response import Response

from agents.models import Agent
from crm.core.api.schema import describe
from crm.core.api.views import ApiViewSet
from crm.dashboard.api.representation import ASSIGNEES_EXAMPLE, METRICS_EXAMPLE, assignees_json, metrics_json
from crm.dashboard.metrics import assignees_of, figures_of
from crm.dashboard.tally import Cell, tally
from crm.sla.models import Timer
from crm.sla.rates import rates
from leads.models import Lead


class DashboardViewSet(ApiViewSet):
    """Over the leads that the user may see: of an agent those that it holds or created."""

    schema_tag = "Dashboard"
    permissions = {"metrics": "leads.view", "per_assignee": "leads.view"}

    def cells(self, at: datetime) -> list[Cell]:
        user: Any = self.request.user
        return tally(Lead.objects.visible_to(user), at)

    @describe("The dashboard's metrics", answer_example=METRICS_EXAMPLE)
    def metrics(self, request: Request) -> Response:
        """How many leads there are and where they stand, the open ones' value, and how deadlines are kept.

        `breached` counts open leads past the deadline that still wait for a response; rates are in percent.
        """
        user: Any = request.user
        at, timers = now(), Timer.objects.visible_to(user)
        return self.answer(metrics_json(figures_of(self.cells(at)), rates(timers, at)))

    @describe("Leads by assignee", answer_example=ASSIGNEES_EXAMPLE)
    def per_assignee(self, request: Request) -> Response:
        """Whoever holds leads, the most open ones first; `unassigned` are open leads in the queue."""
        cells = self.cells(now())
        holders = Agent.objects.filter(pk__in={cell.agent_id for cell in cells if cell.agent_id}).select_related("user")
        return self.answer(assignees_json(assignees_of(cells, holders)))
