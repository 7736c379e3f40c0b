"""The filters of the board of deadlines, for its page and its API."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import or_

from django.db.models import Q, QuerySet
from django.utils.timezone import now

from crm.core.api.filters import CsvFilter, StrictFilterSet
from crm.sla.models import Timer
from leads.filters import AgentFilter
from leads.models import Priority
from leads.sla import SlaStatus

PRESSING = [(status.value, status.label) for status in (SlaStatus.BREACHED, SlaStatus.DUE_SOON)]


class PressingFilter(CsvFilter):
    """Past the deadline, or due soon."""

    def __init__(self) -> None:
        super().__init__("due_at", choices=PRESSING)

    def filter(self, qs: QuerySet[Timer], value: Sequence[str]) -> QuerySet[Timer]:
        at = now()
        parts = {"breached": Q(due_at__lt=at), "due_soon": Q(due_at__gte=at)}
        return qs.filter(reduce(or_, (parts[status] for status in value))) if value else qs


class BoardFilter(StrictFilterSet):
    agent_id = AgentFilter(label="UUID or e-mail of the agent")
    priority = CsvFilter("lead__priority", choices=Priority)
    sla_status = PressingFilter()

    class Meta:
        model = Timer
        fields: list[str] = []
