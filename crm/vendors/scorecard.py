"""How well a vendor's leads have done: what it sent, what was taken, what became of it and what it cost."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, Sum

from crm.vendors.models import Kind, Outcome, Vendor, VendorPost, VendorReturn

DUPLICATE = "duplicate"


@dataclass(frozen=True)
class Scorecard:
    """Of a period, by when things were sent. Rates are percentages with one decimal, none where there is nothing to
    divide by; money is the company's."""

    posted: int
    accepted: int
    refused_by_reason: dict[str, int]
    pings: int
    pings_accepted: int
    returned: int
    returned_by_reason: dict[str, int]
    leads: int
    converted: int
    spent: Decimal

    @property
    def refused(self) -> int:
        return self.posted - self.accepted

    @property
    def duplicates(self) -> int:
        return self.refused_by_reason.get(DUPLICATE, 0)

    @property
    def kept(self) -> int:
        return self.accepted - self.returned

    @property
    def acceptance_rate(self) -> float | None:
        return percent(self.accepted, self.posted)

    @property
    def duplicate_rate(self) -> float | None:
        return percent(self.duplicates, self.posted)

    @property
    def return_rate(self) -> float | None:
        return percent(self.returned, self.accepted)

    @property
    def conversion_rate(self) -> float | None:
        return percent(self.converted, self.leads)

    @property
    def cost_per_lead(self) -> Decimal | None:
        return share(self.spent, self.kept)

    @property
    def cost_per_customer(self) -> Decimal | None:
        return share(self.spent, self.converted)


def percent(part: int, whole: int) -> float | None:
    return round(100 * part / whole, 1) if whole else None


def share(amount: Decimal, count: int) -> Decimal | None:
    return (amount / count).quantize(Decimal("0.01")) if count > 0 else None


def scorecard_of(vendor: Vendor, since: dt.datetime | None = None, until: dt.datetime | None = None) -> Scorecard:
    """Four statements. `since` is in the period, `until` is not."""
    sent = within(VendorPost.objects.filter(vendor=vendor), "at", since, until)
    counted = list(sent.values_list("kind", "outcome", "reason_code").annotate(Count("pk"), Sum("cost")))
    back = within(VendorReturn.objects.filter(vendor=vendor), "at", since, until)
    returns = list(back.values_list("reason").annotate(Count("pk"), Sum("cost")).order_by("-pk__count", "reason"))
    posts = [row for row in counted if row[0] == Kind.POST]
    refused: Counter[str] = Counter()
    for _, outcome, reason, count, _cost in posts:
        if outcome == Outcome.REFUSED:
            refused[reason] += count
    leads, converted = leads_of(vendor, since, until)
    paid = total(row[4] for row in posts) - total(row[2] for row in returns)
    return Scorecard(
        posted=sum(row[3] for row in posts),
        accepted=sum(row[3] for row in posts if row[1] == Outcome.ACCEPTED),
        refused_by_reason=dict(refused.most_common()),
        pings=sum(row[3] for row in counted if row[0] == Kind.PING),
        pings_accepted=sum(row[3] for row in counted if row[0] == Kind.PING and row[1] == Outcome.ACCEPTED),
        returned=sum(row[1] for row in returns),
        returned_by_reason={reason: count for reason, count, _ in returns},
        leads=leads,
        converted=converted,
        spent=paid,
    )


def total(amounts: Any) -> Decimal:
    return sum((amount for amount in amounts if amount is not None), Decimal(0))


def within(rows: Any, field: str, since: dt.datetime | None, until: dt.datetime | None) -> Any:
    if since is not None:
        rows = rows.filter(**{f"{field}__gte": since})
    return rows.filter(**{f"{field}__lt": until}) if until is not None else rows


def leads_of(vendor: Vendor, since: dt.datetime | None, until: dt.datetime | None) -> tuple[int, int]:
    """Its leads that are there, also those that people entered for it, and how many became customers."""
    leads: Any = vendor.leads  # type: ignore[attr-defined]  # a higher floor, reached by name
    made = within(leads.filter(deleted_at=None), "created_at", since, until)
    counted = made.aggregate(all=Count("pk"), won=Count("pk", filter=Q(stage="customer")))
    return counted["all"], counted["won"]


def counts_of(vendors: Sequence[UUID]) -> dict[UUID, dict[str, int]]:
    """For a list of vendors by one statement: `{vendor id: {"accepted": 5, "refused": 1}}`."""
    posts = VendorPost.objects.filter(vendor__in=vendors, kind=Kind.POST)
    counts: dict[UUID, dict[str, int]] = {pk: {"accepted": 0, "refused": 0} for pk in vendors}
    for pk, outcome, count in posts.values_list("vendor_id", "outcome").annotate(Count("pk")):
        counts[pk][outcome] = count
    return counts
