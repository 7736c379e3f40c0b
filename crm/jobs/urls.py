"""Pages."""

from __future__ import annotations

from django.urls import path

from crm.jobs import views

app_name = "jobs"
urlpatterns = [
    path("", views.job_list, name="list"),
    path("running/", views.running, name="running"),
    path("<uuid:pk>/", views.detail, name="detail"),
    path("<uuid:pk>/result/", views.result, name="result"),
    path("<uuid:pk>/cancel/", views.cancel, name="cancel"),
    path("<uuid:pk>/undo/", views.undo, name="undo"),
]
