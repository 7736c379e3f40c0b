"""Pages."""

from __future__ import annotations

from django.urls import path

from crm.providers import views

app_name = "connections"
urlpatterns = [
    path("", views.connections, name="list"),
    path("<slug:provider>/", views.connection, name="edit"),
    path("<slug:provider>/ask/", views.ask, name="ask"),
    path("<slug:provider>/remove/", views.remove, name="remove"),
]
