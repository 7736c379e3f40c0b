"""Sealing the log. Each task may run twice at once; nothing is retried but by the next tick."""

from __future__ import annotations

from celery import shared_task
from django.utils.timezone import now

from crm.audit.models import AuditEntry, AuditSeal
from crm.audit.querysets import first_id
from crm.audit.sealing import MOMENT, recent_bound, seal_entries
from crm.core.tasks import later
from crm.core.tenancy import unscoped


@shared_task(name="audit.seal", cross_company=True)  # type: ignore[call-overload,untyped-decorator]
def seal() -> None:
    """Which companies have unsealed entries: newer than all that is sealed, or of the last seconds?

    Cheap however much was sealed just now; what a slower transaction brings is found by its company's next seal or
    by `seal_late`.
    """
    with unscoped("which companies have new unsealed entries"):
        entries = AuditEntry.objects.unsealed()
        newest = AuditSeal.objects.order_by("-entry_id").values_list("entry_id", flat=True).first()
        if newest is not None:
            entries = entries.filter(pk__gte=min(newest, first_id(now() - MOMENT)))
        companies = set(entries.values_list("company_id", flat=True).distinct())
    for pk in companies:
        later("audit.seal_company", company=pk)


@shared_task(name="audit.seal_late", cross_company=True)  # type: ignore[call-overload,untyped-decorator]
def seal_late() -> None:
    """The same with all written since shortly before the last seal of all."""
    with unscoped("which companies have unsealed entries"):
        entries, last = AuditEntry.objects.unsealed(), AuditSeal.objects.order_by("-pk").first()
        if last is not None:
            entries = entries.written_since(recent_bound(last.sealed_at))
        companies = set(entries.values_list("company_id", flat=True).distinct())
    for pk in companies:
        later("audit.seal_company", company=pk)


@shared_task(name="audit.seal_rest", cross_company=True)  # type: ignore[call-overload,untyped-decorator]
def seal_rest() -> None:
    """The same over the whole log, seldom: what transactions of more than five minutes wrote."""
    with unscoped("which companies have unsealed entries, however old"):
        companies = set(AuditEntry.objects.unsealed().values_list("company_id", flat=True).distinct())
    for pk in companies:
        later("audit.seal_company", True, company=pk)


@shared_task(name="audit.seal_company")
def seal_company(everything: bool = False) -> None:
    seal_entries(everything=everything)
