"""Addresses of the intake, included by `leads/urls.py` and `leads/api/urls.py`."""

from django.urls import path

from crm.core.api.routers import route
from leads.intake import views
from leads.intake.api import IntakeViewSet

urlpatterns = [path("<uuid:pk>/return/", views.give_back, name="return")]
api_urlpatterns = [
    route("leads/ping", IntakeViewSet, {"post": "ping"}, "lead-ping"),
    route("leads/<pk>/return", IntakeViewSet, {"post": "give_back"}, "lead-return"),
]
