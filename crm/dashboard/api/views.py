"""The dashboard's figures (S2)."""

from __future__ import annotations

from typing import Any

from django.utils.timezone import now
from rest_framework.request import Request
from rest_framework.response import Response

from crm.core.api.schema import describe
from crm.core.api.views import ApiViewSet
from crm.dashboard.api.representation import ASSIGNEES_EXAMPLE, METRICS_EXAMPLE, assignees_json, metrics_json
from crm.dashboard.metrics import leads_per_assignee, metrics_of
from crm.sla.models import Timer
from leads.models import Lead
from leads.querysets import LeadQuerySet


class DashboardViewSet(ApiViewSet):
    """Over the leads that the user may see: of an agent those that it holds or created."""

    schema_tag = "Dashboard"
    permissions = {"metrics": "leads.view", "per_assignee": "leads.view"}

    def leads(self) -> LeadQuerySet:
        user: Any = self.request.user
        return Lead.objects.alive().visible_to(user)

    @describe("The dashboard's metrics", answer_example=METRICS_EXAMPLE)
    def metrics(self, request: Request) -> Response:
        """How many leads there are and where they stand, the open ones' value, and how deadlines are kept.

        `breached` counts open leads past the deadline that still wait for a response; rates are in percent.
        """
        user: Any = request.user
        timers = Timer.objects.visible_to(user)
        return self.answer(metrics_json(metrics_of(self.leads(), timers, now())))

    @describe("Leads by assignee", answer_example=ASSIGNEES_EXAMPLE)
    def per_assignee(self, request: Request) -> Response:
        """Whoever holds leads, the most open ones first; `unassigned` are open leads in the queue."""
        return self.answer(assignees_json(leads_per_assignee(self.leads(), now())))
