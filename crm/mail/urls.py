"""Pages, in development alone."""

from __future__ import annotations

from django.urls import path

from crm.mail import views

app_name = "mail"
urlpatterns = [
    path("", views.mail_list, name="list"),
    path("<uuid:pk>/", views.message, name="message"),
    path("<uuid:pk>/html/", views.html, name="html"),
    path("<uuid:pk>/resend/", views.resend, name="resend"),
]
