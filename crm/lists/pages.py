"""A list as printed pages: a head with company, filter and date, the rows, and numbered pages."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.timezone import now

from crm.accounts.models import Company
from crm.lists.columns import Column, Kind
from crm.lists.engine import Export
from crm.lists.errors import PdfUnavailable
from crm.lists.layout import NO_LIBRARIES
from crm.lists.listings import Asker

LONGEST_TEXT = 300  # of one cell on paper
SECONDS = 120


@dataclass(frozen=True)
class PageHead:
    """What stands above the rows."""

    title: str
    company: str
    currency: str
    zone: str
    at: datetime
    filters: Sequence[str]
    ordering: str

    @classmethod
    def of(cls, export: Export, company: Company, asker: Asker) -> PageHead:
        order = export.ordering or export.listing.default_ordering
        way = "downwards" if order.startswith("-") else "upwards"
        return cls(
            title=export.listing.label,
            company=company.name,
            currency=company.currency,
            zone=company.timezone,
            at=now().astimezone(ZoneInfo(company.timezone)),
            filters=export.listing.in_words(export.filters, asker),
            ordering=f"{order.removeprefix('-').replace('_', ' ')}, {way}",
        )


def pdf_file(head: PageHead, columns: Sequence[Column], rows: Iterable[Sequence[Any]]) -> Iterator[bytes]:
    """The whole file. It is laid out in a process of its own, which takes its memory along when it ends.

    Raises `PdfUnavailable` where the system's libraries are missing.
    """
    place = ZoneInfo(head.zone)
    shown = [[cell(column, value, place) for column, value in zip(columns, row, strict=True)] for row in rows]
    heads = [{"label": column.label, "right": is_right(column.kind)} for column in columns]
    page = render_to_string(
        "lists/pages.html",
        {"head": head, "columns": heads, "rows": shown, "count": len(shown), "wide": len(columns) > 6},
    )
    done = subprocess.run(
        [sys.executable, "-m", "crm.lists.layout"],
        input=page.encode(),
        capture_output=True,
        cwd=settings.BASE_DIR,
        timeout=SECONDS,
        check=False,
    )
    if done.returncode == NO_LIBRARIES:
        raise PdfUnavailable
    if done.returncode:
        raise RuntimeError(f"PDF could not be laid out: {done.stderr.decode(errors='replace')[-500:]}")
    return iter([done.stdout])


def is_right(kind: Kind) -> bool:
    return kind in (Kind.NUMBER, Kind.MONEY)


def cell(column: Column, value: Any, zone: ZoneInfo) -> dict[str, Any]:
    named = (column.words or {}).get(str(value))
    return {"text": named or shown_text(column.kind, value, zone), "right": is_right(column.kind)}


def shown_text(kind: Kind, value: Any, zone: ZoneInfo) -> str:
    """As a reader expects it on paper."""
    if value is None or value in ([], {}):
        return ""
    if kind is Kind.MOMENT:
        return f"{value.astimezone(zone):%Y-%m-%d %H:%M}"
    if kind is Kind.MONEY:
        return f"{value:,.2f}"
    if kind is Kind.FLAG:
        return "yes" if value else "no"
    if kind is Kind.LIST:
        return ", ".join(map(str, value))[:LONGEST_TEXT]
    text = str(value)
    return text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}…"
