"""Who else may be the same person: asked of some contacts, or of all in the order of a key."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Count, Func, Q, QuerySet
from django.db.models.functions import Coalesce

from crm.core.bulk_rows import update_rows
from leads.duplicates.keys import ALIVE, HAS_EMAIL, HAS_NAME, HAS_PHONE, KNOWN, email_key, name_key, phone_key
from leads.duplicates.models import DuplicatePair, FoundBy, Reason
from leads.models import Contact

Pair = tuple[UUID, UUID]
MOST_ALIKE = 5_000  # members of the groups that one question reads

# Each key with the contacts that have one, in the words of its index.
KEYS: dict[str, tuple[Callable[[], Func], Q]] = {
    Reason.EMAIL: (email_key, KNOWN & HAS_EMAIL),
    Reason.PHONE: (phone_key, KNOWN & HAS_PHONE),
    Reason.NAME: (name_key, ALIVE & HAS_NAME),
}


def ordered(one: UUID, other: UUID) -> Pair:
    """As a pair is stored: the smaller id first."""
    return (one, other) if one < other else (other, one)


@transaction.atomic
def keep_pairs(found: Mapping[Pair, Iterable[str]], *, found_by: FoundBy) -> int:
    """Store the pairs (`ordered`) with their reasons; how many are new. A constant number of statements.

    One that is known gets the further reasons, and stays dismissed where a person has dismissed it.
    """
    if not found:
        return 0
    firsts, seconds = {first for first, _ in found}, {second for _, second in found}
    rows = DuplicatePair.objects.filter(first__in=firsts, second__in=seconds).order_by("pk")
    known = {(row.first_id, row.second_id): row for row in rows.select_for_update(no_key=True)}
    new = [
        DuplicatePair(first_id=first, second_id=second, reasons=sorted(set(reasons)), found_by=found_by)
        for (first, second), reasons in sorted(found.items())
        if (first, second) not in known
    ]
    DuplicatePair.objects.bulk_create(new, batch_size=1000, ignore_conflicts=True)
    grown = []
    for pair, row in known.items():
        if more := sorted(set(found.get(pair, ())) - set(row.reasons)):
            row.reasons = [*row.reasons, *more]
            grown.append(row)
    update_rows(DuplicatePair, grown, ("reasons",))
    return len(new)


def look_for(contact_ids: Collection[UUID], *, found_by: FoundBy = FoundBy.CREATION) -> int:
    """Find and keep the pairs of these contacts; how many are new. As many statements for a thousand as for one."""
    found: dict[Pair, set[str]] = {}
    for reason, (key, has_key) in KEYS.items():
        own = Contact.objects.alive().filter(has_key, pk__in=contact_ids).annotate(key=key())
        keys = set(own.values_list("key", flat=True))
        _add(found, reason, alike(reason, Q(key__in=keys)) if keys else [])
    return keep_pairs(found, found_by=found_by)


def members(reason: str) -> QuerySet[Any]:
    """Contacts with their `key`, each as `who` it is now: one that was merged into another is that one."""
    key, has_key = KEYS[reason]
    return Contact.objects.filter(has_key).annotate(key=key(), who=Coalesce("merged_into", "pk"))


def alike(reason: str, which: Q) -> list[tuple[str, UUID]]:
    """(key, contact) of those whose key is meant, in the order of key and id: who came first stands first."""
    rows = members(reason).filter(which).order_by("key", "who").values_list("key", "who", "merged_into")
    found = list(rows[:MOST_ALIKE])
    survivors = {into for *_, into in found if into is not None}
    gone = Contact.objects.filter(pk__in=survivors).exclude(ALIVE).values_list("pk", flat=True) if survivors else ()
    left = set(gone)
    return [(key, who) for key, who, _ in found if who not in left]


def _add(found: dict[Pair, set[str]], reason: str, members: Iterable[tuple[str, UUID]]) -> None:
    """The first of each group with every other: as many pairs as there are contacts too many."""
    for _, group in groupby(members, key=lambda member: member[0]):
        first, *others = dict.fromkeys(who for _, who in group)
        for other in others:
            found.setdefault(ordered(first, other), set()).add(reason)


@dataclass(frozen=True)
class Stretch:
    """What one batch of a search through all contacts did. `after`: where the next begins, none at the end of a key."""

    looked_at: int
    new: int
    after: str | None


def look_through(reason: str, after: str, size: int) -> Stretch:
    """The next contacts in the order of a key, about so many, never half a group."""
    rows = members(reason).filter(key__gt=after)
    upper = next(iter(rows.order_by("key").values_list("key", flat=True)[size - 1 : size]), None)
    if upper is not None:
        rows = rows.filter(key__lte=upper)
    counts = rows.order_by().values("key").annotate(many=Count("who", distinct=True), own=Count("pk", filter=ALIVE))
    groups = list(counts.values_list("key", "many", "own"))
    several = [text for text, many, _ in groups if many > 1]
    found: dict[Pair, set[str]] = {}
    for start in range(0, len(several), 1000):
        _add(found, reason, alike(reason, Q(key__in=several[start : start + 1000])))
    return Stretch(sum(own for *_, own in groups), keep_pairs(found, found_by=FoundBy.SCAN), upper)
