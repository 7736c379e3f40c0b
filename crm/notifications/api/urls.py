"""API routes; mounted twice by `crm/api.py`."""

from __future__ import annotations

from crm.core.api.routers import route
from crm.notifications.api.own_views import NotificationViewSet
from crm.notifications.api.views import LeadMailViewSet

urlpatterns = [
    route("notifications", NotificationViewSet, {"get": "list"}, "notification-list"),
    route("notifications/read-all", NotificationViewSet, {"post": "read_all"}, "notification-read-all"),
    route(
        "notifications/preferences", NotificationViewSet, {"get": "choices", "put": "choose"}, "notification-choices"
    ),
    route("notifications/<pk>/read", NotificationViewSet, {"post": "read"}, "notification-read"),
    route("leads/<pk>/resend-email", LeadMailViewSet, {"post": "resend"}, "lead-resend-email"),
]
