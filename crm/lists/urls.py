"""Pages."""

from __future__ import annotations

from django.urls import URLPattern, path

from crm.lists import views

app_name = "lists"
urlpatterns: list[URLPattern] = [
    path("views/<uuid:pk>/", views.change, name="change"),
    path("views/<uuid:pk>/delete/", views.delete, name="delete"),
    path("<slug:name>/views/", views.save, name="save"),
    path("<slug:name>/export/", views.export, name="export"),
]
