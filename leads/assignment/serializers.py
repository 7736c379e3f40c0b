"""Bodies of the requests that give leads to agents."""

from __future__ import annotations

from crm.core.api.fields import Body, ChoiceField, CleanCharField, ListField, UuidField
from leads.models import Priority, Strategy

STRATEGIES = (Strategy.MANUAL, Strategy.ROUND_ROBIN, Strategy.CAPACITY, Strategy.PERFORMANCE)
ALIASES = {"capacity_based": Strategy.CAPACITY, "performance_based": Strategy.PERFORMANCE}


class StrategyField(ChoiceField):
    def __init__(self, **kwargs: object) -> None:
        super().__init__([s.value for s in STRATEGIES], aliases=ALIASES, **kwargs)


class AssignBody(Body):
    """One agent, or a strategy with an optional pool."""

    agent_email = CleanCharField(max_length=254, required=False, allow_null=True)
    agent_id = CleanCharField(max_length=254, required=False, allow_null=True)
    assignee_id = UuidField(required=False, allow_null=True)
    strategy = StrategyField(required=False, allow_null=True)
    agent_emails = ListField(child=CleanCharField(max_length=254), required=False, allow_null=True, max_length=1000)
    agent_ids = ListField(child=CleanCharField(max_length=254), required=False, allow_null=True, max_length=1000)
    priority = ChoiceField(Priority, required=False, allow_null=True)
    notes = CleanCharField(max_length=10_000, required=False, allow_blank=True, allow_null=True)


class UnassignBody(Body):
    reason = CleanCharField(max_length=10_000, required=False, allow_blank=True, allow_null=True)
    notes = CleanCharField(max_length=10_000, required=False, allow_blank=True, allow_null=True)
