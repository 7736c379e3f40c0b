"""Sealing: within seconds each entry is chained to the one before it, in the order found.

No lock: a seal's number is unique in its company, so of two sealers at once the second fails and leaves the work to the
first. Writers of entries are never waited for, and never wait.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils.timezone import now

from crm.audit.models import AuditEntry, AuditSeal
from crm.audit.proof import START, content_mac, seal_mac
from crm.audit.querysets import AuditEntryQuerySet
from crm.core.bulk_rows import insert_rows

BATCH = 1000
MOMENT = timedelta(seconds=15)  # as long as the transaction of a request lasts, and more
OVERLAP = timedelta(minutes=5)  # an entry shows only when its transaction commits; longer ones wait for the full sweep


def seal_entries(*, everything: bool = False) -> int:
    """Seal the active company's unsealed entries, those of long transactions too with `everything`; how many."""
    sealed = 0
    while True:
        head = AuditSeal.objects.order_by("-number").first()
        since = None if everything or head is None else recent_bound(head.sealed_at)
        entries = unsealed(since).order_by("pk")[:BATCH]
        seals = _chained(entries, head)
        if not seals or not _write(seals):
            return sealed
        sealed += len(seals)


def unsealed(since: datetime | None) -> AuditEntryQuerySet:
    entries = AuditEntry.objects.unsealed()
    return entries if since is None else entries.written_since(since)


def recent_bound(last_sealed_at: datetime) -> datetime:
    """Older entries are sealed already, but for those of a transaction longer than the overlap."""
    return min(now(), last_sealed_at) - OVERLAP


def _chained(entries: Sequence[AuditEntry] | AuditEntryQuerySet, head: AuditSeal | None) -> list[AuditSeal]:
    before, first, moment = (head.mac if head else START), (head.number + 1 if head else 1), now()
    seals = []
    for number, entry in enumerate(entries, first):
        content = content_mac(entry)
        before = seal_mac(before, number, moment, entry.pk, content, genuine=entry.mac == content)
        seals.append(
            AuditSeal(company_id=entry.company_id, number=number, entry_id=entry.pk, mac=before, sealed_at=moment)
        )
    return seals


def _write(seals: list[AuditSeal]) -> bool:
    """False where another sealer was quicker."""
    try:
        with transaction.atomic():
            insert_rows(AuditSeal, seals)
    except IntegrityError:
        return False
    return True
