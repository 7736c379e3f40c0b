"""API routes; mounted twice by `crm/api.py`. Fixed paths stand before those with an id."""

from __future__ import annotations

from crm.core.api.routers import route
from leads.api.bulk_views import BulkViewSet
from leads.api.contact_views import ContactViewSet
from leads.api.disposition_views import DispositionViewSet
from leads.api.export_views import ContactExport, LeadExport
from leads.api.views import LeadViewSet
from leads.assignment.urls import urlpatterns as assignment
from leads.duplicates.urls import api_urlpatterns as duplicates
from leads.importing.urls import api_urlpatterns as importing
from leads.intake.urls import api_urlpatterns as intake
from leads.routing.api_urls import urlpatterns as routing
from leads.why.urls import api_urlpatterns as why

ONE = {"get": "retrieve", "put": "update", "patch": "update", "delete": "destroy"}

urlpatterns = [
    *importing,
    *assignment,
    *intake,
    *duplicates,
    *why,
    *routing,
    route("leads", LeadViewSet, {"get": "list", "post": "create"}, "lead-list"),
    route("leads/search", LeadViewSet, {"get": "list"}, "lead-search"),
    route("leads/export", LeadExport, {"get": "export"}, "lead-export"),
    route("leads/stats", LeadViewSet, {"get": "stats"}, "lead-stats"),
    route("leads/bulk-update", BulkViewSet, {"post": "bulk_update"}, "lead-bulk-update"),
    route("leads/bulk-assign", BulkViewSet, {"post": "bulk_assign"}, "lead-bulk-assign"),
    route("leads/bulk-delete", BulkViewSet, {"post": "bulk_delete"}, "lead-bulk-delete"),
    route("leads/<pk>", LeadViewSet, ONE, "lead-detail"),
    route("leads/<pk>/stage", LeadViewSet, {"put": "stage"}, "lead-stage"),
    route("leads/<pk>/deal-value", LeadViewSet, {"put": "deal_value"}, "lead-deal-value"),
    route("leads/<pk>/notes", LeadViewSet, {"get": "notes", "post": "add_note"}, "lead-notes"),
    route("leads/<pk>/timeline", LeadViewSet, {"get": "timeline"}, "lead-timeline"),
    route("contacts", ContactViewSet, {"get": "list", "post": "create"}, "contact-list"),
    route("contacts/export", ContactExport, {"get": "export"}, "contact-export"),
    route("contacts/<pk>", ContactViewSet, ONE, "contact-detail"),
    route("dispositions", DispositionViewSet, {"get": "list", "post": "create"}, "disposition-list"),
    route("dispositions/<pk>", DispositionViewSet, ONE, "disposition-detail"),
]
