"""Pages."""

from __future__ import annotations

from django.urls import URLPattern, path

from crm.dashboard import views

app_name = "dashboard"
urlpatterns: list[URLPattern] = [
    path("", views.home, name="home"),
    path("leads/<uuid:pk>/resend-email/", views.resend, name="resend"),
]
