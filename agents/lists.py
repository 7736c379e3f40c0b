"""Agents as a list that can be exported."""

from __future__ import annotations

from django.db.models import Expression, FloatField, IntegerField, Value
from django.db.models.functions import Cast, NullIf, Round

from agents.filters import AgentFilter
from agents.models import Agent
from agents.querysets import AgentQuerySet
from crm.accounts.models import User
from crm.lists import listings
from crm.lists.columns import Column, Kind
from crm.lists.listings import Listing

ORDERING = {name: name for name in ("name", "created_at", "updated_at", "availability")}


def agents_of(user: User) -> AgentQuerySet:
    return Agent.objects.with_load()


def percentage() -> Expression:
    """Of its room, in whole percent; nothing where it has no limit."""
    share = Cast("held", FloatField()) * Value(100.0) / NullIf(Cast("max_capacity", FloatField()), Value(0.0))
    return Cast(Round(share), IntegerField())


AGENT_COLUMNS = (
    Column("id", "ID", "pk", Kind.WORD, width=38),
    Column("name", "Agent", "name", width=22),
    Column("email", "E-mail", "user__email", width=28),
    Column("kind", "Kind", "kind", Kind.WORD, width=8),
    Column("is_active", "Active", "is_active", Kind.FLAG, width=8),
    Column("availability", "Availability", "availability", Kind.WORD),
    Column("current", "Open leads", "held", Kind.NUMBER, width=10),
    Column("max", "Room", "max_capacity", Kind.NUMBER, width=8),
    Column("percentage", "Percent", percentage, Kind.NUMBER, width=8),
    Column("timezone", "Time zone", "timezone", width=20),
    Column("max_attempts", "Attempts", "max_attempts", Kind.NUMBER, width=8),
    Column("created_at", "Since", "created_at", Kind.MOMENT),
)
listings.register(
    Listing(
        name="agents",
        label="Agents",
        permission="agents.view",
        filterset=AgentFilter,
        rows=agents_of,
        columns=AGENT_COLUMNS,
        usual=("name", "email", "kind", "availability", "current", "max", "percentage"),
        ordering=ORDERING,
        default_ordering="name",
        page="agents:list",
    )
)
