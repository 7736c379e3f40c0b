"""API routes; mounted twice by `crm/api.py`."""

from __future__ import annotations

from crm.compliance.api.export_views import SuppressionExport
from crm.compliance.api.views import ContactConsentViewSet, SuppressionViewSet
from crm.core.api.routers import route

urlpatterns = [
    route("contacts/<pk>/consent", ContactConsentViewSet, {"get": "list", "post": "record"}, "contact-consent"),
    route("contacts/<pk>/decision", ContactConsentViewSet, {"get": "decision"}, "contact-decision"),
    route("suppressions", SuppressionViewSet, {"get": "list", "post": "create"}, "suppression-list"),
    route("suppressions/export", SuppressionExport, {"get": "export"}, "suppression-export"),
    route("suppressions/<pk>", SuppressionViewSet, {"delete": "destroy"}, "suppression-detail"),
]
