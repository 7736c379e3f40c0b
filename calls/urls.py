"""Pages."""

from __future__ import annotations

from django.urls import path

from calls import views

app_name = "calls"
urlpatterns = [
    path("", views.call_list, name="list"),
    path("metrics/", views.metrics, name="metrics"),
    path("of/<uuid:pk>/", views.of_lead, name="of_lead"),
    path("of/<uuid:pk>/schedule/", views.schedule, name="schedule"),
    path("of/<uuid:pk>/log/", views.log, name="log"),
    path("<uuid:pk>/", views.detail, name="detail"),
    path("<uuid:pk>/recording", views.recording, name="recording"),
    path("<uuid:pk>/disposition/", views.disposition, name="disposition"),
    path("<uuid:pk>/cancel/", views.cancel, name="cancel"),
]
