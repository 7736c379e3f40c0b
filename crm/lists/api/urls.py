"""API routes; mounted twice by `crm/api.py`. Exports of higher floors' lists stand with those lists."""

from __future__ import annotations

from crm.core.api.routers import route
from crm.lists.api.export_views import AuditExport
from crm.lists.api.search_views import SavedSearchViewSet

ONE = {"get": "retrieve", "put": "update", "patch": "update", "delete": "destroy"}

urlpatterns = [
    route("saved-searches", SavedSearchViewSet, {"get": "list", "post": "create"}, "saved-search-list"),
    route("saved-searches/<pk>", SavedSearchViewSet, ONE, "saved-search-detail"),
    route("audit-logs/export", AuditExport, {"get": "export"}, "audit-export"),
]
