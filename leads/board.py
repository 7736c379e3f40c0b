"""The funnel as columns: what each stage adds up to, and its first cards, whatever the number of leads behind them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Avg, Count, FloatField, Func, Min, Sum

from crm.core.keyset import BadCursor, Order
from leads import listing
from leads.models import Lead, Stage
from leads.querysets import LeadQuerySet

CARDS = 20  # of a column at a time
DEFAULT_ORDER = "-stage_changed_at"
# Numbers and moments alone: cards of several columns are put in order here, as the database would.
SORTS = {"stage_changed_at": DEFAULT_ORDER, **{name: way for name, way in listing.SORTS.items() if name != "last_name"}}
SORT_WORDS = {
    "-stage_changed_at": "Newest in the stage",
    "stage_changed_at": "Longest in the stage",
    "-deal_value": "Highest value",
    "-score": "Highest score",
    "deadline": "Due first",
    "-priority": "Most urgent",
    "-updated_at": "Changed last",
    "-created_at": "Created last",
}
FIELDS = (
    "company", "contact__company", "contact__first_name", "contact__last_name", "contact__email", "contact__phone_e164",
    "contact__organization", "agent__company", "agent__name", "status", "stage", "stage_changed_at", "priority",
    "score", "deal_value", "assigned_at", "deadline", "first_response_at", "closed_at", "is_duplicate", "created_at",
    "deleted_at",
)  # fmt: skip


class EpochSeconds(Func):
    """A moment as seconds, so that an average can be had of it on either database."""

    output_field = FloatField()

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        return self.as_sql(compiler, connection, template="(julianday(%(expressions)s) - 2440587.5) * 86400", **extra)

    def as_postgresql(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        return self.as_sql(compiler, connection, template="EXTRACT(EPOCH FROM %(expressions)s)::float8", **extra)


@dataclass(frozen=True)
class Sums:
    """All leads of one stage that match. `age` is how long they have stood there on average, `longest` the longest."""

    count: int = 0
    value: Decimal = Decimal()
    age: timedelta | None = None
    longest: timedelta | None = None


@dataclass(frozen=True)
class Column:
    """One stage: its sums, the cards that are shown, and the cursor to go on behind them (empty at the end)."""

    stage: Stage
    sums: Sums
    leads: Sequence[Lead] = ()
    next: str = ""

    @property
    def rest(self) -> int:
        return max(self.sums.count - len(self.leads), 0)


def order_of(params: Mapping[str, Any]) -> Order:
    return listing.order_named(params.get("ordering", ""), SORTS) or Order(Lead, DEFAULT_ORDER)


def sums_of(leads: LeadQuerySet, at: datetime) -> dict[str, Sums]:
    """One statement; stages without a lead are missing."""
    rows = (
        leads.order_by()
        .values_list("stage")
        .annotate(
            count=Count("pk"),
            value=Sum("deal_value"),
            mean=Avg(EpochSeconds("stage_changed_at")),
            first=Min("stage_changed_at"),
        )
    )
    return {
        stage: Sums(count, value or Decimal(), at - datetime.fromtimestamp(mean, UTC), at - first)
        for stage, count, value, mean, first in rows
    }


def columns_of(leads: LeadQuerySet, order: Order, stages: Sequence[Stage], at: datetime) -> list[Column]:
    """Two statements: the sums, and the first cards of every stage."""
    sums, cards = sums_of(leads, at), first_cards(leads, order, stages)
    return [column(stage, sums.get(stage, Sums()), cards[stage], order) for stage in stages]


def first_cards(leads: LeadQuerySet, order: Order, stages: Sequence[Stage]) -> dict[str, list[Lead]]:
    """One more than are shown of each stage: one statement for all, and one for those without a value to sort by.

    Each stage is read along an index, as far as its cards go; SQLite takes no limit inside a union, hence the inner
    query.
    """
    found: dict[str, list[Lead]] = {stage: [] for stage in stages}
    for part in order.first_parts():
        wanting = [stage for stage in stages if len(found[stage]) <= CARDS]
        if not wanting:
            break
        size = CARDS + 1
        tops = (part(leads.filter(stage=stage), size).values("pk") for stage in wanting)
        first, *others = (with_card(Lead.objects.filter(pk__in=top), order) for top in tops)
        for lead in first.union(*others, all=True):
            found[lead.stage].append(lead)
    return {stage: order.in_order(rows)[: CARDS + 1] for stage, rows in found.items()}


def with_card(leads: LeadQuerySet, order: Order) -> LeadQuerySet:
    """All that a card is made of."""
    return leads.select_related("contact", "agent").only(*FIELDS, order.column)


def column(stage: Stage, sums: Sums, found: Sequence[Lead], order: Order) -> Column:
    """`found`: one more than are shown, where there are more."""
    shown = found[:CARDS]
    return Column(stage, sums, shown, order.encode(shown[-1]) if len(found) > CARDS else "")


def next_cards(leads: LeadQuerySet, order: Order, stage: Stage, cursor: str) -> Column:
    """The cards behind the cursor, without sums; one that is not ours begins anew."""
    try:
        position = order.decode(cursor) if cursor else None
    except BadCursor:
        position = None
    found = order.take(with_card(leads.filter(stage=stage), order), CARDS + 1, position)
    return column(stage, Sums(), found, order)
