"""A row of the list as HTML, cell by cell: built in Python, for a template's tags would cost ten times as much."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from html import escape
from uuid import UUID

from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe

from crm.accounts.models import Company
from crm.core.templatetags.icons import draw
from crm.core.templatetags.ui import face, money, when
from leads.models import Lead
from leads.rows import Holder, Row
from leads.templatetags.lead_cells import priority_mark, score, sla, stage

NOTHING = SafeString('<span class="mut">–</span>')


@dataclass(frozen=True)
class Table:
    """What all rows of one answer share. `trail`: the query that a lead's page needs to find its way back."""

    columns: tuple[str, ...]
    company: Company
    at: datetime
    trail: str
    has_ticks: bool

    @cached_property
    def leads_url(self) -> str:
        return reverse("leads:list")

    @cached_property
    def _holders(self) -> dict[UUID, str]:
        return {}

    def shown_holder(self, holder: Holder) -> str:
        """Drawn once for all of its leads."""
        if holder.pk not in self._holders:
            self._holders[holder.pk] = holder_html(holder)
        return self._holders[holder.pk]

    @cached_property
    def tail(self) -> str:
        """The trail, ready for an attribute."""
        return escape(self.trail)


def row_html(row: Row, table: Table) -> SafeString:
    """The whole `<tr>`."""
    cells = "".join(CELLS[key](row, table) for key in table.columns)
    tick = tick_cell(row) if table.has_ticks else ""
    return mark_safe(f'<tr id="row-{row.lead.pk}">{tick}{name_cell(row, table)}{cells}</tr>')  # noqa: S308 - escaped below


def page_address(lead: Lead, table: Table) -> str:
    return f"{table.leads_url}{lead.pk}/{table.tail}"


def tick_cell(row: Row) -> str:
    return (
        '<td class="k"><input class="form-check-input" type="checkbox" name="ids"'
        f' value="{row.lead.pk}" aria-label="Tick {escape(row.name)}"></td>'
    )


def name_cell(row: Row, table: Table) -> str:
    lead, name = row.lead, escape(row.name)
    copy = f' <span class="tag2 mut ms-1">{draw("copy", "")}duplicate</span>' if lead.is_duplicate else ""
    return (
        f'<td class="t"><a class="t0" id="open-{lead.pk}" data-row href="{page_address(lead, table)}">{name}</a>'
        f"{priority_mark(lead)}{copy}</td>"
    )


def changed_in_place(row: Row, table: Table, what: str, shown: str, label: str, css: str = "") -> str:
    """A link that opens the cell's menu by HTMX, and the lead's page without."""
    lead = row.lead
    here = f"{table.leads_url}{lead.pk}/"
    return (
        f'<a class="cell {css}" id="{what}-{lead.pk}" href="{here}{table.tail}#{what}"'
        f' hx-get="{here}cell/{what}/{table.tail}" hx-target="closest td" hx-swap="beforeend"'
        f' aria-label="{escape(label)}">{shown}</a>'
    )


# --- One cell each -----------------------------------------------------------------------------------------------


def stage_cell(row: Row, table: Table) -> str:
    shown = stage(row.lead)
    if not row.may_change:
        return f'<td class="g"><span class="cell">{shown}</span></td>'
    label = f"Stage of {row.name}: {row.lead.get_stage_display()}. Change"
    return f'<td class="g">{changed_in_place(row, table, "stage", shown, label)}</td>'


def priority_cell(row: Row, table: Table) -> str:
    shown = row.lead.get_priority_display()
    if not row.may_change:
        return f'<td class="lo">{shown}</td>'
    label = f"Priority of {row.name}: {shown}. Change"
    return f'<td class="lo">{changed_in_place(row, table, "priority", shown, label)}</td>'


def disposition_cell(row: Row, table: Table) -> str:
    shown = escape(row.disposition or "None")
    if not row.may_change:
        return f'<td class="lo">{shown}</td>'
    label = f"Disposition of {row.name}: {row.disposition or 'none'}. Change"
    css = "" if row.disposition else "mut"
    return f'<td class="lo">{changed_in_place(row, table, "disposition", shown, label, css)}</td>'


def agent_cell(row: Row, table: Table) -> str:
    holder = row.holder
    if holder is None:
        return f'<td class="a">{nobody(row, table)}</td>'
    shown = table.shown_holder(holder)
    if not row.may_assign:
        spoken = f'<span class="visually-hidden">{escape(holder.name)}, {holder.words}</span>'
        return f'<td class="a"><span class="cell">{shown}{spoken}</span></td>'
    label = f"Agent of {row.name}: {holder.name}, {holder.words}. Change"
    return f'<td class="a">{changed_in_place(row, table, "agent", shown, label)}</td>'


def holder_html(holder: Holder) -> str:
    return (
        f"{face(holder.name, holder.percent)}"
        f'<span class="wide-only">{escape(holder.first)}</span> <span class="{holder.css}">{holder.short}</span>'
    )


def nobody(row: Row, table: Table) -> str:
    if not row.may_assign:
        return '<span class="mut">Nobody</span>'
    shown = f"{draw('user-plus', '')}Assign"
    return changed_in_place(row, table, "agent", shown, f"{row.name} has no agent. Assign", "mut")


def plain(css: str, read: Callable[[Row, Table], str]) -> Callable[[Row, Table], str]:
    """A cell that only shows something; what is read is HTML."""
    start = f'<td class="{css}">'
    return lambda row, table: f"{start}{read(row, table)}</td>"


def linked(scheme: str, address: str, shown: str) -> SafeString:
    """By which they are called or written to; text is escaped."""
    if not address:
        return NOTHING
    return SafeString(f'<a class="link" href="{scheme}:{escape(address)}">{escape(shown)}</a>')


def tags(words: object) -> SafeString:
    found = words if isinstance(words, list) else []
    return SafeString(" ".join(f'<span class="tag2 mut">{escape(tag)}</span>' for tag in found)) or NOTHING


CELLS: dict[str, Callable[[Row, Table], str]] = {
    "organization": plain("o mut", lambda row, table: escape(row.lead.contact.organization or "No organisation")),
    "stage": stage_cell,
    "status": plain("lo", lambda row, table: str(row.lead.get_status_display())),
    "priority": priority_cell,
    "disposition": disposition_cell,
    "score": plain("s", lambda row, table: score(row.lead, table.company)),
    "sla": plain("w", lambda row, table: sla(row.lead, table.at)),
    "agent": agent_cell,
    "phone": plain("lo", lambda row, table: linked("tel", row.lead.contact.phone_e164, row.phone)),
    "email": plain("lo", lambda row, table: linked("mailto", row.lead.contact.email, row.lead.contact.email)),
    "source": plain("lo mut", lambda row, table: escape(row.lead.source or "–")),
    "tags": plain("lo", lambda row, table: tags(row.lead.tags)),
    "next_attempt": plain("lo mut", lambda row, table: when(row.lead.next_attempt_at)),
    "created": plain("lo mut", lambda row, table: when(row.lead.created_at)),
    "updated": plain("lo mut", lambda row, table: when(row.lead.updated_at)),
    "value": plain("num lo", lambda row, table: escape(money(row.lead.deal_value, table.company.currency))),
}


def rows_html(rows: Iterable[Row], table: Table) -> list[SafeString]:
    return [row_html(row, table) for row in rows]
