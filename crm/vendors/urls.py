"""Pages."""

from __future__ import annotations

from django.urls import URLPattern, path

from crm.vendors import views

app_name = "vendors"
urlpatterns: list[URLPattern] = [
    path("", views.vendor_list, name="list"),
    path("new/", views.new, name="new"),
    path("<uuid:pk>/", views.detail, name="detail"),
    path("<uuid:pk>/edit/", views.edit, name="edit"),
    path("<uuid:pk>/mapping/", views.mapping, name="mapping"),
    path("<uuid:pk>/key/", views.new_key, name="key"),
    path("<uuid:pk>/key/revoke/", views.revoke, name="revoke"),
]
