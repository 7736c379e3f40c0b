"""Pages."""

from __future__ import annotations

from django.urls import path

from crm.notifications import views

app_name = "notifications"
urlpatterns = [
    path("leads/<uuid:pk>/mails/", views.lead_mails, name="lead_mails"),
    path("leads/<uuid:pk>/mails/resend/", views.resend, name="resend"),
]
