"""Making an export: at once as a stream, or as a job where it is long; each one on record."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.timezone import now

from crm.accounts.models import User
from crm.audit.recording import keyed_hash, record
from crm.core.api.filters import BoolFilter, IntFilter, MomentFilter, NumberFilter, UuidFilter
from crm.core.tenancy import carry_company
from crm.jobs.actions import start_job
from crm.jobs.models import Job
from crm.lists import events
from crm.lists.engine import Export, csv_stream, read_cells
from crm.lists.errors import TooManyRows
from crm.lists.listings import SAVED, Asker, company_of
from crm.lists.long_export import EXPORT
from crm.lists.pages import PageHead, pdf_file
from crm.lists.spreadsheet import xlsx_file

TOLD = (BoolFilter, IntFilter, NumberFilter, MomentFilter, UuidFilter)  # filters whose values are nobody's own


@dataclass(frozen=True)
class Download:
    """A file on its way: `parts` asks the database as it is sent, in the company of now."""

    name: str
    content_type: str
    parts: Iterator[bytes]


def start_export(export: Export, asker: Asker, *, wait: bool | None = None) -> Download | Job:
    """The file, or the job that makes it where there are more rows than one waits for.

    `wait=False`: a job in any case. `wait=True`: CSV is streamed however long it is. Raises `TooManyRows` and
    `PdfUnavailable`.
    """
    rows, form = export.rows(asker), export.format
    counted = rows.order_by()[: max(form.direct, form.most or 0) + 1].count()
    if form.most is not None and counted > form.most:
        raise TooManyRows(form.label, form.most)
    if wait is False or (counted > form.direct and not (wait and form.name == "csv")):
        return start_job(EXPORT, export.as_params(), by=asker.user, title=f"Export {export.listing.label.lower()}")
    made = parts(export, rows, asker)
    record_export(export, counted, by=asker.user, or_more=counted > form.direct)
    return Download(file_name(export), form.content_type, carry_company(made))


def parts(export: Export, rows: Any, asker: Asker) -> Iterator[bytes]:
    """A PDF is made before the answer begins, since it may fail."""
    if export.format.name == "csv":
        return csv_stream(rows, export.columns)
    zone = company_of(asker.user).timezone
    if export.format.name == "xlsx":
        return xlsx_file(export.listing.label, export.columns, read_cells(rows, export.columns), zone)
    head = PageHead.of(export, company_of(asker.user), asker)
    return pdf_file(head, export.columns, read_cells(rows, export.columns))


def file_name(export: Export) -> str:
    """`leads-2026-03-02.csv`."""
    return f"{re.sub(r'[^a-z0-9]+', '-', export.listing.label.lower())}-{now():%Y-%m-%d}.{export.format.name}"


def record_export(export: Export, count: int, *, by: User, job: Job | None = None, or_more: bool = False) -> None:
    """Who took what out: the list, its form, the filters in force, and how many rows.

    `or_more`: they were not counted to the end, so that a long file begins at once.
    """
    data = {
        "list": export.listing.name,
        "format": export.format.name,
        "rows": count,
        **({"or_more": True} if or_more else {}),
        "columns": len(export.columns),
        "filters": told(export),
        **({"job_id": job.pk} if job is not None else {}),
    }
    record(events.LIST_EXPORTED, job or company_of(by), by=by, data=data)


def told(export: Export) -> dict[str, str]:
    """Filters without what may be personal in them: words that were sought enter as keyed hashes."""
    declared = export.listing.filterset.base_filters
    return {
        name: value if is_told(declared.get(name), name) else f"hash:{keyed_hash(value)[:16]}"
        for name, value in export.filters.items()
    }


def is_told(item: Any, name: str) -> bool:
    choices = "enum" in getattr(item, "documented", {})
    return name == SAVED or choices or isinstance(item, TOLD)
