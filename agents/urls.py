"""Pages."""

from __future__ import annotations

from django.urls import URLPattern, path

from agents import views

app_name = "agents"
urlpatterns: list[URLPattern] = [
    path("", views.agent_list, name="list"),
    path("new/", views.new, name="new"),
    path("<uuid:pk>/", views.detail, name="detail"),
    path("<uuid:pk>/edit/", views.edit, name="edit"),
    path("<uuid:pk>/capacity/", views.capacity, name="capacity"),
    path("<uuid:pk>/availability/", views.availability, name="availability"),
    path("<uuid:pk>/goals/", views.goals, name="goals"),
    path("<uuid:pk>/activity/", views.activity, name="activity"),
]
