"""API routes; mounted twice by `crm/api.py`."""

from __future__ import annotations

from crm.core.api.routers import route
from crm.dashboard.api.views import DashboardViewSet

urlpatterns = [
    route("dashboard/metrics", DashboardViewSet, {"get": "metrics"}, "dashboard-metrics"),
    route("dashboard/leads-per-assignee", DashboardViewSet, {"get": "per_assignee"}, "dashboard-leads-per-assignee"),
]
