"""API routes; mounted twice by `crm/api.py`. `GET /agents/<pk>/assignments` stands in `leads.assignment`."""

from __future__ import annotations

from agents.api.export_views import AgentExport
from agents.api.goals import GoalViewSet
from agents.api.views import AgentViewSet
from crm.core.api.routers import route

ONE = {"get": "retrieve", "put": "update", "patch": "update", "delete": "destroy"}

urlpatterns = [
    route("agents", AgentViewSet, {"get": "list", "post": "create"}, "agent-list"),
    route("agent/goals", GoalViewSet, {"get": "retrieve", "put": "update"}, "agent-goals"),
    route("agents/export", AgentExport, {"get": "export"}, "agent-export"),
    route("agents/<pk>", AgentViewSet, ONE, "agent-detail"),
    route("agents/<pk>/capacity", AgentViewSet, {"put": "capacity"}, "agent-capacity"),
    route("agents/<pk>/availability", AgentViewSet, {"put": "availability"}, "agent-availability"),
]
