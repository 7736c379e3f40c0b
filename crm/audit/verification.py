"""Proving the log: walks a company's seals and entries, and names each that was edited, deleted, inserted or moved."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from uuid import UUID

from crm.audit.models import AuditEntry, AuditSeal
from crm.audit.proof import HALF, START, chain_half, content_mac, own_half

CHUNK = 1000
TOLD = 1000  # problems listed; the rest are counted

EDITED = "edited"
DELETED = "deleted"
INSERTED = "inserted"
MOVED = "moved"
TRUNCATED = "truncated"


@dataclass(frozen=True)
class Head:
    """The newest seal. Kept elsewhere, it proves later that nothing was cut off at the end."""

    number: int
    mac: str

    def __str__(self) -> str:
        return f"{self.number}:{self.mac}"

    @classmethod
    def parse(cls, text: str) -> Head:
        """From `N:MAC`; raises `ValueError`."""
        if not (match := re.fullmatch(r"(\d{1,18}):([0-9a-f]{64})", text.strip())):
            raise ValueError("A head is written as its number, a colon and 64 hexadecimal digits")
        return cls(int(match[1]), match[2])


@dataclass(frozen=True)
class Problem:
    """`entry_id` is unknown where the entry and its seal are both gone; `number` where it was not sealed."""

    kind: str
    text: str
    entry_id: UUID | None = None
    number: int | None = None


@dataclass
class Verification:
    sealed: int = 0
    unsealed: int = 0
    head: Head | None = None
    problems: list[Problem] = field(default_factory=list)
    problem_count: int = 0

    @property
    def is_sound(self) -> bool:
        return not self.problem_count

    def tell(self, problem: Problem) -> None:
        self.problem_count += 1
        if len(self.problems) < TOLD:
            self.problems.append(problem)


def verify_log(kept: Head | None = None) -> Verification:
    """Verify the active company's whole log, in flat memory; `kept`: a head printed earlier and kept elsewhere."""
    found = Verification()
    _verify_seals(found)
    _verify_unsealed(found)
    if kept is not None:
        _verify_head(found, kept)
    return found


def _verify_seals(found: Verification) -> None:
    before, number, trusted = START, 0, True
    for seal, entry in _sealed():
        for missing in range(number + 1, min(seal.number, number + 1 + TOLD)):
            found.tell(Problem(DELETED, "This seal is gone; with its entry or without", None, missing))
        trusted = trusted and seal.number == number + 1
        problem = _problem_of(seal, entry, before if trusted else None)
        if problem is not None:
            found.tell(problem)
        before, number, trusted = seal.mac, seal.number, problem is None
        found.sealed += 1
        found.head = Head(number, seal.mac)


def _sealed() -> Iterator[tuple[AuditSeal, AuditEntry | None]]:
    """In the order of the numbers, each seal with its entry, a chunk in memory at a time."""
    last = 0
    while seals := list(AuditSeal.objects.filter(number__gt=last).order_by("number")[:CHUNK]):
        entries = AuditEntry.objects.in_bulk([seal.entry_id for seal in seals])
        for seal in seals:
            yield seal, entries.get(seal.entry_id)
        last = seals[-1].number


def _problem_of(seal: AuditSeal, entry: AuditEntry | None, before: str | None) -> Problem | None:
    """What is wrong with one link; `before` is none where the link before it is broken and says nothing of this one."""
    if entry is None:
        return Problem(DELETED, "The entry was sealed and is gone", seal.entry_id, seal.number)
    content, own = content_mac(entry), seal.mac[:HALF]

    def half(content: str, *, genuine: bool) -> str:
        return own_half(seal.number, seal.sealed_at, entry.pk, content, genuine=genuine)

    if own == half(content, genuine=False):
        return Problem(INSERTED, "The entry was not written by the product", entry.pk, seal.number)
    if own != half(content, genuine=True):
        if entry.mac == content:
            return Problem(MOVED, "The entry does not stand where it was sealed", entry.pk, seal.number)
        return Problem(EDITED, "The entry differs from what was sealed", entry.pk, seal.number)
    if entry.mac != content:
        return Problem(EDITED, "The entry's own hash was changed", entry.pk, seal.number)
    if before is not None and seal.mac[HALF:] != chain_half(before, own):
        return Problem(MOVED, "The seal does not follow the one before it", entry.pk, seal.number)
    return None


def _verify_unsealed(found: Verification) -> None:
    last: UUID | None = None
    while True:
        entries = AuditEntry.objects.unsealed().order_by("pk")
        chunk = list((entries if last is None else entries.filter(pk__gt=last))[:CHUNK])
        for entry in chunk:
            found.unsealed += 1
            if entry.mac != content_mac(entry):
                found.tell(Problem(INSERTED, "Not written by the product, or edited before it was sealed", entry.pk))
        if len(chunk) < CHUNK:
            return
        last = chunk[-1].pk


def _verify_head(found: Verification, kept: Head) -> None:
    mac = AuditSeal.objects.filter(number=kept.number).values_list("mac", flat=True).first()
    if mac is None:
        found.tell(Problem(TRUNCATED, "The log ends before the head that was kept", None, kept.number))
    elif mac != kept.mac:
        found.tell(Problem(TRUNCATED, "The log was rewritten before the head that was kept", None, kept.number))
