"""API routes of assignment; part of `leads/api/urls.py`, before `leads/<pk>`."""

from __future__ import annotations

from crm.core.api.routers import route
from leads.assignment.views import AssignmentViewSet

urlpatterns = [
    route("leads/claim", AssignmentViewSet, {"post": "claim"}, "lead-claim"),
    route("leads/<pk>/assign", AssignmentViewSet, {"post": "assign"}, "lead-assign"),
    route("leads/<pk>/assign/<user_id>", AssignmentViewSet, {"put": "assign_to_user"}, "lead-assign-user"),
    route("leads/<pk>/reassign", AssignmentViewSet, {"put": "reassign"}, "lead-reassign"),
    route("leads/<pk>/unassign", AssignmentViewSet, {"post": "unassign"}, "lead-unassign"),
    route("leads/<pk>/assignments", AssignmentViewSet, {"get": "history"}, "lead-assignments"),
    route("leads/<pk>/suggestions", AssignmentViewSet, {"get": "suggestions"}, "lead-suggestions"),
    route("agents/<pk>/assignments", AssignmentViewSet, {"get": "history_of_agent"}, "agent-assignments"),
]
