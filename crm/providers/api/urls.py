"""API routes; mounted twice by `crm/api.py`."""

from __future__ import annotations

from crm.core.api.routers import route
from crm.providers.api.views import ConnectionViewSet

ONE = {"get": "retrieve", "put": "connect", "patch": "connect", "delete": "destroy"}

urlpatterns = [
    route("connections", ConnectionViewSet, {"get": "list"}, "connection-list"),
    route("connections/<provider>", ConnectionViewSet, ONE, "connection-detail"),
    route("connections/<provider>/ask", ConnectionViewSet, {"post": "ask"}, "connection-ask"),
]
