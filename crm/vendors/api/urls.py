"""API routes; mounted twice by `crm/api.py`. What vendors call stands in `leads.intake`, but for their scorecard."""

from __future__ import annotations

from crm.core.api.routers import route
from crm.vendors.api.views import VendorViewSet

ONE = {"get": "retrieve", "put": "update", "patch": "update"}

urlpatterns = [
    route("vendors", VendorViewSet, {"get": "list", "post": "create"}, "vendor-list"),
    route("vendors/<code>", VendorViewSet, ONE, "vendor-detail"),
    route("vendors/<code>/regenerate-key", VendorViewSet, {"post": "regenerate_key"}, "vendor-regenerate-key"),
    route("vendors/<code>/revoke-key", VendorViewSet, {"post": "revoke_key"}, "vendor-revoke-key"),
    route("vendors/<code>/performance", VendorViewSet, {"get": "performance"}, "vendor-performance"),
]
