"""API routes; mounted twice by `crm/api.py`."""

from __future__ import annotations

from crm.core.api.routers import route
from crm.jobs.api.views import JobViewSet

urlpatterns = [
    route("jobs", JobViewSet, {"get": "list"}, "job-list"),
    route("jobs/<pk>", JobViewSet, {"get": "retrieve"}, "job-detail"),
    route("jobs/<pk>/errors", JobViewSet, {"get": "errors"}, "job-errors"),
    route("jobs/<pk>/result", JobViewSet, {"get": "result"}, "job-result"),
    route("jobs/<pk>/cancel", JobViewSet, {"post": "cancel"}, "job-cancel"),
    route("jobs/<pk>/undo", JobViewSet, {"post": "undo"}, "job-undo"),
]
