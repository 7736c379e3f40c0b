"""API routes; mounted twice by `crm/api.py`."""

from __future__ import annotations

from calls.api.bulk_views import BulkCallViewSet
from calls.api.own_views import OwnCallViewSet
from calls.api.views import CallExport, CallViewSet
from crm.core.api.routers import route

urlpatterns = [
    route("calls", CallViewSet, {"post": "log"}, "call-list"),
    route("calls/schedule", CallViewSet, {"post": "schedule"}, "call-schedule"),
    route("calls/bulk-schedule", BulkCallViewSet, {"post": "bulk_schedule"}, "call-bulk-schedule"),
    route("calls/dial", OwnCallViewSet, {"post": "dial"}, "call-dial"),
    route("calls/history", CallViewSet, {"get": "history"}, "call-history"),
    route("calls/metrics", CallViewSet, {"get": "metrics"}, "call-metrics"),
    route("calls/export", CallExport, {"get": "export"}, "call-export"),
    route("calls/<pk>", CallViewSet, {"get": "retrieve"}, "call-detail"),
    route("calls/<pk>/recording", CallViewSet, {"get": "recording"}, "call-recording"),
    route("calls/<pk>/disposition", CallViewSet, {"post": "disposition"}, "call-disposition"),
    route("calls/<pk>/control", OwnCallViewSet, {"post": "control"}, "call-control"),
    route("calls/<pk>/hand-on", OwnCallViewSet, {"post": "hand_on"}, "call-hand-on"),
    route("calls/<pk>/wrap-up", OwnCallViewSet, {"post": "wrap_up"}, "call-wrap-up"),
    route("calls/<pk>/cancel", CallViewSet, {"post": "cancel"}, "call-cancel"),
]
