"""Pages."""

from __future__ import annotations

from django.urls import URLPattern, path

from leads.contacts import list_views, views

app_name = "contacts"
urlpatterns: list[URLPattern] = [
    path("", list_views.contact_list, name="list"),
    path("columns/", list_views.choose_columns, name="columns"),
    path("new/", views.new, name="new"),
    path("<uuid:pk>/", views.detail, name="detail"),
    path("<uuid:pk>/edit/", views.edit, name="edit"),
    path("<uuid:pk>/delete/", views.delete, name="delete"),
]
