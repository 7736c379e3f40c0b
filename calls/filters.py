"""What the history and the metrics of calls can be filtered by."""

from __future__ import annotations

from functools import reduce
from operator import and_
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from agents.models import Agent
from calls.models import Call, Direction, Outcome, Status
from crm.core.api.filters import BoolFilter, CsvFilter, MomentFilter, StrictFilterSet, TextFilter, UuidFilter
from crm.core.text import fold
from leads.filters import MAX_WORDS, AgentFilter, searched


class CallSearchFilter(TextFilter):
    """Every word in the lead's name, phone number, e-mail or employer, or in the agent's name."""

    def filter(self, qs: QuerySet[Any], value: str | None) -> QuerySet[Any]:
        if not value:
            return qs
        words = fold(value).split()[:MAX_WORDS]
        names = [(pk, fold(name)) for pk, name in Agent.objects.values_list("pk", "name")]
        of_agents = reduce(and_, (_word(word, names) for word in words), Q())
        return qs.filter(searched(value) | of_agents)


def _word(word: str, names: list[tuple[UUID, str]]) -> Q:
    """The agents' ids as values: PostgreSQL then reads two indexes, of the text and of the agent."""
    found = [pk for pk, name in names if word in name]
    text = Q(search_text__contains=word)
    return text | Q(agent__in=found) if found else text


class PeriodFilter(StrictFilterSet):
    """The filters of `GET /calls/metrics`."""

    agent_id = AgentFilter(label="UUID or e-mail of the agent")
    start_date = MomentFilter("created_at", "gte", label="From this day (or time) on, in the company's zone")
    end_date = MomentFilter("created_at", "lte", label="Up to the end of this day")

    class Meta:
        model = Call
        fields: list[str] = []


class CallFilter(PeriodFilter):
    """The filters of `GET /calls/history`."""

    outcome = CsvFilter(choices=Outcome)
    status = CsvFilter(choices=Status)
    direction = CsvFilter(choices=Direction)
    is_manual = BoolFilter("is_manual", label="Logged by hand")
    disposition = CsvFilter()
    lead_id = UuidFilter("lead")
    search = CallSearchFilter(label="Words of the lead's name or phone number, or of the agent's name")

    class Meta:
        model = Call
        fields: list[str] = []
