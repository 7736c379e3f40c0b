"""Pages."""

from __future__ import annotations

from django.urls import URLPattern, path

from leads.routing import views

app_name = "routing"
urlpatterns: list[URLPattern] = [
    path("", views.rule_list, name="list"),
    path("new/", views.new, name="new"),
    path("dry-run/", views.dry_run, name="dry-run"),
    path("<uuid:pk>/", views.edit, name="edit"),
    path("<uuid:pk>/move/", views.move, name="move"),
    path("<uuid:pk>/switch/", views.switch, name="switch"),
    path("<uuid:pk>/delete/", views.delete, name="delete"),
]
