"""A card of the board as HTML, built in Python as the list's rows are: a hundred of them stand on one page."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from html import escape

from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.timezone import localtime

from crm.accounts.models import Company
from crm.core.templatetags.icons import draw
from crm.core.templatetags.ui import exact, face, money, span
from leads.models import CLOSED_STAGES, Lead
from leads.sla import SlaStatus, sla_status
from leads.templatetags.lead_cells import band_of, clock_words, due, priority_mark


@dataclass(frozen=True)
class Deck:
    """What all cards of one answer share. `trail`: the query that a lead's page needs to find its way back."""

    company: Company
    at: datetime
    trail: str
    may_move: bool


def cards_html(leads: Iterable[Lead], deck: Deck) -> list[SafeString]:
    return [card_html(lead, deck) for lead in leads]


def card_html(lead: Lead, deck: Deck, attributes: str = "") -> SafeString:
    """The whole `<li>`. `attributes`: further ones of ours, for HTMX."""
    name = escape(lead.contact.name or "No name")
    page = f"{reverse('leads:list')}{lead.pk}/"
    tail = escape(f"?{deck.trail}")
    move = move_link(lead, name, f"{page}move/{tail}") if deck.may_move else ""
    ask = " data-ask" if lead.stage in CLOSED_STAGES else ""
    movable = f" data-move{ask}" if deck.may_move else ""
    return mark_safe(  # noqa: S308 - escaped here and below
        f'<li class="card2" id="card-{lead.pk}"{movable}{attributes}>'
        f'<div class="top"><a class="t0" id="open-{lead.pk}" data-row draggable="false" href="{page}{tail}">{name}</a>'
        f"{priority_mark(lead)}{copy_mark(lead)}{move}</div>"
        f"{firm(lead)}{facts(lead, deck)}</li>"
    )


def move_link(lead: Lead, name: str, url: str) -> str:
    """A menu by HTMX, put into the card (as the column says); a page with the same form without."""
    return (
        f'<a class="btn quiet btn-icon" id="move-{lead.pk}" href="{url}" hx-boost="true" draggable="false"'
        f' aria-label="Move {name}, {lead.get_stage_display()}">'
        f"{draw('ellipsis', '')}</a>"
    )


def copy_mark(lead: Lead) -> str:
    if not lead.is_duplicate:
        return ""
    return (
        f'<span class="mut" title="Duplicate">{draw("copy", "")}<span class="visually-hidden">duplicate</span></span>'
    )


def firm(lead: Lead) -> str:
    return f'<div class="mut cut">{escape(lead.contact.organization)}</div>' if lead.contact.organization else ""


def facts(lead: Lead, deck: Deck) -> str:
    lines = ((worth(lead, deck.company), points(lead, deck.company)), (holder(lead), stayed(lead, deck.at)))
    shown = "".join(f"<div>{left}{right}</div>" for left, right in lines if left or right)
    return f'<div class="facts2">{shown}{clock(lead, deck.at)}</div>'


def worth(lead: Lead, company: Company) -> str:
    if lead.deal_value is not None:
        return f"<b>{money(lead.deal_value, company.currency)}</b>"
    return '<span class="mut">No value</span>' if lead.score else ""


def points(lead: Lead, company: Company) -> str:
    if not lead.score:
        return ""
    band, word = band_of(lead.score, company)
    return (
        f'<span class="end" title="Score {lead.score}, {word.lower()}">{draw(f"band{band}", "")}'
        f'<span class="visually-hidden">Score </span>{lead.score}'
        f'<span class="visually-hidden">, {word.lower()}</span></span>'
    )


def holder(lead: Lead) -> str:
    if lead.agent is None:
        return '<span class="mut cut">Nobody</span>'
    return f'<span class="who2">{face(lead.agent.name)}<span class="cut">{escape(lead.agent.name)}</span></span>'


def stayed(lead: Lead, at: datetime) -> str:
    since, stage = exact(localtime(lead.stage_changed_at)), lead.get_stage_display()
    words = span((at - lead.stage_changed_at).total_seconds())
    return f'<span class="end mut" title="In {stage} since {since}">{words}</span>'


def clock(lead: Lead, at: datetime) -> str:
    """While the first response is owed."""
    status = sla_status(lead, at)
    if not lead.is_open or status in (SlaStatus.NONE, SlaStatus.MET) or lead.first_response_at:
        return ""
    words, css, icon = clock_words(lead, status, at)
    return f'<div class="{css}" title="{escape(due(lead))}"><span>{draw(icon, "")} {words}</span></div>'
