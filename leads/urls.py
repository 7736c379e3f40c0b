"""Pages."""

from __future__ import annotations

from django.urls import URLPattern, path

from leads.importing.urls import urlpatterns as importing
from leads.intake.urls import urlpatterns as intake
from leads.views import board, bulk, cells, editing, lead, listing, menus, moving, sharing
from leads.why.urls import urlpatterns as why

app_name = "leads"
urlpatterns: list[URLPattern] = [
    *importing,
    *intake,
    *why,
    path("", listing.lead_list, name="list"),
    path("board/", board.show, name="board"),
    path("board/more/", board.more, name="board-more"),
    path("counts/", listing.view_counts, name="counts"),
    path("filter/", menus.filters, name="filter"),
    path("agents/", menus.agents, name="agents-menu"),
    path("columns/", listing.choose_columns, name="columns"),
    path("share/", sharing.share, name="share"),
    path("assign/", bulk.act, name="assign"),
    path("undo/<uuid:pk>/", bulk.undo, name="undo"),
    path("claim/", sharing.claim, name="claim"),
    path("new/", editing.new, name="new"),
    path("similar/", editing.similar, name="similar"),
    path("<uuid:pk>/", lead.detail, name="detail"),
    path("<uuid:pk>/fit/", lead.fit, name="fit"),
    path("<uuid:pk>/edit/", editing.edit, name="edit"),
    path("<uuid:pk>/cell/<slug:what>/", cells.cell, name="cell"),
    path("<uuid:pk>/move/", moving.move, name="move"),
    path("<uuid:pk>/back/<uuid:change>/", moving.undo, name="take-back"),
    path("<uuid:pk>/stage/", lead.stage, name="stage"),
    path("<uuid:pk>/disposition/", lead.disposition, name="disposition"),
    path("<uuid:pk>/priority/", lead.priority, name="priority"),
    path("<uuid:pk>/note/", lead.note, name="note"),
    path("<uuid:pk>/assign/", lead.assign, name="assign-one"),
    path("<uuid:pk>/unassign/", lead.unassign, name="unassign"),
    path("<uuid:pk>/delete/", lead.delete, name="delete"),
    path("<uuid:pk>/restore/", lead.restore, name="restore"),
]
