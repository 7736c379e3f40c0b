"""API routes; mounted twice by `crm/api.py`."""

from __future__ import annotations

from crm.audit.api.views import AuditViewSet
from crm.core.api.routers import route

urlpatterns = [
    route("audit-logs", AuditViewSet, {"get": "list"}, "audit-logs"),
    route("audit-logs/verify", AuditViewSet, {"get": "verify"}, "audit-verify"),
]
