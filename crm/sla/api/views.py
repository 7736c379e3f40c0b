"""Deadlines: how the team stands, what presses, and the clocks of one lead."""

from __future__ import annotations

from typing import Any

from django.utils.timezone import now
from rest_framework.request import Request
from rest_framework.response import Response

from crm.core.api.schema import describe
from crm.core.api.views import ApiViewSet
from crm.sla.api.representation import BOARD_EXAMPLE, TIMER_EXAMPLE, board_json, timer_json
from crm.sla.board import board_of
from crm.sla.filters import BoardFilter
from crm.sla.models import Timer
from crm.sla.querysets import TimerQuerySet
from leads.models import Lead


class SlaViewSet(ApiViewSet):
    """Admins and managers see the company's clocks, an agent its own."""

    schema_tag = "Deadlines"
    permissions = {"standing": "leads.view", "pressing": "leads.view", "of_lead": "leads.view"}

    def timers(self) -> TimerQuerySet:
        user: Any = self.request.user
        return Timer.objects.visible_to(user)

    @describe("How deadlines are kept", answer_example=BOARD_EXAMPLE)
    def standing(self, request: Request) -> Response:
        """Leads due within 30 minutes and past their deadline now, and first responses in time over 7 and 30 days.

        `rate` is in percent; null where no response was owed.
        """
        return self.answer(board_json(board_of(self.timers(), now())))

    @describe(
        "Leads that are due or late",
        listing="timers",
        filterset=BoardFilter,
        ordering=["deadline"],
        answer_example={**TIMER_EXAMPLE, "outcome": "running", "answered_at": None, "ended_at": None},
    )
    def pressing(self, request: Request) -> Response:
        """The running clocks of leads due within 30 minutes or past their deadline, the oldest deadline first."""
        return self._listed(self.timers().pressing(now()), filterset=BoardFilter, default="deadline")

    @describe("A lead's clocks", listing="timers", ordering=["deadline"], answer_example=TIMER_EXAMPLE)
    def of_lead(self, request: Request, pk: str) -> Response:
        """One for each assignment, the newest first: when the response was owed, and how it ended.

        `outcome`: `running`, `met`, `breached`, or `stopped` (handed on, returned or closed before the deadline).
        """
        user: Any = request.user
        lead = self.find(Lead.objects.alive().visible_to(user), pk)
        return self._listed(Timer.objects.filter(lead=lead), default="-deadline")

    def _listed(self, timers: TimerQuerySet, **how: Any) -> Response:
        return self.listing(
            timers.select_related("agent"),
            plural="timers",
            represent=lambda rows: [timer_json(row) for row in rows],
            ordering={"deadline": "due_at"},
            **how,
        )
