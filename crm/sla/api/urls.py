"""API routes; mounted twice by `crm/api.py`."""

from __future__ import annotations

from crm.core.api.routers import route
from crm.sla.api.views import SlaViewSet

urlpatterns = [
    route("sla", SlaViewSet, {"get": "standing"}, "sla"),
    route("sla/timers", SlaViewSet, {"get": "pressing"}, "sla-timers"),
    route("leads/<pk>/timers", SlaViewSet, {"get": "of_lead"}, "lead-timers"),
]
