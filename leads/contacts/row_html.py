"""A row of the list as HTML, cell by cell, as that of a lead is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from uuid import UUID

from django.urls import reverse
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

from crm.core.templatetags.icons import draw
from crm.core.templatetags.ui import when
from leads.contacts.listing import Pursuits
from leads.models import Contact, OptIn, Stage
from leads.row_html import NOTHING, linked, tags
from leads.rows import phone_shown


@dataclass(frozen=True)
class Table:
    """What all rows of one answer share. `trail`: the query by which a contact's page finds its way back."""

    columns: tuple[str, ...]
    trail: str
    pursuits: Mapping[UUID, Pursuits]
    has_ticks: bool = False

    @cached_property
    def contacts_url(self) -> str:
        return reverse("contacts:list")

    @cached_property
    def tail(self) -> str:
        return escape(self.trail)


def rows_html(contacts: Iterable[Contact], table: Table) -> list[SafeString]:
    return [row_html(contact, table) for contact in contacts]


def row_html(contact: Contact, table: Table) -> SafeString:
    """The whole `<tr>`."""
    cells = "".join(CELLS[key](contact, table) for key in table.columns)
    tick = tick_cell(contact) if table.has_ticks else ""
    row = f'<tr id="row-{contact.pk}">{tick}{name_cell(contact, table)}{cells}</tr>'
    return mark_safe(row)  # noqa: S308 - escaped below


def tick_cell(contact: Contact) -> str:
    return (
        '<td class="k"><input class="form-check-input" type="checkbox" name="ids"'
        f' value="{contact.pk}" aria-label="Tick {escape(contact.name or "No name")}"></td>'
    )


def name_cell(contact: Contact, table: Table) -> str:
    name = escape(contact.name or "No name")
    address = f"{table.contacts_url}{contact.pk}/{table.tail}"
    return f'<td class="t"><a class="t0" id="open-{contact.pk}" data-row href="{address}">{name}</a></td>'


def consent(contact: Contact) -> SafeString:
    """Icon and word."""
    if contact.do_not_contact:
        return SafeString(f'<span class="bad">{draw("ban", "")} Do not contact</span>')
    if contact.opt_in_status == OptIn.OPTED_IN:
        return SafeString(f'<span class="ok">{draw("shield-check", "")}</span> Opted in')
    if contact.opt_in_status == OptIn.OPTED_OUT:
        return SafeString(f'<span class="bad">{draw("ban", "")} Opted out</span>')
    return SafeString('<span class="mut">Unknown</span>')


def stage_html(contact: Contact) -> SafeString:
    mark = draw(f"s-{contact.lifecycle_stage}", "")
    return SafeString(f'<span class="cell">{mark}{Stage(contact.lifecycle_stage).label}</span>')


def leads_words(pursuits: Pursuits) -> str:
    """“2 open”, “1 open of 3”, “3 closed”."""
    if not pursuits.all:
        return "none"
    if not pursuits.open:
        return f"{pursuits.all} closed"
    return f"{pursuits.open} open" if pursuits.open == pursuits.all else f"{pursuits.open} open of {pursuits.all}"


def plain(css: str, read: Callable[[Contact, Table], object]) -> Callable[[Contact, Table], str]:
    """A cell that only shows something; text is escaped."""
    return lambda contact, table: format_html('<td class="{}">{}</td>', css, read(contact, table))


CELLS: dict[str, Callable[[Contact, Table], str]] = {
    "organization": plain("o mut", lambda contact, table: contact.organization or "No organisation"),
    "title": plain("lo", lambda contact, table: contact.title or NOTHING),
    "phone_e164": plain("w", lambda contact, table: linked("tel", contact.phone_e164, phone_shown(contact.phone_e164))),
    "email": plain("lo", lambda contact, table: linked("mailto", contact.email, contact.email)),
    "lifecycle_stage": plain("g", lambda contact, table: stage_html(contact)),
    "consent": plain("lo", lambda contact, table: consent(contact)),
    "leads": plain("lo", lambda contact, table: leads_words(table.pursuits.get(contact.pk, Pursuits()))),
    "tags": plain("lo", lambda contact, table: tags(contact.tags)),
    "city": plain("lo mut", lambda contact, table: contact.city or NOTHING),
    "country": plain("lo mut", lambda contact, table: contact.country or NOTHING),
    "created_at": plain("lo mut", lambda contact, table: when(contact.created_at)),
    "updated_at": plain("lo mut", lambda contact, table: when(contact.updated_at)),
}
