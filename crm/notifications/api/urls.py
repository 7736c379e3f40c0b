"""API routes; mounted twice by `crm/api.py`."""

from __future__ import annotations

from crm.core.api.routers import route
from crm.notifications.api.views import LeadMailViewSet

urlpatterns = [
    route("leads/<pk>/resend-email", LeadMailViewSet, {"post": "resend"}, "lead-resend-email"),
]
