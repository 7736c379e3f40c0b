"""API routes of routing rules, included by `leads/api/urls.py`."""

from __future__ import annotations

from crm.core.api.routers import route
from leads.routing.api import RoutingRuleViewSet as Rules

ONE = {"get": "retrieve", "put": "update", "patch": "update", "delete": "destroy"}

urlpatterns = [
    route("routing-rules", Rules, {"get": "list", "post": "create"}, "routing-rule-list"),
    route("routing-rules/reorder", Rules, {"post": "reorder"}, "routing-rule-reorder"),
    route("routing-rules/dry-run", Rules, {"post": "dry_run"}, "routing-rule-dry-run"),
    route("routing-rules/<pk>", Rules, ONE, "routing-rule-detail"),
]
